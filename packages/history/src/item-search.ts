import type { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { admitBytes, BufferPool, Key, key, MemoryLedger, noClient, valueText, walk } from '@millrace/wire';
import type { AttributesView, LogView, Plain, ResourceView, SpanView, Visitor, Walk } from '@millrace/wire';
import { traceKeyBytes } from './item-log.ts';
import type { ItemSignal } from './write-options.ts';

/** What to look for. Absent: anything. */
export interface ItemQuery {
  /** In hexadecimal digits. */
  readonly traceId?: string;
  readonly service?: string;
  /** The name of the span, or of the event that a log record is. */
  readonly name?: string;
  /** Attributes of the item or its resource, as text. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Of spans. */
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
  /** Inclusive, since the epoch: items that were under way then. */
  readonly startMs?: number;
  readonly endMs?: number;
  /** Default 100, at most 10,000. */
  readonly limit?: number;
}

/** A span that was found. */
export interface FoundSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** As in OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly service: string;
  readonly startMs: number;
  readonly durationMs: number;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly statusMessage: string;
  readonly attributes: { readonly [key: string]: Plain };
  readonly resource: { readonly [key: string]: Plain };
  readonly events: readonly { readonly name: string; readonly timeMs: number; readonly attributes: { readonly [key: string]: Plain } }[];
}

/** A log record that was found. */
export interface FoundLog {
  readonly timeMs: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly service: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: Plain;
  readonly attributes: { readonly [key: string]: Plain };
  readonly resource: { readonly [key: string]: Plain };
}

/** What a search found, the newest first. */
export interface ItemResult<T> {
  readonly items: readonly T[];
  /** False when it stopped at the limit or ran out of time: there may be more. */
  readonly complete: boolean;
}

const defaultLimit = 100;
const maxLimit = 10_000;
const serviceName = key('service.name');

/** A search that takes longer ends with what it found. */
const maxSearchMs = 5_000;

/** Searches the recent traces and logs. */
export class ItemSearch {
  readonly #database: DatabaseSync;
  readonly #pool = new BufferPool(new MemoryLedger(Infinity));

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  spans(query: ItemQuery): ItemResult<FoundSpan> {
    return this.#search<FoundSpan>('traces', query, ({ startMs }) => startMs);
  }

  logs(query: ItemQuery): ItemResult<FoundLog> {
    return this.#search<FoundLog>('logs', query, ({ timeMs }) => timeMs);
  }

  #search<T>(signal: ItemSignal, query: ItemQuery, timeOf: (item: T) => number): ItemResult<T> {
    const limit = Math.min(maxLimit, query.limit ?? defaultLimit);
    const found: T[] = [];
    const search = new Search(query, (item) => found.push(item as T));
    const until = performance.now() + maxSearchMs;
    let complete = true;
    for (const { bytes } of this.#requests(signal, query)) {
      if (found.length >= limit || performance.now() > until) {
        complete = false;
        break;
      }
      using batch = admitBytes(signal, zstdDecompressSync(bytes), noClient, this.#pool);
      search.run(batch);
    }
    found.sort((a, b) => timeOf(b) - timeOf(a));
    return { items: found.slice(0, limit), complete: complete && found.length <= limit };
  }

  *#requests(signal: ItemSignal, query: ItemQuery): Generator<{ bytes: Uint8Array }> {
    const { traceId, service, startMs = 0, endMs = Number.MAX_SAFE_INTEGER, minDurationMs = 0 } = query;
    const conditions = ['signal = ?', 'start_ms <= ?', 'end_ms >= ?', 'longest_ms >= ?'];
    const values: (string | number | Uint8Array)[] = [signal, endMs, startMs, minDurationMs];
    if (traceId !== undefined) {
      conditions.push('id in (select item from traces where trace = ?)');
      values.push(Buffer.from(traceId, 'hex').subarray(0, traceKeyBytes));
    }
    if (service !== undefined) {
      conditions.push("case services when '' then 1 else exists (select 1 from json_each(services) where value = ?) end");
      values.push(service);
    }
    const statement = this.#database.prepare(`select bytes from items where ${conditions.join(' and ')} order by end_ms desc`);
    yield* statement.iterate(...values) as Iterable<{ bytes: Uint8Array }>;
  }
}

