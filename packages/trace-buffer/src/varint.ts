import { skipField } from '@millrace/wire';

/** Bytes of the shortest varint of a value below 2^32. */
export function varintSize(value: number): number {
  return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : value < 268435456 ? 4 : 5;
}

/** The length at `at` of well-formed bytes. */
export function readVarint(buffer: Uint8Array, at: number): number {
  let byte = buffer[at++];
  let value = byte & 127;
  for (let shift = 7; byte > 127; shift += 7) {
    byte = buffer[at++];
    value |= (byte & 127) << shift;
  }
  return value >>> 0;
}

/** Where the field at `p` ends; the common ones without a call. */
export function fieldEnd(b: Uint8Array, p: number): number {
  const tag = b[p];
  if ((tag & 0x87) !== 2) return skipField(b, p);
  const first = b[p + 1];
  if (first < 128) return p + 2 + first;
  const second = b[p + 2];
  if (second < 128) return p + 3 + (first & 127) + (second << 7);
  return skipField(b, p);
}
