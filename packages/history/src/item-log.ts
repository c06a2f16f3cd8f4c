import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { constants, zstdCompressSync } from 'node:zlib';
import { admitBytes, BufferPool, key, MemoryLedger, noClient, walk } from '@millrace/wire';
import type { LogView, ResourceView, SpanView, Visitor, Walk } from '@millrace/wire';
import { inTransaction } from './database.ts';
import type { ItemSignal, WriteOptions } from './write-options.ts';

const level = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
const serviceName = key('service.name');

/** More services of one request than this are not listed: any may be in it. */
const maxServices = 100;

/** So much of a trace id is in the index, in bytes. */
export const traceKeyBytes = 8;

/** Deleted at once when there is too much. */
const itemsPerStep = 20;

/** The recent traces and logs: requests as they came, compressed, with what a search needs to pass over most of them. */
export class ItemLog {
  readonly #database: DatabaseSync;
  readonly #limits: WriteOptions['items'];
  readonly #insert: StatementSync;
  readonly #insertTrace: StatementSync;
  readonly #summary = new Summary();
  readonly #pool = new BufferPool(new MemoryLedger(Infinity));

  constructor(database: DatabaseSync, limits: WriteOptions['items']) {
    this.#database = database;
    this.#limits = limits;
    this.#insert = database.prepare(
      'insert into items(signal, start_ms, end_ms, count, longest_ms, services, size, bytes) values (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#insertTrace = database.prepare('insert or ignore into traces(trace, item) values (?, ?)');
  }

  /** Keeps a request. Inside a transaction. */
  append(signal: ItemSignal, bytes: Uint8Array, count: number): void {
    using batch = admitBytes(signal, bytes, noClient, this.#pool);
    const summary = this.#summary;
    summary.read(batch);
    if (summary.startMs > summary.endMs) return;
    const services = summary.services.size > maxServices ? '' : JSON.stringify([...summary.services]);
    const { startMs, endMs, longestMs } = summary;
    const compressed = zstdCompressSync(bytes, level);
    const item = this.#insert.run(
      signal,
      Math.floor(startMs),
      Math.ceil(endMs),
      count,
      longestMs,
      services,
      compressed.length,
      compressed,
    ).lastInsertRowid;
    for (const trace of summary.traces) this.#insertTrace.run(Buffer.from(trace, 'latin1'), item);
  }

  /** Deletes what is too old or too much. */
  purge(nowMs: number): void {
    for (const signal of ['traces', 'logs'] as const) {
      const { retentionMs, maxSizeBytes } = this.#limits[signal];
      const old = this.#database
        .prepare('select max(id) as id from items where signal = ? and end_ms < ?')
        .get(signal, nowMs - retentionMs);
      const { id } = old as { id: number | null };
      if (id !== null) this.#deleteUpTo(signal, id, nowMs - retentionMs);
      while (this.#bytes(signal) > maxSizeBytes && this.#deleteSome(signal));
    }
  }

  /** Deletes the oldest of both signals; false when there is nothing. */
  deleteOldest(): boolean {
    const traces = this.#deleteSome('traces');
    return this.#deleteSome('logs') || traces;
  }

  #bytes(signal: ItemSignal): number {
    const { bytes } = this.#database.prepare('select total(size) as bytes from items where signal = ?').get(signal) as {
      bytes: number;
    };
    return bytes;
  }

  #deleteUpTo(signal: ItemSignal, id: number, beforeMs: number): void {
    inTransaction(this.#database, () => {
      this.#database
        .prepare('delete from traces where item in (select id from items where signal = ? and id <= ? and end_ms < ?)')
        .run(signal, id, beforeMs);
      this.#database.prepare('delete from items where signal = ? and id <= ? and end_ms < ?').run(signal, id, beforeMs);
    });
  }

  #deleteSome(signal: ItemSignal): boolean {
    const rows = this.#database.prepare('select id from items where signal = ? order by end_ms limit ?').all(signal, itemsPerStep) as {
      id: number;
    }[];
    if (rows.length === 0) return false;
    inTransaction(this.#database, () => {
      const list = rows.map(({ id }) => id).join(',');
      this.#database.exec(`delete from traces where item in (${list}); delete from items where id in (${list})`);
    });
    return true;
  }
}

/** What a search wants to know of a request before it reads it. */
class Summary implements Visitor {
  startMs = Infinity;
  endMs = -Infinity;
  longestMs = 0;
  readonly services = new Set<string>();
  /** The beginnings of the trace ids, in latin1. */
  readonly traces = new Set<string>();
  readonly #walk: Walk = walk([this], () => undefined);

  read(batch: Parameters<Walk['run']>[0]): void {
    this.startMs = Infinity;
    this.endMs = -Infinity;
    this.longestMs = 0;
    this.services.clear();
    this.traces.clear();
    this.#walk.run(batch);
  }

  onResource(resource: ResourceView): void {
    this.services.add(resource.attributes.string(serviceName) ?? '');
  }

  onSpan(span: SpanView): void {
    const startMs = Number(span.startTimeUnixNano / 1000n) / 1000;
    const longMs = span.durationNanos / 1e6;
    this.#note(startMs, startMs + longMs);
    if (longMs > this.longestMs) this.longestMs = longMs;
    this.#trace(span);
  }

  onLog(log: LogView): void {
    const nanos = log.timeUnixNano === 0n ? log.observedTimeUnixNano : log.timeUnixNano;
    const timeMs = Number(nanos / 1000n) / 1000;
    this.#note(timeMs, timeMs);
    this.#trace(log);
  }

  #note(startMs: number, endMs: number): void {
    if (startMs < this.startMs) this.startMs = startMs;
    if (endMs > this.endMs) this.endMs = endMs;
  }

  #trace(item: SpanView | LogView): void {
    const { buffer, start, end } = item.traceId();
    if (end - start >= traceKeyBytes) this.traces.add(buffer.latin1Slice(start, start + traceKeyBytes));
  }
}
