import type * as fc from 'fast-check';
import { message } from './arbitrary.ts';
import type { PlainMessage } from './reference.ts';

function known(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(known);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, field]) => (name === '$unknown' ? [] : [[name, known(field)]])));
}

/** An arbitrary message by its short name, without unknown fields: JSON and plain objects have no place for them. */
export function knownMessage(name: string): fc.Arbitrary<PlainMessage> {
  return message(name).map((plain) => known(plain) as PlainMessage);
}
