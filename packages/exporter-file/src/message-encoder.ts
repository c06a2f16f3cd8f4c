import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync } from 'node:zlib';
import type { Batch } from '@millrace/api';
import { encodeJson } from '@millrace/wire';
import type { FileConfig } from './config.ts';

/** Larger messages are compressed on another thread: at the two fast levels, and at the slow ones. */
const largestAtOnceBytes = { fast: 1024 * 1024, slow: 64 * 1024 };
const compressLater = promisify(zstdCompress);
const newline = Buffer.from('\n');

/** Takes a message as it stands in a file: two ranges of bytes, valid during the call. */
export type Write = (first: Uint8Array, second: Uint8Array) => void;

/** Encodes batches as messages of the configured format and compression. */
export class MessageEncoder {
  readonly #isJson: boolean;
  readonly #options: { readonly params: Record<number, number> } | undefined;
  readonly #largestAtOnceBytes: number = largestAtOnceBytes.fast;
  readonly #prefix: Buffer = Buffer.alloc(4);

  constructor({ format, compression, compression_params }: FileConfig) {
    this.#isJson = format === 'json';
    if (compression !== 'zstd') return;
    const { level } = compression_params;
    // The four speeds of the Collector.
    const speed = level === 0 || (level >= 3 && level < 6) ? 3 : level < 3 ? 1 : level < 10 ? 6 : 11;
    if (speed > 3) this.#largestAtOnceBytes = largestAtOnceBytes.slow;
    this.#options = { params: { [constants.ZSTD_c_compressionLevel]: speed, [constants.ZSTD_c_checksumFlag]: 1 } };
  }

  /** Encodes a batch and passes the message on, at once or, for a large one that is compressed, before the promise resolves. */
  encode(batch: Batch, write: Write): undefined | Promise<void> {
    if (!this.#isJson) return this.#frame(batch.bytes, write);
    const { lease, length } = encodeJson(batch);
    const message = lease.buffer.subarray(0, length);
    if (this.#options === undefined) {
      write(message, newline);
      lease.release();
      return undefined;
    }
    const pending = this.#frame(message, write);
    if (pending !== undefined) return pending.finally(() => lease.release());
    lease.release();
    return undefined;
  }

  #frame(message: Buffer, write: Write): undefined | Promise<void> {
    const options = this.#options;
    if (options === undefined) return this.#writeFrame(message, write);
    if (message.length <= this.#largestAtOnceBytes) return this.#writeFrame(zstdCompressSync(message, options), write);
    return compressLater(message, options).then((compressed) => this.#writeFrame(compressed, write));
  }

  #writeFrame(message: Buffer, write: Write): undefined {
    this.#prefix.writeUInt32BE(message.length);
    write(this.#prefix, message);
  }
}
