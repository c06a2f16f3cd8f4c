/** Bytes of the shortest varint of a value below 2^32. Inside this package only. */
export function varintSize(value: number): number {
  return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : value < 268435456 ? 4 : 5;
}

/** Writes a value below 2^32 as the shortest varint and returns where it ends. */
export function writeVarint(buffer: Uint8Array, at: number, value: number): number {
  while (value > 127) {
    buffer[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  buffer[at++] = value;
  return at;
}

/** The tag or length at `at` of well-formed bytes; it ends at `at + varintSize(value)`. */
export function readVarint(buffer: Uint8Array, at: number): number {
  let byte = buffer[at++]!;
  if (byte < 128) return byte;
  let value = byte & 127;
  for (let shift = 7; byte > 127 && shift < 35; shift += 7) {
    byte = buffer[at++]!;
    value |= (byte & 127) << shift;
  }
  return value >>> 0;
}

/** The end of the varint at `at`. */
export function skipVarint(buffer: Uint8Array, at: number): number {
  while (buffer[at++]! > 127);
  return at;
}

/** The end of the field whose value, of wire type `wireType`, starts at `at` in well-formed bytes. */
export function skipValue(buffer: Uint8Array, at: number, wireType: number): number {
  if (wireType === 2) {
    const length = readVarint(buffer, at);
    return skipVarint(buffer, at) + length;
  }
  if (wireType === 0) return skipVarint(buffer, at);
  if (wireType === 1) return at + 8;
  if (wireType === 5) return at + 4;
  for (let depth = 1; depth > 0;) {
    const inner = readVarint(buffer, at) & 7;
    at = skipVarint(buffer, at);
    if (inner === 3) depth++;
    else if (inner === 4) depth--;
    else at = skipValue(buffer, at, inner);
  }
  return at;
}
