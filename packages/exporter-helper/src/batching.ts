import type { Clock, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { Accumulator, type Batch, type BufferPool, type Client, noClient, type Signal, split } from '@millrace/wire';
import type { Job, Part, Queued } from './queued-batch.ts';
import type { BatchingConfig } from './settings.ts';

/** What is collected for one combination of metadata values. */
interface Partition {
  readonly key: string;
  readonly client: Client;
  readonly filling: Accumulator;
  parts: Part[];
  timer: Timer | undefined;
}

/** What a `Batching` is made of. */
export interface BatchingOptions {
  readonly config: BatchingConfig;
  /** In what `min_size` and `max_size` count. */
  readonly sizer: 'items' | 'bytes';
  readonly signal: Signal;
  readonly pool: BufferPool;
  readonly clock: Clock;
  /** Takes a finished job over. */
  readonly emit: (job: Job) => void;
  /** A timer made jobs. */
  readonly wake: () => void;
}

/**
 * Makes jobs of at least `min_size` and at most `max_size` of queued batches, in order, separately for each combination of the
 * `metadata_keys`; what stays smaller is a job after `flush_timeout`. A batch that is large enough by itself is not copied.
 */
export class Batching {
  readonly #options: BatchingOptions;
  readonly #flushMs: number;
  readonly #keys: readonly string[];
  readonly #partitions = new Map<string, Partition>();
  #size = 0;

  constructor(options: BatchingOptions) {
    this.#options = options;
    this.#flushMs = durationMs(options.config.flush_timeout);
    this.#keys = options.config.partition.metadata_keys.map((name) => name.toLowerCase());
  }

  /** Items that wait for more. */
  get items(): number {
    return this.#size;
  }

  /** Takes the handle of a batch over. */
  add(queued: Queued, batch: Batch): void {
    if (this.#options.signal === 'profiles') {
      this.#options.emit({ batch, parts: [{ queued, items: queued.items }] });
      return;
    }
    const partition = this.#partitionOf(batch.client);
    partition.parts.push({ queued, items: queued.items });
    this.#size += queued.items;
    if (partition.filling.items === 0 && this.#sizeOf(batch) >= this.#options.config.min_size) {
      this.#cut(partition, batch.hold(partition.client), false);
    } else {
      partition.filling.append(batch);
      if (this.#sizeOf(partition.filling) >= this.#options.config.min_size)
        this.#cut(partition, partition.filling.take(partition.client)!, false);
      else this.#arm(partition);
    }
    batch.release();
  }

  /** Makes jobs of everything that waits. */
  flush(): void {
    for (const partition of this.#partitions.values()) this.#flush(partition);
  }

  /** Forgets everything that waits, and says what it was. */
  discard(): Part[] {
    const parts: Part[] = [];
    for (const partition of this.#partitions.values()) {
      partition.timer?.cancel();
      partition.filling.discard();
      parts.push(...partition.parts);
    }
    this.#partitions.clear();
    this.#size = 0;
    return parts;
  }

  #sizeOf(batch: { readonly items: number; readonly sizeBytes: number }): number {
    return this.#options.sizer === 'items' ? batch.items : batch.sizeBytes;
  }

  #partitionOf(client: Client): Partition {
    const key = this.#keys.length === 0 ? '' : this.#keyOf(client);
    let partition = this.#partitions.get(key);
    if (partition === undefined) {
      const { signal, pool } = this.#options;
      partition = { key, client: this.#clientOf(client), filling: new Accumulator(signal, pool), parts: [], timer: undefined };
      this.#partitions.set(key, partition);
    }
    return partition;
  }

  /** An empty value and an unset one are different. */
  #keyOf({ metadata }: Client): string {
    let key = '';
    for (const name of this.#keys) {
      for (const value of metadata.get(name) ?? []) key += `${value.length}:${value}`;
      key += ';';
    }
    return key;
  }

  #clientOf({ metadata }: Client): Client {
    if (this.#keys.length === 0) return noClient;
    const kept = new Map<string, readonly string[]>();
    for (const name of this.#keys) {
      const values = metadata.get(name);
      if (values !== undefined) kept.set(name, values);
    }
    return { metadata: kept };
  }

  #arm(partition: Partition): void {
    partition.timer ??= this.#options.clock.setTimeout(() => {
      partition.timer = undefined;
      this.#flush(partition);
      this.#options.wake();
    }, this.#flushMs);
  }

  #flush(partition: Partition): void {
    const batch = partition.filling.take(partition.client);
    if (batch !== undefined) this.#cut(partition, batch, true);
  }

  /** Hands a batch on, in pieces of at most `max_size`; a last piece below `min_size` waits for more, unless all is to go. */
  #cut(partition: Partition, batch: Batch, all: boolean): void {
    const { max_size: maxSize, min_size: minSize } = this.#options.config;
    const { emit, sizer } = this.#options;
    // Only partitions with data are kept: as many as had some within the flush timeout.
    if (this.#keys.length > 0) this.#partitions.delete(partition.key);
    partition.timer?.cancel();
    partition.timer = undefined;
    if (maxSize === 0 || this.#sizeOf(batch) <= maxSize) {
      this.#size -= batch.items;
      emit({ batch, parts: partition.parts });
      partition.parts = [];
      return;
    }
    const pieces = split(batch, sizer === 'items' ? { items: maxSize } : { bytes: maxSize });
    batch.release();
    const last = pieces.at(-1);
    for (const piece of pieces) {
      if (piece === last && !all && this.#sizeOf(piece) < minSize) {
        partition.filling.append(piece);
        piece.release();
        this.#partitions.set(partition.key, partition);
        this.#arm(partition);
        continue;
      }
      this.#size -= piece.items;
      emit({ batch: piece, parts: takeParts(partition, piece.items) });
    }
  }
}

/** Takes parts of so many items from the front. */
function takeParts(partition: Partition, items: number): Part[] {
  const taken: Part[] = [];
  let missing = items;
  let i = 0;
  for (; missing > 0 && i < partition.parts.length; i++) {
    const part = partition.parts[i]!;
    if (part.items > missing) {
      taken.push({ queued: part.queued, items: missing });
      partition.parts[i] = { queued: part.queued, items: part.items - missing };
      break;
    }
    taken.push(part);
    missing -= part.items;
  }
  partition.parts.splice(0, i);
  return taken;
}
