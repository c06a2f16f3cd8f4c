/** The tag or length at `at` of well-formed bytes. */
export function readVarint(b: Uint8Array, at: number): number {
  let byte = b[at++]!;
  if (byte < 128) return byte;
  let value = byte & 127;
  for (let shift = 7; byte > 127 && shift < 35; shift += 7) {
    byte = b[at++]!;
    value |= (byte & 127) << shift;
  }
  return value >>> 0;
}

/** The end of the varint at `at`. */
export function varintEnd(b: Uint8Array, at: number): number {
  while (b[at++]! > 127);
  return at;
}
