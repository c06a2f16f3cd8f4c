import type { Context, Verdict } from '@millrace/api';
import { MetricRules } from '@millrace/item-match';
import { readExponential, readHistogram, SeriesKey, SeriesMap, writeExponential, writeHistogram } from '@millrace/timeseries';
import type { ExponentialPoint, HistogramPoint, SeriesVisitor } from '@millrace/timeseries';
import type { DataPointView, MetricEdit, ResourceEdit, ScopeEdit } from '@millrace/wire';
import { matchesNames } from './config.ts';
import type { CumulativeToDeltaConfig, MetricsMatch } from './config.ts';
import { exponentialDelta } from './exponential-delta.ts';
import { bucketsDiffer, histogramDelta } from './histogram-delta.ts';

/** Why a point is not converted. `no_value` and `memory_limit` are not counted by the Collector. */
export type DropReason = 'reset' | 'initial' | 'bucket_mismatch' | 'no_value' | 'memory_limit';

const delta = 1;
const cumulative = 2;
const noRecordedValue = 1;
const startTimeField = 2;
/** Seconds are counted from here, so that they fit an int32 for a long time. */
const year2020 = 1_577_836_800n;
const nanosPerSecond = 1_000_000_000n;
/** About the bytes of a histogram's object, besides its numbers. */
const objectBytes = 200;

const typeNames = { sum: 'sum', histogram: 'histogram', exponentialHistogram: 'exponential_histogram' } as const;
type ConvertedType = keyof typeof typeNames;

/** What is remembered of a histogram's series. */
type Distribution = { readonly histogram: HistogramPoint } | { readonly exponential: ExponentialPoint };

/** Replaces cumulative values by what was added since the point before of the same series. Semantics: the Collector's processor of this name. */
export class DeltaVisitor implements SeriesVisitor {
  /** Whether a new series may be remembered. */
  hasRoom: () => boolean = () => true;
  /** Points that were not converted, by reason. */
  readonly dropped: Record<DropReason, number> = { reset: 0, initial: 0, bucket_mismatch: 0, no_value: 0, memory_limit: 0 };
  readonly #initial: CumulativeToDeltaConfig['initial_value'];
  readonly #rules: MetricRules;
  readonly #includedTypes: ReadonlySet<string> | undefined;
  readonly #excludedTypes: ReadonlySet<string> | undefined;
  readonly #startedAtNanos: bigint;
  readonly #context: Context;
  readonly #key = new SeriesKey();
  readonly #series = new SeriesMap();
  readonly #seen = this.#series.bigInt64();
  readonly #ints = this.#series.bigInt64();
  readonly #doubles = this.#series.float64();
  readonly #distributions: (Distribution | undefined)[] = [];
  #distributionBytes = 0;
  readonly #resource = new Int32Array(4);
  readonly #scope = new Int32Array(4);
  readonly #metric = new Int32Array(4);
  #type: ConvertedType | undefined;
  readonly #converted: Record<ConvertedType, number> = { sum: 0, histogram: 0, exponentialHistogram: 0 };
  readonly #droppedByType = new Map<string, { readonly type: ConvertedType; readonly reason: DropReason; points: number }>();

  constructor({ initial_value: initial, include, exclude }: CumulativeToDeltaConfig, context: Context) {
    this.#initial = initial;
    this.#context = context;
    this.#rules = new MetricRules(namesOf(include), namesOf(exclude));
    this.#includedTypes = typesOf(include);
    this.#excludedTypes = typesOf(exclude);
    this.#startedAtNanos = BigInt(context.clock.now()) * 1_000_000n;
    this.#observe();
  }

  /** Bytes of what is remembered, about. */
  get sizeBytes(): number {
    return this.#series.sizeBytes + this.#distributionBytes;
  }

