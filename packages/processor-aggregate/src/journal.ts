import type { Batch, BatchLog, BufferPool, Client, Logger, Signal, StoredBatch } from '@millrace/api';
import { ByteWriter } from '@millrace/wire';
import { partBatch, partOf } from './state-part.ts';
import type { Turn } from './turn.ts';

const partBytes = 2 ** 19;
/** What is kept with a batch, in place of its client's metadata, which nobody asks for. */
const momentKey = 'millrace.aggregate.moment';

/** When a batch came: what the result depends on besides the batches and their order. */
export interface Moment {
  /** By the clock. */
  readonly nowMs: number;
  /** How far event time was. It may be ahead of all data after a pause. */
  readonly eventMs: number;
}

/**
 * What came since the last checkpoint, and the checkpoint, in one log in their order: so a record is either in the state or after it, whenever the process
 * dies. State is written in parts, of which only one is in memory at a time; a checkpoint counts when the last of them is there.
 */
export class Journal {
  readonly #log: BatchLog;
  readonly #signal: Signal;
  readonly #pool: BufferPool;
  /** What the next checkpoint makes superfluous. */
  #covered: StoredBatch[] = [];

  constructor(log: BatchLog, signal: Signal, pool: BufferPool) {
    this.#log = log;
    this.#signal = signal;
    this.#pool = pool;
  }

  /** Records kept since the last checkpoint, its own parts included. */
  get size(): number {
    return this.#covered.length;
  }

  /** Hands over what an earlier run left: the parts of the last complete state, then every batch after it in order, and when it came, where that is known. */
  async recover(
    restore: (part: Buffer) => void,
    replay: (batch: Batch, moment: Moment | undefined) => Promise<void>,
    logger: Logger,
  ): Promise<void> {
    const { recovered } = this.#log;
    let parts: StoredBatch[] = [];
    let state: StoredBatch[] = [];
    let replayFrom = 0;
    for (let i = 0; i < recovered.length; i++) {
      const stored = recovered[i]!;
      if (stored.items > 0) continue;
      using batch = await this.#read(stored, logger);
      const part = batch && partOf(batch);
      // One that is missing, or cannot be read, makes its state incomplete.
      if (part === undefined || part.index === 0) parts = [];
      if (part?.index !== parts.length) continue;
      parts.push(stored);
      if (!part.isLast) continue;
      state = parts;
      replayFrom = i + 1;
    }
    for (const stored of state) {
      using batch = await this.#read(stored, logger);
      const part = batch && partOf(batch);
      if (part !== undefined) restore(part.bytes);
    }
    for (let i = replayFrom; i < recovered.length; i++) {
      if (recovered[i]!.items === 0) continue;
      using batch = await this.#read(recovered[i]!, logger);
      if (batch !== undefined) await replay(batch, momentOf(batch.client));
    }
    this.#covered = [...recovered];
  }

  async #read(stored: StoredBatch, logger: Logger): Promise<Batch | undefined> {
    try {
      return await this.#log.read(stored);
    } catch (error) {
      logger.error('A batch of an earlier run cannot be read; it is missing in its windows.', {
        error: String(error),
        items: stored.items,
      });
      return undefined;
    }
  }

  /** Keeps a batch. Rejects as the storage does. */
  async append(batch: Batch, { nowMs, eventMs }: Moment): Promise<StoredBatch> {
    using marked = batch.hold({ metadata: new Map([[momentKey, [`${nowMs}`, `${eventMs}`]]]) });
    const stored = await this.#log.append(marked);
    this.#covered.push(stored);
    return stored;
  }

  /** A batch that was kept is not part of the state after all. */
  async forget(stored: StoredBatch): Promise<void> {
    this.#covered.splice(this.#covered.indexOf(stored), 1);
    await this.#log.acknowledge(stored);
  }

  /**
   * Writes a checkpoint, then lets go of everything before it. `write` is `writeState` to the writer that it is given; it goes on a turn at a time. Nothing may be
   * appended meanwhile. Returns the bytes of the state. Rejects as the storage does; what was there stays then.
   */
  async checkpoint(write: (to: ByteWriter) => Iterable<void>, turn: Turn): Promise<number> {
    const written: StoredBatch[] = [];
    const writer = new ByteWriter();
    let sizeBytes = 0;
    const append = async (isLast: boolean): Promise<void> => {
      sizeBytes += writer.position;
      using batch = partBatch(this.#signal, this.#pool, writer, written.length, isLast);
      written.push(await this.#log.append(batch));
      writer.position = 0;
    };
    try {
      for (const _ of write(writer)) {
        if (writer.position >= partBytes) await append(false);
        if (turn.isOver) await turn.next();
      }
      await append(true);
    } catch (error) {
      await this.#letGo(written, turn);
      throw error;
    }
    const before = this.#covered;
    this.#covered = written;
    await this.#letGo(before, turn);
    return sizeBytes;
  }

  async #letGo(records: readonly StoredBatch[], turn: Turn): Promise<void> {
    for (const stored of records) {
      await this.#log.acknowledge(stored);
      if (turn.isOver) await turn.next();
    }
  }

  async close(): Promise<void> {
    await this.#log.close();
  }
}

function momentOf({ metadata }: Client): Moment | undefined {
  const [nowMs, eventMs] = metadata.get(momentKey) ?? [];
  return nowMs === undefined || eventMs === undefined ? undefined : { nowMs: Number(nowMs), eventMs: Number(eventMs) };
}
