/** Bytes that a varint takes when it is written without padding. */
export function varintWidth(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** The 32-bit varint at `p` (unsigned). In well-formed bytes the next byte to read is at `p + varintWidth(value)`. */
export function varintAt(b: Uint8Array, p: number): number {
  let byte = b[p++];
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  byte = b[p++];
  value |= (byte & 0x7f) << 7;
  if (byte < 0x80) return value;
  byte = b[p++];
  value |= (byte & 0x7f) << 14;
  if (byte < 0x80) return value;
  byte = b[p++];
  value |= (byte & 0x7f) << 21;
  if (byte < 0x80) return value;
  return (value | (b[p] << 28)) >>> 0;
}

/** Where the field that starts at `p` ends. Reads padded varints too, since unknown fields are kept as they came. */
export function skipField(b: Uint8Array, p: number): number {
  const wireType = b[p] & 7;
  while (b[p++] > 0x7f);
  if (wireType === 2) {
    let length = 0;
    let scale = 1;
    let byte = b[p++];
    while (byte > 0x7f) {
      length += (byte & 0x7f) * scale;
      scale *= 128;
      byte = b[p++];
    }
    return p + length + byte * scale;
  }
  if (wireType === 0) {
    while (b[p++] > 0x7f);
    return p;
  }
  if (wireType === 1) return p + 8;
  if (wireType === 5) return p + 4;
  while ((b[p] & 7) !== 4) p = skipField(b, p);
  while (b[p++] > 0x7f);
  return p;
}

/** Where the value of the first field with this tag (number << 3 | wire type) starts in `[p, end)`: at its length when it has one; -1 when there is none. */
export function findField(b: Uint8Array, p: number, end: number, tag: number): number {
  while (p < end) {
    if (b[p] < 0x80) {
      if (b[p] === tag) return p + 1;
    } else if (tag > 0x7f && varintAt(b, p) === tag) return p + varintWidth(tag);
    p = skipField(b, p);
  }
  return -1;
}
