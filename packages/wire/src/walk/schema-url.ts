import type { Key } from '../key.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { Memory } from './memory.ts';
import { skipField } from './scan.ts';

/** Tag of `schema_url` in the messages around resources and scopes. */
export const schemaUrlTag = 0x1a;

/** Whether the message in `[start, end)` has a `schema_url`, even an empty one. */
export function hasSchemaUrl(memory: Memory, start: number, end: number): boolean {
  const base = memory.base(start);
  const b = memory.buffer(start);
  for (let p = start - base; p < end - base; p = skipField(b, p)) if (b[p] === schemaUrlTag) return true;
  return false;
}

/** Writes the field when there is a value. */
export function writeSchemaUrl(writer: ByteWriter, value: Key | undefined): void {
  if (value === undefined) return;
  const at = writer.begin(schemaUrlTag);
  writer.text(value);
  writer.end(at);
}
