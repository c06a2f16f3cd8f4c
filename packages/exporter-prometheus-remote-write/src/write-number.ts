import type { ByteWriter } from '@millrace/wire';

/** Bytes of a varint of at most 2^53. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let limit = 128; value >= limit; limit *= 128) bytes++;
  return bytes;
}

/** Writes a whole number of at most 2^53 as a varint. */
export function writeVarint(writer: ByteWriter, value: number): void {
  writer.room(8);
  const { buffer } = writer;
  let at = writer.position;
  let rest = value;
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) buffer[at++] = (rest % 128) | 0x80;
  for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
  buffer[at++] = rest;
  writer.position = at;
}

/** Writes a signed whole number below 2^52 in zigzag form. */
export function writeZigzag(writer: ByteWriter, value: number): void {
  writeVarint(writer, value < 0 ? -2 * value - 1 : 2 * value);
}

/** Writes a value; a stale one as the NaN by which Prometheus knows that a series has ended (`value.StaleNaN`). */
export function writeValue(writer: ByteWriter, value: number, isStale: boolean): void {
  if (isStale) {
    writer.fixed32(2);
    writer.fixed32(0x7ff0_0000);
  } else writer.double(value);
}
