import type { BatchLog, Logger, StoredBatch } from '@millrace/api';
import { BatchBuilder, walk } from '@millrace/wire';
import type { Batch, BufferPool } from '@millrace/wire';

/** Records are thrown away when there are more than this and their last rewriting could not have made so many. */
const recordsPerRewrite = 64;

/** Keeps the records of a component's state in a storage, in their order: bytes, each the body of a log record in a batch of its own. */
export class StateLog {
  readonly #log: BatchLog;
  readonly #pool: BufferPool;
  #kept: StoredBatch[];
  readonly #what: string;
  #rewritten = 0;

  /** `log` is the caller's until `close`; `what` the records tell, as the log of the program says it: `what was spent`. */
  constructor(log: BatchLog, pool: BufferPool, what: string) {
    this.#log = log;
    this.#pool = pool;
    this.#what = what;
    this.#kept = [...log.recovered];
  }

  /** Whether there are so many records that all state should be written anew, with `rewrite`. */
  get isLong(): boolean {
    return this.#kept.length > this.#rewritten * 2 + recordsPerRewrite;
  }

  /** What an earlier run left, oldest first. A record that cannot be read is left out and said. */
  async recover(logger: Logger): Promise<Buffer[]> {
    const records: Buffer[] = [];
    for (const stored of this.#kept) {
      try {
        using batch = await this.#log.read(stored);
        records.push(...bodiesOf(batch));
      } catch (error) {
        logger.error(`A record of ${this.#what} cannot be read; what it says is missing.`, { error: String(error) });
      }
    }
    return records;
  }

  /** Adds records. Rejects as the storage does. */
  async append(records: readonly Buffer[]): Promise<void> {
    for (const body of records) {
      const builder = new BatchBuilder('logs', this.#pool);
      builder.resource().scope('state').log({ body });
      using batch = builder.finish()!;
      this.#kept.push(await this.#log.append(batch));
    }
  }

  /** Writes records that say everything, then lets go of all before them. Rejects as the storage does; what was there stays then. */
  async rewrite(records: readonly Buffer[]): Promise<void> {
    const before = this.#kept.length;
    await this.append(records);
    const old = this.#kept.splice(0, before);
    this.#rewritten = records.length;
    for (const stored of old) await this.#log.acknowledge(stored);
  }

  /** Ends the writing, after everything that was asked for before. Records stay. */
  async close(): Promise<void> {
    await this.#log.close();
  }
}

function bodiesOf(batch: Batch): Buffer[] {
  const bodies: Buffer[] = [];
  const read = walk(
    [
      {
        onLog({ body }) {
          const { buffer, start, end } = body.range();
          bodies.push(Buffer.from(buffer.subarray(start, end)));
        },
      },
    ],
    (_, error) => {
      throw error;
    },
  );
  read.run(batch);
  return bodies;
}
