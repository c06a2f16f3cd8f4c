import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

const pieceBytes = 256 * 1024;

/** The content of an open file from an offset (of the unpacked content) on, in pieces that are valid until the next one is asked for. */
export async function* fileContent(file: FileHandle, from: number, isGzip: boolean): AsyncGenerator<Buffer, void, undefined> {
  if (!isGzip) {
    yield* pieces(file, from, Buffer.allocUnsafe(pieceBytes));
    return;
  }
  const packed = Readable.from(pieces(file, 0));
  const unpacked = createGunzip({ chunkSize: pieceBytes });
  packed.on('error', (error) => unpacked.destroy(error)).pipe(unpacked);
  let position = 0;
  try {
    for await (const piece of unpacked as AsyncIterable<Buffer>) {
      const skipped = Math.max(0, from - position);
      position += piece.length;
      if (skipped < piece.length) yield skipped === 0 ? piece : piece.subarray(skipped);
    }
  } catch (error) {
    // The last member is still being written.
    if ((error as NodeJS.ErrnoException).code !== 'Z_BUF_ERROR') throw error;
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

/** The bytes of a file from an offset on, in one buffer again and again when that is given. */
async function* pieces(file: FileHandle, from: number, reused?: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let position = from; ;) {
    const buffer = reused ?? Buffer.allocUnsafe(pieceBytes);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** At most so many bytes of the content from an offset on. */
export async function contentAt(file: FileHandle, from: number, sizeBytes: number, isGzip: boolean): Promise<Buffer> {
  const result = Buffer.alloc(sizeBytes);
  let length = 0;
  if (!isGzip) length = (await file.read(result, 0, sizeBytes, from)).bytesRead;
  else {
    for await (const piece of fileContent(file, from, true)) {
      length += piece.copy(result, length);
      if (length === sizeBytes) break;
    }
  }
  return result.subarray(0, length);
}
