import { isRecord, numberOf } from '../json.ts';

/** A JSON object of a vendor. */
export type Body = Readonly<Record<string, unknown>>;

/** The first of the members that is a number; NaN when none is. */
export function pick(body: Body | undefined, ...names: readonly string[]): number {
  if (body === undefined) return Number.NaN;
  for (const name of names) {
    const number = numberOf(body[name]);
    if (!Number.isNaN(number)) return number;
  }
  return Number.NaN;
}

/** The first of the members that is an object. */
export function part(body: Body | undefined, ...names: readonly string[]): Body | undefined {
  if (body === undefined) return undefined;
  for (const name of names) {
    const value = body[name];
    if (isRecord(value)) return value;
  }
  return undefined;
}

/** Whether one of the members is there. */
export function hasMember(body: Body, ...names: readonly string[]): boolean {
  for (const name of names) if (body[name] !== undefined && body[name] !== null) return true;
  return false;
}
