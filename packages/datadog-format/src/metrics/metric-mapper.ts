import type { Batch, DataPointView, MetricView, Visitor, Walk } from '@millrace/wire';
import { walk } from '@millrace/wire';
import { type Attributes, attributesOf, firstText, textOf } from '../attributes.ts';
import { resourceTags } from '../resource-tags.ts';
import { hostName } from '../source.ts';
import { DeltaCache } from './delta-cache.ts';
import { numberText, suffixed, tag, tagged } from './dimensions.ts';
import { exponentialSketch } from './exponential-sketch.ts';
import { histogramSketch, type HistogramTotals } from './histogram-sketch.ts';
import { originService } from './origin.ts';
import { type MappedMetrics, PointOutput } from './point-output.ts';
import type { Dimensions } from './series.ts';
import { datadogUnit } from './units.ts';

/** How metrics are converted (`metrics` of the exporter). */
export interface MetricOptions {
  /** The host of resources that name none. */
  readonly hostname: string;
  readonly deltaTtlMs: number;
  readonly histogramMode: 'distributions' | 'nobuckets' | 'counters';
  /** Whether histograms send `.count`, `.sum`, `.min` and `.max` too. */
  readonly sendAggregations: boolean;
  /** Whether cumulative monotonic sums are sent as gauges, as they are. */
  readonly rawSums: boolean;
  readonly initialValue: 'auto' | 'drop' | 'keep';
  /** Whether summaries send their quantiles. */
  readonly quantiles: boolean;
  readonly resourceAttributesAsTags: boolean;
  readonly scopeAsTags: boolean;
  /** When the program started, in nanoseconds: series that began later are complete from their first point. */
  readonly startNanos: bigint;
  readonly nowMs: () => number;
}

/** The metric, and the attribute of its points, that statistics travel in from the connector to the exporter. */
export const statsMetric = 'dd.internal.stats.payload';

const delta = 1;
const cumulative = 2;
const noRecordedValue = 1;

/** Converts batches of data points to series and sketches (opentelemetry-mapping-go, otlp/metrics). Holds the last points of cumulative series. */
export class MetricMapper {
  readonly #options: MetricOptions;
  readonly #cache: DeltaCache;
  readonly #walk: Walk;
  #resource: Attributes = new Map();
  #resourceTags: string[] = [];
  #baseTags: string[] = [];
  #host = '';
  #containerId = '';
  #origin = 0;
  #name = '';
  #unit = '';
  #pointsOfMetric = 0;
  #nowMs = 0;
  #output = new PointOutput();

  constructor(options: MetricOptions) {
    this.#options = options;
    this.#cache = new DeltaCache(options.deltaTtlMs);
    const visitor: Visitor = {
      traits: { refuses: true },
      onResource: ({ attributes }) => this.#startResource(attributesOf(attributes)),
      onScope: ({ name, version, attributes }) => {
        this.#origin = originService(name);
        this.#baseTags = [...this.#resourceTags];
        if (!options.scopeAsTags) return;
        this.#baseTags.push(tag('instrumentation_scope', name), tag('instrumentation_scope_version', version));
        for (const [key, value] of attributesOf(attributes)) this.#baseTags.push(tag(key, textOf(value)));
      },
      onMetric: ({ name, unit }) => {
        this.#name = name;
        this.#unit = datadogUnit(unit);
        this.#pointsOfMetric = 0;
      },
      onDataPoint: (point) => this.#map(point),
    };
    this.#walk = walk([visitor], () => {});
  }

  /** About what the points kept for differences occupy. */
  get sizeBytes(): number {
    return this.#cache.sizeBytes;
  }

  map(batch: Batch): MappedMetrics {
    this.#nowMs = this.#options.nowMs();
    this.#cache.sweep(this.#nowMs);
    this.#output = new PointOutput();
    this.#walk.run(batch);
    return this.#output.finish();
  }

