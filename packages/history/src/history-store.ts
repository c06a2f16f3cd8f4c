import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '@millrace/api';
import type { Clock, MetricSourceExtension, Timer } from '@millrace/api';
import { HistoryBatch } from './history-batch.ts';
import { HistoryMetrics } from './history-metrics.ts';
import type { FoundLog, FoundSpan, ItemQuery, ItemResult } from './item-search.ts';
import type { StoreInfo } from './reader.ts';
import { localThread, startThread } from './thread.ts';
import type { Thread } from './thread.ts';
import { tiers } from './tiers.ts';
import type { Append } from './writer.ts';
import type { WriteOptions } from './write-options.ts';

const dayMs = 24 * 60 * 60_000;
const mib = 1024 * 1024;

/** How a store is opened. */
export interface HistoryOptions {
  /** Where its files are; it is made. A directory has one store at a time. */
  readonly directory: string;
  /** For the maintenance, once a minute. */
  readonly clock: Clock;
  /** Whether what is acknowledged survives a power failure, and not only the death of the process. Default false. */
  readonly fsync?: boolean;
  /** How long each resolution is kept, in milliseconds. Default 7 days for raw samples and minutes, 30 days for the others. */
  readonly retentionMs?: Readonly<Record<'raw' | '1m' | '5m' | '1h' | '1d', number>>;
  /** The most that the file may hold, in bytes; then the oldest raw samples go. Default 10 GiB. */
  readonly maxSizeBytes?: number;
  /** How long traces and logs are kept, and how many bytes of them, compressed. Default 24 hours and 256 MiB of each. */
  readonly items?: WriteOptions['items'];
  /** True: only questions, also while another process writes. Default false. */
  readonly readOnly?: boolean;
  /** False: everything happens in this thread, which it blocks. Default true: a thread writes, others read. */
  readonly threads?: boolean;
  /** Told of a damaged file that was set aside, and of a thread that ended. */
  readonly warn?: (message: string, attributes: Readonly<Record<string, unknown>>) => void;
}

/** How long each resolution is kept by default, in milliseconds. */
export const defaultRetentionMs: Readonly<Record<'raw' | '1m' | '5m' | '1h' | '1d', number>> = {
  raw: 7 * dayMs,
  '1m': 7 * dayMs,
  '5m': 30 * dayMs,
  '1h': 30 * dayMs,
  '1d': 30 * dayMs,
};

const defaultItems = { retentionMs: dayMs, maxSizeBytes: 256 * mib };
const maintenanceMs = 60_000;

/** The name of the file in its directory. */
export const historyFile = 'history.db';

/** Searches the recent spans or log records. */
export interface ItemSource<T> {
  search(query: ItemQuery): Promise<ItemResult<T>>;
  /** Everything of one trace, oldest first; the id in hexadecimal digits. */
  byId(traceId: string): Promise<readonly T[]>;
}

/** Extension `history`, for `Host.extension` with `isHistory`. */
export interface HistoryExtension extends MetricSourceExtension {
  /** After its start. */
  readonly store: HistoryStore;
}

/** Whether an extension is an open store. */
export function isHistory(extension: unknown): extension is HistoryExtension {
  return (extension as Partial<HistoryExtension> | undefined)?.store instanceof HistoryStore;
}

/** Which threads a question goes to. */
type ReaderName = 'metrics' | 'items';

/**
 * The embedded store: one SQLite file that a thread of its own writes and others read, so that questions and ingestion never wait for each other.
 * What `append` acknowledged survives `kill -9`.
 */
export class HistoryStore {
  /** The stored metrics. */
  readonly metrics: HistoryMetrics;
  readonly traces: ItemSource<FoundSpan>;
  readonly logs: ItemSource<FoundLog>;
  readonly #options: HistoryOptions;
  readonly #file: string;
  readonly #readers = new Map<ReaderName, Promise<Thread>>();
  readonly #freeHandles: number[] = [];
  #writer: Thread | undefined;
  #timer: Timer | undefined;
  #handles = 0;
  #generation = 1;
  #closed: Promise<void> | undefined;

