/** A list of members as W3C writes them, in order. */
export type TraceState = readonly (readonly [key: string, value: string])[];

const mostMembers = 32;
const simpleKey = /^[a-z][_0-9a-z\-*/]{0,255}$/;
const tenantKey = /^[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13}$/;
const validValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

function isMember(key: string, value: string): boolean {
  return (simpleKey.test(key) || tenantKey.test(key)) && validValue.test(value);
}

/** Reads a trace state; undefined when it is not valid. */
export function parseTraceState(text: string): TraceState | undefined {
  const members: [string, string][] = [];
  for (const part of text.split(',')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    if (at < 0) return undefined;
    const key = part.slice(0, at).replace(/^[ \t]+/, '');
    const value = part.slice(at + 1).replace(/[ \t]+$/, '');
    if (!isMember(key, value) || members.some(([name]) => name === key) || members.length === mostMembers) return undefined;
    members.push([key, value]);
  }
  return members;
}

/** The trace state with a member in front; undefined when key or value are not valid. The last member makes room beyond 32. */
export function insertMember(state: TraceState, key: string, value: string): TraceState | undefined {
  if (!isMember(key, value)) return undefined;
  return [[key, value] as const, ...state.filter(([name]) => name !== key)].slice(0, mostMembers);
}

/** Writes a trace state. */
export function formatTraceState(state: TraceState): string {
  return state.map((member) => member.join('=')).join(',');
}