  #startResource(resource: Attributes): void {
    this.#resource = resource;
    this.#resourceTags = resourceTags(resource);
    this.#host = hostName(resource, this.#options.hostname);
    this.#containerId = firstText(resource, ['container.id', 'k8s.pod.uid']);
  }

  #map(point: DataPointView): void {
    const { metric } = point;
    const index = this.#pointsOfMetric++;
    this.#output.nextPoint();
    if (this.#name === statsMetric && metric.type === 'sum') {
      this.#output.stats(attributesOf(point.attributes).get(statsMetric));
      return;
    }
    if ((point.flags & noRecordedValue) !== 0) {
      this.#output.drop('no_recorded_value');
      return;
    }
    const series: Dimensions = {
      name: this.#name,
      host: this.#host,
      tags: [...this.#pointTags(point), ...this.#baseTags],
      unit: this.#unit,
      origin: this.#origin,
    };
    if (metric.type === 'gauge' || metric.type === 'sum') this.#mapNumber(point, metric, series, index);
    else if (metric.type === 'summary') this.#mapSummary(point, series, index);
    else if (metric.type === 'histogram' && metric.temporality !== 0) this.#mapHistogram(point, metric, series);
    else if (metric.type === 'exponentialHistogram' && metric.temporality === delta) this.#mapExponential(point, series);
    else this.#output.drop('unsupported_metric');
  }

  #pointTags(point: DataPointView): string[] {
    const attributes = attributesOf(point.attributes);
    const all = this.#options.resourceAttributesAsTags ? new Map([...attributes, ...this.#resource]) : attributes;
    return [...all].map(([key, value]) => tag(key, textOf(value)));
  }

  #mapNumber(point: DataPointView, metric: MetricView, series: Dimensions, index: number): void {
    const value = point.hasValue ? point.number : 0;
    if (!Number.isFinite(value)) {
      this.#output.drop('not_finite');
      return;
    }
    if (metric.type === 'gauge') this.#output.gauge(series, point, value);
    else if (metric.temporality === delta) this.#output.count(series, point, value);
    else if (metric.temporality !== cumulative) this.#output.drop('unsupported_metric');
    else if (!metric.isMonotonic || this.#options.rawSums) this.#output.gauge(series, point, value);
    else this.#grown(series, point, value, index);
  }

  /** Sends what a growing value has grown by. */
  #grown(series: Dimensions, point: DataPointView, value: number, index: number): void {
    const { startTimeUnixNano: start, timeUnixNano: time } = point;
    const step = this.#cache.monotonic(this.#key(series), start, time, value, this.#nowMs);
    if (step.delta === undefined) return;
    if (!step.isFirst) this.#output.count(series, point, step.delta);
    else if (index === 0 && this.#countsInitial(start, time)) this.#output.count(series, point, value);
  }

  #countsInitial(start: bigint, time: bigint): boolean {
    const { initialValue, startNanos } = this.#options;
    return initialValue === 'keep' || (initialValue === 'auto' && startNanos < start && start !== time);
  }

  #mapSummary(point: DataPointView, series: Dimensions, index: number): void {
    this.#grown(suffixed(series, 'count'), point, Number(point.count), index);
    const sum = point.sum ?? 0;
    if (Number.isFinite(sum)) {
      const sums = suffixed(series, 'sum');
      const change = this.#cache.difference(this.#key(sums), point.startTimeUnixNano, point.timeUnixNano, sum, this.#nowMs);
      if (change !== undefined) this.#output.count(sums, point, change);
    }
    if (!this.#options.quantiles) return;
    const base = suffixed(series, 'quantile');
    for (let i = 0; i < point.quantiles.size; i++) {
      const { quantile, value } = point.quantiles.at(i);
      if (Number.isFinite(value)) this.#output.gauge(tagged(base, `quantile:${numberText(quantile)}`), point, value);
    }
  }

  #mapHistogram(point: DataPointView, metric: MetricView, series: Dimensions): void {
    const { histogramMode } = this.#options;
    if (point.bucketCounts > 0 && point.bucketCounts !== point.bounds + 1) {
      this.#output.drop('invalid_histogram');
      return;
    }
    const isDelta = metric.temporality === delta;
    const totals = this.#totals(point, series, isDelta);
    this.#sendAggregations(point, series, totals, isDelta);
    if (histogramMode === 'counters') this.#sendBuckets(point, series, isDelta);
    else if (histogramMode === 'distributions') {
      try {
        const key = isDelta ? '' : this.#key(series);
        const sketch = histogramSketch(point, totals, (i) => this.#bucketCount(point, key, i, isDelta));
        if (sketch !== undefined) this.#output.sketch(series, point, sketch);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.#output.drop('invalid_histogram');
      }
    }
  }

  #mapExponential(point: DataPointView, series: Dimensions): void {
    const totals = this.#totals(point, series, true);
    this.#sendAggregations(point, series, totals, true);
    const sketch = exponentialSketch(point);
    if (sketch === undefined) {
      if (point.count > 0n) this.#output.drop('invalid_histogram');
      return;
    }
    if (totals !== undefined && totals.count > 0) {
      sketch.count = totals.count;
      sketch.sum = totals.sum;
      sketch.average = totals.sum / totals.count;
      if (totals.count === 1) sketch.min = sketch.max = totals.sum;
    }
    sketch.min = point.min ?? sketch.min;
    sketch.max = point.max ?? sketch.max;
    this.#output.sketch(series, point, sketch);
  }

  /** Count and sum of this point alone; `isOk` is false when they are not known. */
  #totals(point: DataPointView, series: Dimensions, isDelta: boolean): HistogramTotals {
    const count = Number(point.count);
    const sum = point.sum ?? 0;
    if (isDelta) return { isOk: Number.isFinite(sum), count, sum, hasMin: point.min !== undefined, hasMax: point.max !== undefined };
    const { startTimeUnixNano: start, timeUnixNano: time } = point;
    const cache = this.#cache;
    const key = this.#key(series);
    const newCount = cache.difference(`${key}count`, start, time, count, this.#nowMs);
    const newSum = Number.isFinite(sum) ? cache.difference(`${key}sum`, start, time, sum, this.#nowMs) : undefined;
    return {
      isOk: newCount !== undefined && newSum !== undefined,
      count: Math.max(0, newCount ?? 0),
      sum: newSum ?? 0,
      hasMin: point.min !== undefined && cache.isNewExtreme(`${key}min`, -1, start, time, point.min, this.#nowMs),
      hasMax: point.max !== undefined && cache.isNewExtreme(`${key}max`, 1, start, time, point.max, this.#nowMs),
    };
  }

  #sendAggregations(point: DataPointView, series: Dimensions, totals: HistogramTotals, isDelta: boolean): void {
    if (!this.#options.sendAggregations || !totals.isOk) return;
    this.#output.count(suffixed(series, 'count'), point, totals.count);
    this.#output.count(suffixed(series, 'sum'), point, totals.sum);
    if (isDelta && point.min !== undefined) this.#output.gauge(suffixed(series, 'min'), point, point.min);
    if (isDelta && point.max !== undefined) this.#output.gauge(suffixed(series, 'max'), point, point.max);
  }

  #sendBuckets(point: DataPointView, series: Dimensions, isDelta: boolean): void {
    const base = suffixed(series, 'bucket');
    const key = isDelta ? '' : this.#key(base);
    for (let i = 0; i < point.bucketCounts; i++) {
      const count = this.#bucketCount(point, key, i, isDelta);
      if (count === undefined) continue;
      const lower = numberText(i === 0 ? -Infinity : point.bound(i - 1));
      const upper = numberText(i === point.bounds ? Infinity : point.bound(i));
      this.#output.count(tagged(base, `lower_bound:${lower}`, `upper_bound:${upper}`), point, count);
    }
  }

  /** What a bucket counted since the point before; `undefined` when that is not known. */
  #bucketCount(point: DataPointView, key: string, index: number, isDelta: boolean): number | undefined {
    const count = Number(point.bucketCount(index));
    if (isDelta) return count;
    const lower = index === 0 ? -Infinity : point.bound(index - 1);
    const upper = index === point.bounds ? Infinity : point.bound(index);
    const bucketKey = `${key}${lower}\0${upper}`;
    return this.#cache.difference(bucketKey, point.startTimeUnixNano, point.timeUnixNano, count, this.#nowMs);
  }

  /** The identity of a series. */
  #key({ name, host, tags }: Dimensions): string {
    return [...[...tags].sort(), name, host, this.#containerId, ''].join('\0');
  }
}
