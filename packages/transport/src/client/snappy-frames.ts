import { crc32c } from '../server/crc32c.ts';
import { compressSnappy } from './snappy-block.ts';

/** A chunk holds at most this much uncompressed data. */
const maxChunkBytes = 65_536;

/** Chunk type 0xff, length 6, "sNaPpY". */
const streamIdentifier: Buffer = Buffer.from([0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]);

/** Compresses into the Snappy framing format (google/snappy, framing_format.txt), which is what `snappy` means in gRPC. */
export function compressSnappyFrames(body: Buffer): Buffer {
  const parts: Buffer[] = [streamIdentifier];
  for (let start = 0; start < body.length; start += maxChunkBytes) {
    const plain = body.subarray(start, start + maxChunkBytes);
    const compressed = compressSnappy(plain);
    const smaller = compressed.length < plain.length;
    const data = smaller ? compressed : plain;
    const crc = crc32c(plain, 0, plain.length);
    const header = Buffer.allocUnsafe(8);
    header.writeUInt32LE(((data.length + 4) << 8) | (smaller ? 0 : 1), 0);
    header.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, 4);
    parts.push(header, data);
  }
  return Buffer.concat(parts);
}