  /** Forgets the series whose last point is older. */
  forget(beforeMs: number): void {
    const before = Number(BigInt(Math.floor(beforeMs / 1000)) - year2020);
    this.#series.sweep(before, Infinity, (slot) => {
      if (this.#distributions[slot] === undefined) return;
      this.#distributionBytes -= sizeOf(this.#distributions[slot]);
      this.#distributions[slot] = undefined;
    });
  }

  onResource(resource: ResourceEdit): void {
    this.#resource.set(this.#key.start().attributes(resource.attributes, 1).words);
  }

  onScope(scope: ScopeEdit): void {
    this.#scope.set(this.#key.start(this.#resource).text(scope.name, 2).text(scope.version, 3).words);
  }

  onMetric(metric: MetricEdit): Verdict {
    const { type } = metric;
    this.#type = undefined;
    if (!(type in typeNames) || metric.temporality !== cumulative || (type === 'sum' && !metric.isMonotonic)) return 'skip';
    if (this.#rules.skips(metric)) return 'skip';
    const name = type.toLowerCase();
    if (this.#includedTypes?.has(name) === false || this.#excludedTypes?.has(name) === true) return 'skip';
    if (metric.size === 0) return type === 'sum' ? 'drop' : 'skip';
    this.#type = type as ConvertedType;
    this.#metric.set(this.#key.start(this.#scope).text(metric.name, 4).text(metric.unit, 5).text(type, 6).words);
    metric.setTemporality(delta);
    return undefined;
  }

  onDataPoint(point: DataPointView): Verdict {
    const type = this.#type!;
    if ((point.flags & noRecordedValue) !== 0) return this.#drop(type, 'no_value');
    const isInt = type !== 'sum' || point.isInt || !point.hasValue;
    if (!isInt && Number.isNaN(point.number)) return undefined;
    const { startTimeUnixNano: start } = point;
    const key = this.#key
      .start(this.#metric)
      .attributes(point.attributes, 7)
      .number(isInt ? 1 : 0, 8)
      .number(Number(start >> 32n), 9)
      .number(Number(start & 0xffff_ffffn), 10);
    const slot = this.#series.find(key.words);
    const reason = slot < 0 ? this.#first(type, isInt, point) : this.#next(type, isInt, point, slot);
    if (reason !== undefined) return this.#drop(type, reason);
    point.fields.setFixed64(startTimeField, slot < 0 ? (this.#initial === 'auto' ? start : 0n) : this.#previousTime);
    this.#converted[type]++;
    return undefined;
  }

  #previousTime = 0n;

  /** The first point of a series: remembered, and kept or not. */
  #first(type: ConvertedType, isInt: boolean, point: DataPointView): DropReason | undefined {
    if (!this.hasRoom()) return 'memory_limit';
    const slot = this.#series.add(this.#key.words);
    if (type === 'histogram') this.#remember(slot, { histogram: readHistogram(point) });
    else if (type === 'exponentialHistogram') this.#remember(slot, { exponential: readExponential(point) });
    else if (isInt) this.#ints.values[slot] = point.int;
    else this.#doubles.values[slot] = point.number;
    this.#touch(slot, point.timeUnixNano);
    if (this.#initial === 'drop') return 'initial';
    const { startTimeUnixNano: start, timeUnixNano: time } = point;
    if (this.#initial === 'auto' && (start < this.#startedAtNanos || time === start)) return 'initial';
    if (type === 'histogram') writeHistogram(point, readHistogram(point));
    else if (type === 'exponentialHistogram') writeExponential(point, readExponential(point));
    return undefined;
  }

  /** A further point of a series: the difference is written into it. */
  #next(type: ConvertedType, isInt: boolean, point: DataPointView, slot: number): DropReason | undefined {
    this.#previousTime = this.#seen.values[slot]!;
    if (type === 'histogram') return this.#nextHistogram(point, slot);
    if (type === 'exponentialHistogram') return this.#nextExponential(point, slot);
    this.#touch(slot, point.timeUnixNano);
    if (isInt) {
      const value = point.int;
      const before = this.#ints.values[slot]!;
      this.#ints.values[slot] = value;
      if (value < before) return 'reset';
      point.setInt(value - before);
      return undefined;
    }
    const value = point.number;
    const before = this.#doubles.values[slot]!;
    this.#doubles.values[slot] = value;
    if (value < before) return 'reset';
    point.setDouble(value - before);
    return undefined;
  }

  #nextHistogram(point: DataPointView, slot: number): DropReason | undefined {
    const { histogram: before } = this.#distributions[slot] as { histogram: HistogramPoint };
    const value = readHistogram(point);
    if (Number.isNaN(value.sum)) value.sum = before.sum;
    this.#remember(slot, { histogram: value });
    this.#touch(slot, point.timeUnixNano);
    if (bucketsDiffer(value, before)) {
      this.#context.logger.warn('Points in histogram series have different buckets; some data will be dropped', {
        metric: point.metric.name,
      });
      return 'bucket_mismatch';
    }
    // After a reset the whole value was added since.
    writeHistogram(point, value.count < before.count ? value : histogramDelta(value, before));
    return undefined;
  }

  #nextExponential(point: DataPointView, slot: number): DropReason | undefined {
    const { exponential: before } = this.#distributions[slot] as { exponential: ExponentialPoint };
    const value = readExponential(point);
    const difference = exponentialDelta(value, before);
    if (difference === undefined) return 'reset';
    this.#remember(slot, { exponential: value });
    this.#touch(slot, point.timeUnixNano);
    writeExponential(point, difference);
    return undefined;
  }

  #remember(slot: number, distribution: Distribution): void {
    const before = this.#distributions[slot];
    if (before !== undefined) this.#distributionBytes -= sizeOf(before);
    this.#distributions[slot] = distribution;
    this.#distributionBytes += sizeOf(distribution);
  }

  #touch(slot: number, time: bigint): void {
    this.#seen.values[slot] = time;
    this.#series.touch(slot, Math.max(-0x7fff_ffff, Number(time / nanosPerSecond - year2020)));
  }

  #drop(type: ConvertedType, reason: DropReason): 'drop' {
    this.dropped[reason]++;
    const name = `${type} ${reason}`;
    let count = this.#droppedByType.get(name);
    if (count === undefined) this.#droppedByType.set(name, (count = { type, reason, points: 0 }));
    count.points++;
    return 'drop';
  }

  #observe(): void {
    const { meter, id } = this.#context;
    const metric = (name: string, description: string, unit: string) => [`cumulativetodelta_${name}`, { description, unit }] as const;
    meter
      .createObservableCounter(
        ...metric('datapoints', 'Number of datapoints converted from cumulative to delta temporality.', '{datapoint}'),
      )
      .addCallback((result) => {
        for (const [type, points] of Object.entries(this.#converted)) {
          if (points > 0) result.observe(points, { processor: id, metric_type: typeNames[type as ConvertedType] });
        }
      });
    meter
      .createObservableCounter(...metric('datapoints_dropped', 'Number of datapoints dropped instead of being converted.', '{datapoint}'))
      .addCallback((result) => {
        for (const { type, reason, points } of this.#droppedByType.values()) {
          result.observe(points, { processor: id, metric_type: typeNames[type], reason });
        }
      });
    meter
      .createObservableUpDownCounter(...metric('streams_tracked', 'Number of metric streams that are remembered.', '{stream}'))
      .addCallback((result) => result.observe(this.#series.size, { processor: id }));
  }
}

function sizeOf(distribution: Distribution | undefined): number {
  if (distribution === undefined) return 0;
  if ('histogram' in distribution) return objectBytes + 8 * (distribution.histogram.counts.length + distribution.histogram.bounds.length);
  return objectBytes + 8 * (distribution.exponential.positive.counts.length + distribution.exponential.negative.counts.length);
}

function namesOf(match: MetricsMatch | undefined): ConstructorParameters<typeof MetricRules>[0] {
  if (!matchesNames(match)) return undefined;
  return { match_type: match.match_type, metric_names: match.metrics, ...(match.regexp && { regexp: match.regexp }) };
}

function typesOf(match: MetricsMatch | undefined): ReadonlySet<string> | undefined {
  return match === undefined || match.metric_types.length === 0 ? undefined : new Set(match.metric_types.map((type) => type.toLowerCase()));
}