  private constructor(options: HistoryOptions) {
    this.#options = options;
    this.#file = join(options.directory, historyFile);
    this.metrics = new HistoryMetrics((name, values) => this.#ask('metrics', name, values));
    this.traces = this.#itemSource<FoundSpan>('spans', ({ startMs }) => startMs);
    this.logs = this.#itemSource<FoundLog>('logs', ({ timeMs }) => timeMs);
  }

  /** Opens the store of a directory. Rejects when it is in use or cannot be written, never because of what it holds: that is set aside. */
  static async open(options: HistoryOptions): Promise<HistoryStore> {
    const store = new HistoryStore(options);
    await store.#start();
    return store;
  }

  /** Changes when the file was replaced: then every series has to be announced again. */
  get generation(): number {
    return this.#generation;
  }

  /** Begins what is appended at once. */
  batch(): HistoryBatch {
    return new HistoryBatch(this);
  }

  /** A number for a series, for `HistoryBatch.series`. */
  takeHandle(): number {
    return this.#freeHandles.pop() ?? ++this.#handles;
  }

  /** For `HistoryBatch.release`. */
  freeHandles(handles: readonly number[]): void {
    this.#freeHandles.push(...handles);
  }

  /** Resolves when it is safe from `kill -9`. Rejects with a `PipelineError`: retryable when there is no space, permanent when it cannot be stored. */
  async append(append: Append): Promise<void> {
    const transfer = [append.points, append.items?.bytes].flatMap((bytes) => (bytes === undefined ? [] : [bytes.buffer]));
    await this.#write('append', [append], transfer);
  }

  /** Compacts what waits, deletes what is too old or too much. It happens once a minute by itself. */
  async maintain(): Promise<void> {
    await this.#write('maintain', [this.#options.clock.now()]);
  }

  /** Compacts all points now. */
  async compact(): Promise<void> {
    await this.#write('compact', []);
  }

  /** Compacts everything and gives the free space back to the file system. */
  async vacuum(): Promise<void> {
    await this.#write('vacuum', []);
  }

  /** What the store holds. */
  async info(): Promise<StoreInfo> {
    return (await this.#ask('metrics', 'info', [])) as StoreInfo;
  }

  /** Ends after what was asked for before. Safe twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #start(): Promise<void> {
    if (this.#options.readOnly === true) {
      if (!existsSync(this.#file)) throw new Error(`there is no ${this.#file}`);
      return;
    }
    const { fsync = false, retentionMs = defaultRetentionMs, maxSizeBytes = 10 * 1024 * mib, items, clock } = this.#options;
    const options: WriteOptions = {
      file: this.#file,
      fsync,
      retentionMs: tiers.map(({ name }) => retentionMs[name as keyof typeof retentionMs]),
      maxSizeBytes,
      items: items ?? { traces: defaultItems, logs: defaultItems },
    };
    this.#writer = await this.#thread({ role: 'writer', options, nowMs: clock.now() });
    this.#maintainLater();
  }

  #thread(data: Parameters<typeof startThread>[0]): Promise<Thread> {
    const notice = ({ notice: { path, reason } }: { readonly notice: { readonly path: string; readonly reason: string } }): void => {
      this.#generation++;
      this.#options.warn?.('A file of history that cannot be used was set aside.', { path, reason });
      // They have the old file open.
      for (const name of this.#readers.keys()) this.#dropReader(name);
    };
    if (this.#options.threads === false) return localThread(data, notice);
    return startThread(data, notice, (error) =>
      this.#options.warn?.('A thread of history ended.', { role: data.role, error: error.message }),
    );
  }

  #maintainLater(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      void this.maintain()
        .catch((error: unknown) => this.#options.warn?.('Maintenance of history failed.', { error: String(error) }))
        .finally(() => {
          if (this.#closed === undefined) this.#maintainLater();
        });
    }, maintenanceMs);
  }

  async #write(name: string, values: readonly unknown[], transfer: readonly ArrayBuffer[] = []): Promise<void> {
    if (this.#closed !== undefined) throw new PipelineError('history is closed', { kind: 'retryable' });
    if (this.#writer === undefined) throw new PipelineError('history was opened for reading', { kind: 'permanent' });
    try {
      await this.#writer.call(name, values, transfer);
    } catch (error) {
      const isFull = (error as Error).name === 'StoreFull';
      throw new PipelineError((error as Error).message, { kind: isFull ? 'retryable' : 'permanent', cause: error });
    }
  }

  async #ask(reader: ReaderName, name: string, values: readonly unknown[]): Promise<unknown> {
    if (this.#closed !== undefined) throw new PipelineError('history is closed', { kind: 'retryable' });
    let thread = this.#readers.get(reader);
    if (thread === undefined) this.#readers.set(reader, (thread = this.#thread({ role: 'reader', file: this.#file })));
    try {
      return await (await thread).call(name, values);
    } catch (error) {
      // A thread that died is started again by the next question; a damaged file is the writer's to find.
      if (this.#readers.get(reader) === thread && (error as Error).constructor.name !== 'ThreadError') this.#dropReader(reader);
      throw new PipelineError((error as Error).message, { kind: 'permanent', cause: error });
    }
  }

  #dropReader(name: ReaderName): void {
    const thread = this.#readers.get(name);
    this.#readers.delete(name);
    thread?.then((reader) => reader.close()).catch(() => undefined);
  }

  #itemSource<T>(call: 'spans' | 'logs', timeOf: (item: T) => number): ItemSource<T> {
    const search = async (query: ItemQuery): Promise<ItemResult<T>> => (await this.#ask('items', call, [query])) as ItemResult<T>;
    return {
      search,
      byId: async (traceId) => (await search({ traceId, limit: 10_000 })).items.toSorted((a, b) => timeOf(a) - timeOf(b)),
    };
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    await Promise.all(Array.from(this.#readers.values(), (reader) => reader.then((thread) => thread.close()).catch(() => undefined)));
    await this.#writer?.close();
  }
}
