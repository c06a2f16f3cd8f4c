const table = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  table[byte] = value;
}

/** CRC-32 (IEEE 802.3) of the bytes `[start, end)`. For ids of a few bytes a loop is quicker than the call into zlib. */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let value = -1;
  for (let i = start; i < end; i++) value = (value >>> 8) ^ table[(value ^ bytes[i]!) & 0xff]!;
  return ~value >>> 0;
}
