import type { Batch, Logger } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { type BufferPool, ByteWriter, createBatch, noClient } from '@millrace/wire';
import type { SpanMetricsConfig } from './config.ts';
import type { Gates } from './gates.ts';
import type { ResourceSeries } from './resources.ts';
import type { Series } from './series.ts';
import type { SeriesTable } from './series-table.ts';

const defaultNamespace = 'traces.span.metrics';
const initialBytes = 1 << 16;
const delta = 1;
const cumulative = 2;
const sumField = 0x3a;
const histogramField = 0x4a;
const exponentialField = 0x52;

/** Writes what is remembered as metrics, and forgets what is over. */
export class Report {
  readonly #config: SpanMetricsConfig;
  readonly #logger: Logger;
  readonly #temporality: number;
  readonly #hasResourceAttributes: boolean;
  readonly #namespace: string;
  /** With delta temporality: when each series was reported last, oldest first. */
  readonly #lastMs = new Map<string, number>();
  readonly #identity = Buffer.alloc(16);
  readonly #words = new Int32Array(this.#identity.buffer, this.#identity.byteOffset, 4);
  #points = 0;

  constructor(config: SpanMetricsConfig, gates: Gates, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#temporality = config.aggregation_temporality === 'AGGREGATION_TEMPORALITY_DELTA' ? delta : cumulative;
    this.#hasResourceAttributes = !gates.excludeResourceMetrics || config.add_resource_attributes;
    this.#namespace = gates.legacyMetricNames && config.namespace === defaultNamespace ? '' : config.namespace;
  }

  /** The report; undefined when there is nothing to say. The last one has only what none has said yet. */
  write(series: Series, pool: BufferPool, nowMs: number, isLast: boolean): Batch | undefined {
    const lease = pool.lease(initialBytes);
    const to = new ByteWriter(lease);
    this.#points = 0;
    try {
      for (const resource of series.resources.all()) {
        if (!isLast || resource.isPending) this.#writeResource(to, series, resource, nowMs, isLast);
      }
    } catch (error) {
      lease.release();
      throw error;
    }
    this.#forget(series, nowMs, isLast);
    if (this.#points > 0) return createBatch('metrics', lease, 0, to.position, this.#points, noClient);
    lease.release();
    return undefined;
  }

  #writeResource(to: ByteWriter, series: Series, resource: ResourceSeries, nowMs: number, isLast: boolean): void {
    resource.isPending = false;
    const at = to.begin(0x0a);
    const resourceAt = to.begin(0x0a);
    if (this.#hasResourceAttributes) to.bytes(resource.attributes);
    to.end(resourceAt);
    const groupAt = to.begin(0x12);
    const scopeAt = to.begin(0x0a);
    this.#writeText(to, 0x0a, 'spanmetricsconnector');
    to.end(scopeAt);
    this.#writeSum(to, 'calls', series.calls, resource, resource.calls, nowMs, isLast);
    if (series.durations !== undefined) {
      const slots = series.durations === series.calls ? resource.calls : resource.durations;
      this.#writeHistogram(to, series, series.durations, slots, nowMs);
    }
    if (series.events !== undefined) this.#writeSum(to, 'events', series.events, resource, resource.events, nowMs, isLast);
    to.end(groupAt);
    to.end(at);
    if (this.#temporality === delta) for (const [table, slots] of series.tablesOf(resource)) this.#noteReported(table, slots, nowMs);
  }

  #writeSum(
    to: ByteWriter,
    name: string,
    table: SeriesTable,
    resource: ResourceSeries,
    slots: readonly number[],
    nowMs: number,
    isLast: boolean,
  ): void {
    const at = to.begin(0x12);
    this.#writeText(to, 0x0a, this.#nameOf(name));
    const dataAt = to.begin(sumField);
    // Who reads counters takes the first value of a series for its begin: it is 0, and what was counted follows the next time.
    const fromZero = this.#temporality === cumulative && !isLast;
    for (const slot of slots) {
      if (table.writeCount(to, slot, this.#startMs(table, slot), nowMs, fromZero)) resource.isPending = true;
    }
    this.#writeTemporality(to);
    to.byte(0x18);
    to.byte(1);
    to.end(dataAt);
    to.end(at);
    this.#points += slots.length;
  }

  #writeHistogram(to: ByteWriter, series: Series, table: SeriesTable, slots: readonly number[], nowMs: number): void {
    const at = to.begin(0x12);
    this.#writeText(to, 0x0a, this.#nameOf('duration'));
    this.#writeText(to, 0x1a, series.unit);
    const dataAt = to.begin(series.isExponential ? exponentialField : histogramField);
    for (const slot of slots) table.writeHistogram(to, slot, this.#startMs(table, slot), nowMs);
    this.#writeTemporality(to);
    to.end(dataAt);
    to.end(at);
    this.#points += slots.length;
  }

  #writeTemporality(to: ByteWriter): void {
    to.byte(0x10);
    to.byte(this.#temporality);
  }

  #writeText(to: ByteWriter, tag: number, text: string): void {
    const at = to.begin(tag);
    to.text(text);
    to.end(at);
  }

  #nameOf(name: string): string {
    return this.#namespace === '' ? name : `${this.#namespace}.${name}`;
  }

  #startMs(table: SeriesTable, slot: number): number {
    return (this.#temporality === delta ? this.#lastMs.get(this.#nameOfSeries(table, slot)) : undefined) ?? table.startMs(slot);
  }

  #nameOfSeries(table: SeriesTable, slot: number): string {
    table.map.words(slot, this.#words);
    return this.#identity.latin1Slice(0, 16);
  }

  /** The next time, a series begins where it ended now. */
  #noteReported(table: SeriesTable, slots: readonly number[], nowMs: number): void {
    const last = this.#lastMs;
    for (const slot of slots) {
      const name = this.#nameOfSeries(table, slot);
      last.delete(name);
      last.set(name, nowMs);
      if (last.size <= this.#config.metric_timestamp_cache_size) continue;
      const [oldest] = last.keys();
      last.delete(oldest!);
      this.#logger.info('Evicting cached delta timestamp');
    }
  }

  #forget(series: Series, nowMs: number, isLast: boolean): void {
    const { resources } = series;
    resources.clear(isLast || this.#temporality === delta, (resource) => series.forget(resource));
    const expirationMs = durationMs(this.#config.series_expiration);
    for (const resource of resources.all()) {
      for (const [table, slots] of series.tablesOf(resource)) {
        if (this.#config.exemplars.enabled) for (const slot of slots) table.clearExemplars(slot);
        if (expirationMs > 0) expire(table, slots, nowMs - expirationMs);
      }
    }
    const resourceExpirationMs = durationMs(this.#config.metrics_expiration);
    if (resourceExpirationMs > 0) resources.expire(nowMs - resourceExpirationMs);
  }
}

/** Removes the series that were seen last at this time or before. */
function expire(table: SeriesTable, slots: number[], seenMs: number): void {
  let kept = 0;
  for (const slot of slots) {
    if (table.seenMs(slot) > seenMs) slots[kept++] = slot;
    else table.remove(slot);
  }
  slots.length = kept;
}
