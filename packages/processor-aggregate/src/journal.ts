import type { Batch, BatchLog, BufferPool, Logger, Signal, StoredBatch } from '@millrace/api';
import { createBatch, noClient } from '@millrace/api';
import { ByteWriter, key, walk } from '@millrace/wire';

/** A batch that carries state has one resource, with these attributes. */
const stateKey = key('millrace.aggregate.state');
const partKey = key('millrace.aggregate.part');
const partsKey = key('millrace.aggregate.parts');
const partBytes = 8 * 2 ** 20;

/**
 * What came since the last checkpoint, and the checkpoint, in one log in their order: so a record is either in the state or after it, whenever the process
 * dies. State is written in parts; a checkpoint counts when all of them are there.
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

  /** Hands over what an earlier run left: the last complete state, then every batch after it in order. */
  async recover(restore: (state: Buffer) => void, replay: (batch: Batch) => void, logger: Logger): Promise<void> {
    const { recovered } = this.#log;
    let parts: Buffer[] = [];
    let state: Buffer | undefined;
    let replayFrom = 0;
    for (let i = 0; i < recovered.length; i++) {
      using batch = await this.#read(recovered[i]!, logger);
      const part = batch && partOf(batch);
      if (part === undefined) continue;
      if (part.index === 0) parts = [];
      parts.push(part.bytes);
      if (part.index !== part.count - 1 || parts.length !== part.count) continue;
      state = Buffer.concat(parts);
      replayFrom = i + 1;
    }
    if (state !== undefined) restore(state);
    for (let i = replayFrom; i < recovered.length; i++) {
      using batch = await this.#read(recovered[i]!, logger);
      if (batch !== undefined && partOf(batch) === undefined) replay(batch);
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
  async append(batch: Batch): Promise<StoredBatch> {
    const stored = await this.#log.append(batch);
    this.#covered.push(stored);
    return stored;
  }

  /** A batch that was kept is not part of the state after all. */
  async forget(stored: StoredBatch): Promise<void> {
    this.#covered.splice(this.#covered.indexOf(stored), 1);
    await this.#log.acknowledge(stored);
  }

  /** Writes a checkpoint, then lets go of everything before it. Nothing may be appended meanwhile. Rejects as the storage does; what was there stays then. */
  async checkpoint(state: Buffer): Promise<void> {
    const count = Math.max(1, Math.ceil(state.length / partBytes));
    const written: StoredBatch[] = [];
    try {
      for (let index = 0; index < count; index++) {
        using batch = this.#stateBatch(state.subarray(index * partBytes, (index + 1) * partBytes), index, count);
        written.push(await this.#log.append(batch));
      }
    } catch (error) {
      for (const stored of written) await this.#log.acknowledge(stored);
      throw error;
    }
    const before = this.#covered;
    this.#covered = written;
    for (const stored of before) await this.#log.acknowledge(stored);
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  #stateBatch(bytes: Buffer, index: number, count: number): Batch {
    const writer = new ByteWriter(this.#pool.lease(bytes.length + 256));
    const groupAt = writer.begin(0x0a);
    const resourceAt = writer.begin(0x0a);
    for (const [{ bytes: name }, write] of [
      [partKey, () => (writer.byte(0x18), writer.varint(index))],
      [partsKey, () => (writer.byte(0x18), writer.varint(count))],
      [
        stateKey,
        () => {
          writer.varint(0x3a);
          writer.varint(bytes.length);
          writer.bytes(bytes);
        },
      ],
    ] as const) {
      const at = writer.begin(0x0a);
      const nameAt = writer.begin(0x0a);
      writer.bytes(name);
      writer.end(nameAt);
      const valueAt = writer.begin(0x12);
      write();
      writer.end(valueAt);
      writer.end(at);
    }
    writer.end(resourceAt);
    writer.end(groupAt);
    return createBatch(this.#signal, writer.lease!, 0, writer.position, 0, noClient);
  }
}

interface StatePart {
  readonly index: number;
  readonly count: number;
  readonly bytes: Buffer;
}

/** The part of a state that a batch carries; undefined for a batch of items. */
function partOf(batch: Batch): StatePart | undefined {
  // What comes from outside and has no items is not kept: nobody can send a state.
  if (batch.items > 0) return undefined;
  let part: StatePart | undefined;
  const look = walk(
    [
      {
        onResource: ({ attributes }) => {
          const slot = attributes.find(stateKey);
          if (slot < 0) return 'skip';
          const { buffer, start, end } = attributes.rangeAt(slot);
          const bytes = Buffer.from(buffer.subarray(start, end));
          part = { bytes, index: attributes.number(partKey) ?? 0, count: attributes.number(partsKey) ?? 0 };
          return 'skip';
        },
      },
    ],
    () => {},
  );
  look.run(batch);
  return part;
}
