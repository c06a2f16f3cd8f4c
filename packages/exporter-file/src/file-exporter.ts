import type { Batch, Consumed, Context, Host, Stage } from '@millrace/api';
import { PipelineError } from '@millrace/api';
import { encodeJson } from '@millrace/wire';
import type { FileConfig } from './config.ts';
import { joinFile } from './shared-file.ts';
import type { SharedFile } from './shared-file.ts';

const newline = Buffer.from('\n');
const notRunning = new PipelineError('file is not running', { kind: 'retryable' });

/** Encodes batches and writes them to the file at its path, which it shares with the other exporters of that path. */
export class FileExporter implements Stage {
  readonly #config: FileConfig;
  readonly #context: Context;
  #file: SharedFile | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: FileConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  async start({ pool }: Host): Promise<void> {
    this.#file = await joinFile(this.#config, this.#context, pool);
  }

  consume(batch: Batch): Consumed {
    const file = this.#file;
    if (file === undefined || this.#stopped !== undefined) throw notRunning;
    const room = file.room();
    // The batch stays valid until the promise settles.
    if (room !== undefined) return room.then(() => this.consume(batch));
    const { items } = this.#context;
    if (this.#config.format === 'json') {
      const { lease, length } = encodeJson(batch);
      file.append(lease.buffer.subarray(0, length), newline, batch.items, items);
      lease.release();
    } else {
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32BE(batch.sizeBytes);
      file.append(length, batch.bytes, batch.items, items);
    }
    return undefined;
  }

  refusing(): PipelineError | undefined {
    return this.#file?.failure;
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#file?.leave(signal) ?? Promise.resolve();
    return this.#stopped;
  }
}