class Search implements Visitor {
  readonly #query: ItemQuery;
  readonly #wanted: readonly (readonly [Key, string])[];
  readonly #found: (item: FoundSpan | FoundLog) => void;
  readonly #walk: Walk = walk([this], () => undefined);
  #resource: { readonly [key: string]: Plain } = {};
  #inResource: ReadonlySet<Key> = new Set();
  #service = '';

  constructor(query: ItemQuery, found: (item: FoundSpan | FoundLog) => void) {
    this.#query = query;
    // Names come from outside: they must not be interned.
    this.#wanted = Object.entries(query.attributes ?? {}).map(([name, value]) => [new Key(name), value]);
    this.#found = found;
  }

  run(batch: Parameters<Walk['run']>[0]): void {
    this.#walk.run(batch);
  }

  onResource({ attributes }: ResourceView): 'skip' | undefined {
    this.#service = attributes.string(serviceName) ?? '';
    if (this.#query.service !== undefined && this.#query.service !== this.#service) return 'skip';
    this.#resource = attributes.toPlain();
    this.#inResource = new Set(this.#wanted.filter(([name, value]) => isText(attributes, name, value)).map(([name]) => name));
    return undefined;
  }

  onSpan(span: SpanView): void {
    const { traceId, name, minDurationMs = 0, maxDurationMs = Infinity } = this.#query;
    const durationMs = span.durationNanos / 1e6;
    if (durationMs < minDurationMs || durationMs > maxDurationMs) return;
    if (traceId !== undefined && span.traceIdHex !== traceId.toLowerCase()) return;
    if (name !== undefined && span.name !== name) return;
    const startMs = msOf(span.startTimeUnixNano);
    if (!this.#isWithin(startMs, startMs + durationMs) || !this.#hasAttributes(span.attributes)) return;
    const { events } = span;
    this.#found({
      traceId: span.traceIdHex,
      spanId: span.spanIdHex,
      parentSpanId: span.parentSpanIdHex,
      name: span.name,
      kind: span.kind,
      service: this.#service,
      startMs,
      durationMs,
      status: span.statusCode,
      statusMessage: span.statusMessage,
      attributes: span.attributes.toPlain(),
      resource: this.#resource,
      events: Array.from({ length: events.size }, (_, index) => {
        const event = events.at(index);
        return { name: event.name, timeMs: msOf(event.timeUnixNano), attributes: event.attributes.toPlain() };
      }),
    });
  }

  onLog(log: LogView): void {
    const { traceId, name } = this.#query;
    if (traceId !== undefined && log.traceIdHex !== traceId.toLowerCase()) return;
    if (name !== undefined && log.eventName !== name) return;
    const timeMs = msOf(log.timeUnixNano === 0n ? log.observedTimeUnixNano : log.timeUnixNano);
    if (!this.#isWithin(timeMs, timeMs) || !this.#hasAttributes(log.attributes)) return;
    this.#found({
      timeMs,
      traceId: log.traceIdHex,
      spanId: log.spanIdHex,
      service: this.#service,
      severityNumber: log.severityNumber,
      severityText: log.severityText,
      eventName: log.eventName,
      body: log.body.toPlain(),
      attributes: log.attributes.toPlain(),
      resource: this.#resource,
    });
  }

  #isWithin(startMs: number, endMs: number): boolean {
    return startMs <= (this.#query.endMs ?? Infinity) && endMs >= (this.#query.startMs ?? 0);
  }

  #hasAttributes(attributes: AttributesView): boolean {
    return this.#wanted.every(([name, value]) => (attributes.has(name) ? isText(attributes, name, value) : this.#inResource.has(name)));
  }
}

function isText(attributes: AttributesView, name: Key, value: string): boolean {
  const found = attributes.value(name);
  return found !== undefined && valueText(found) === value;
}

function msOf(nanos: bigint): number {
  return Number(nanos / 1000n) / 1000;
}
