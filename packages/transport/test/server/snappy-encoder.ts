/** Bit by bit, as an oracle for the table in the source. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** One chunk of the framing format. */
export function chunk(type: number, data: Buffer, content?: Buffer): Buffer {
  const crc = Buffer.alloc(content === undefined ? 0 : 4);
  if (content !== undefined) {
    const value = crc32c(content);
    crc.writeUInt32LE((((value >>> 15) | (value << 17)) + 0xa282ead8) >>> 0);
  }
  const head = Buffer.from([type, 0, 0, 0]);
  head.writeUIntLE(data.length + crc.length, 1, 3);
  return Buffer.concat([head, crc, data]);
}

export const identifier = Buffer.from([0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]);

/** A block that repeats one letter: the longest copies the format has, 64 bytes out of 3. */
export function blockBomb(sizeBytes: number): Buffer {
  const preamble: number[] = [];
  for (let rest = sizeBytes; ; rest = Math.floor(rest / 128)) {
    preamble.push(rest < 128 ? rest : (rest % 128) | 0x80);
    if (rest < 128) break;
  }
  const copies = Math.floor((sizeBytes - 1) / 64);
  const copy = Buffer.from([(63 << 2) | 2, 1, 0]);
  const left = sizeBytes - 1 - copies * 64;
  const last = left === 0 ? [] : [((left - 1) << 2) | 2, 1, 0];
  return Buffer.concat([Buffer.from(preamble), Buffer.from([0, 0x61]), ...Array.from({ length: copies }, () => copy), Buffer.from(last)]);
}
