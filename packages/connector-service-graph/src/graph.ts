import type { Batch } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { ExponentialHistogram } from '@millrace/timeseries';
import { BatchBuilder, type BufferPool, type NewScope, type PlainAttributes } from '@millrace/wire';
import type { ServiceGraphConfig } from './config.ts';
import type { Edge } from './edge-store.ts';

const defaultBoundsMs = [2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10_000, 15_000];
const cumulative = 2;
/** Series that were silent for so long are removed. */
const staleMs = 15 * 60_000;
/** About what the objects of a series take beside its texts and buckets. */
const overheadBytes = 900;

/** How long requests took, in explicit buckets. */
class Histogram {
  readonly bounds: Float64Array;
  readonly buckets: Float64Array;
  count = 0;
  sum = 0;

  constructor(bounds: Float64Array) {
    this.bounds = bounds;
    this.buckets = new Float64Array(bounds.length + 1);
  }

  add(seconds: number): void {
    this.count++;
    this.sum += seconds;
    let bucket = 0;
    while (bucket < this.bounds.length && this.bounds[bucket] < seconds) bucket++;
    this.buckets[bucket]++;
  }
}

interface Series {
  attributes: PlainAttributes;
  readonly isFailed: boolean;
  requests: number;
  readonly server: Histogram | ExponentialHistogram;
  readonly client: Histogram | ExponentialHistogram;
  updatedMs: number;
}

/** The requests between services so far, as series of metrics. */
export class Graph {
  readonly #config: ServiceGraphConfig;
  readonly #bounds: Float64Array;
  readonly #startMs: number;
  readonly #series = new Map<string, Series>();
  #textBytes = 0;
  /** Whether there is a request that no report has. */
  hasNews = false;

  /** `startMs`: when counting begins, in milliseconds since the epoch. */
  constructor(config: ServiceGraphConfig, startMs: number) {
    this.#config = config;
    this.#startMs = startMs;
    const boundsMs = config.latency_histogram_buckets?.map(durationMs) ?? defaultBoundsMs;
    this.#bounds = Float64Array.from(boundsMs, (ms) => ms / 1000);
  }

  /** About the memory that it takes. */
  get sizeBytes(): number {
    const buckets = this.#config.exponential_histogram_max_size || this.#bounds.length + 1;
    return this.#textBytes + this.#series.size * (overheadBytes + 2 * 8 * buckets);
  }

  /** Adds a request. A new series becomes part of that of the overflow unless it has room. */
  add(edge: Edge, nowMs: number, hasRoom: () => boolean): void {
    this.hasNews = true;
    const name = JSON.stringify([edge.client, edge.server, edge.connectionType, edge.isFailed, ...this.#dimensionsOf(edge)]);
    let series = this.#series.get(name);
    if (series === undefined && hasRoom()) series = this.#make(name, edge);
    if (series === undefined) {
      const overflow = `overflow ${edge.isFailed}`;
      series = this.#series.get(overflow) ?? this.#make(overflow, edge);
      series.attributes = { failed: edge.isFailed, 'otel.metric.overflow': true };
    } else series.attributes = this.#attributesOf(edge);
    series.updatedMs = nowMs;
    series.requests++;
    series.server.add(edge.serverSeconds);
    series.client.add(edge.clientSeconds);
  }

  #dimensionsOf({ dimensions }: Edge): (string | null)[] {
    return this.#config.dimensions.flatMap((name) => [dimensions.get(`client_${name}`) ?? null, dimensions.get(`server_${name}`) ?? null]);
  }

  #make(name: string, edge: Edge): Series {
    const maxSize = this.#config.exponential_histogram_max_size;
    const histogram = (): Histogram | ExponentialHistogram =>
      maxSize > 0 ? new ExponentialHistogram(maxSize) : new Histogram(this.#bounds);
    const series = { attributes: {}, isFailed: edge.isFailed, requests: 0, server: histogram(), client: histogram(), updatedMs: 0 };
    this.#series.set(name, series);
    this.#textBytes += name.length * 2;
    return series;
  }

  #attributesOf(edge: Edge): PlainAttributes {
    return {
      client: edge.client,
      server: edge.server,
      connection_type: edge.connectionType,
      failed: edge.isFailed,
      ...Object.fromEntries(edge.dimensions),
      ...(this.#config.virtual_node_extra_label && { virtual_node: edge.virtualNode }),
    };
  }

  /** Removes series that were silent for 15 minutes. */
  clean(nowMs: number): void {
    for (const [name, { updatedMs }] of this.#series) {
      if (updatedMs + staleMs >= nowMs) continue;
      this.#series.delete(name);
      this.#textBytes -= name.length * 2;
    }
  }

  /** All series as metrics; undefined when there are none. */
  report(pool: BufferPool, nowMs: number): Batch | undefined {
    this.hasNews = false;
    if (this.#series.size === 0) return undefined;
    const builder = new BatchBuilder('metrics', pool);
    const scope = builder.resource().scope('traces_service_graph');
    const times = {
      startTimeUnixNano: nanos(this.#startMs),
      timeUnixNano: nanos(nowMs - durationMs(this.#config.metrics_timestamp_offset)),
    };
    const all = [...this.#series.values()];
    const failed = all.filter(({ isFailed }) => isFailed);
    this.#writeCounts(scope, 'traces_service_graph_request_total', all, times);
    if (failed.length > 0) this.#writeCounts(scope, 'traces_service_graph_request_failed_total', failed, times);
    for (const side of ['server', 'client'] as const) this.#writeDurations(scope, side, all, times);
    return builder.finish();
  }

  #writeCounts(scope: NewScope, name: string, all: readonly Series[], times: Times): void {
    const metric = scope.metric({ name, type: 'sum', temporality: cumulative, isMonotonic: true });
    for (const { attributes, requests } of all) metric.point({ ...times, attributes, asInt: BigInt(requests) });
  }

  #writeDurations(scope: NewScope, side: 'server' | 'client', all: readonly Series[], times: Times): void {
    const head = { name: `traces_service_graph_request_${side}`, unit: 's', temporality: cumulative };
    for (const { attributes, [side]: histogram } of all) {
      const common = { ...times, attributes, count: BigInt(histogram.count), sum: histogram.sum };
      if (histogram instanceof Histogram) {
        const bucketCounts = Array.from(histogram.buckets, BigInt);
        scope.metric({ ...head, type: 'histogram' }).point({ ...common, bucketCounts, explicitBounds: histogram.bounds });
        continue;
      }
      const { scale, zeroCount, min, max, offset, size, counts } = histogram;
      const positive = { offset, bucketCounts: Array.from(counts.subarray(0, size), BigInt) };
      scope
        .metric({ ...head, type: 'exponentialHistogram' })
        .point({ ...common, scale, zeroCount: BigInt(zeroCount), min, max, positive, negative: {} });
    }
  }
}

interface Times {
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
}

function nanos(ms: number): bigint {
  return BigInt(Math.round(ms * 1e3)) * 1000n;
}
