import type { Context, Verdict } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { readExponential, readHistogram, SeriesKey, SeriesMap } from '@millrace/timeseries';
import type { SeriesVisitor } from '@millrace/timeseries';
import type { DataPointView, MetricEdit, ResourceEdit, ScopeEdit } from '@millrace/wire';
import type { DeltaToCumulativeConfig } from './config.ts';
import { ExponentialSum } from './exponential-sum.ts';
import { HistogramSum } from './histogram-sum.ts';

/** Why a point is dropped. */
export type DropReason = 'limit' | 'memory_limit' | 'older_start' | 'out_of_order';

/** How the Collector's metric names them. */
const errors: Readonly<Record<DropReason, string>> = {
  limit: 'limit',
  memory_limit: 'memory_limit',
  older_start: 'delta.ErrOlderStart',
  out_of_order: 'delta.ErrOutOfOrder',
};

const delta = 1;
const cumulative = 2;
const startTimeField = 2;

/** Replaces deltas by the sum since the first point of the same series. Semantics: the Collector's processor of this name. */
export class SumVisitor implements SeriesVisitor {
  /** Whether a new series may be remembered. */
  hasRoom: () => boolean = () => true;
  /** Points that were dropped, by reason. */
  readonly dropped: Record<DropReason, number> = { limit: 0, memory_limit: 0, older_start: 0, out_of_order: 0 };
  readonly #maxStreams: number;
  readonly #context: Context;
  readonly #key = new SeriesKey();
  readonly #series = new SeriesMap();
  readonly #starts = this.#series.bigInt64();
  readonly #times = this.#series.bigInt64();
  readonly #ints = this.#series.bigInt64();
  readonly #doubles = this.#series.float64();
  /** Of a number series, whether the sum is an int. */
  readonly #isInt = this.#series.int32();
  readonly #distributions: (HistogramSum | ExponentialSum | undefined)[] = [];
  #distributionBytes = 0;
  readonly #resource = new Int32Array(4);
  readonly #scope = new Int32Array(4);
  readonly #metric = new Int32Array(4);
  #processed = 0;

  constructor({ max_streams: maxStreams = Infinity, max_stale: maxStale }: DeltaToCumulativeConfig, context: Context) {
    this.#maxStreams = maxStreams;
    this.#context = context;
    this.#observe(durationMs(maxStale) / 1000);
  }

  /** Bytes of what is remembered, about. */
  get sizeBytes(): number {
    return this.#series.sizeBytes + this.#distributionBytes;
  }

  /** Forgets the series that were seen last before. */
  forget(beforeMs: number): void {
    this.#series.sweep(this.#secondsOf(beforeMs), Infinity, (slot) => {
      this.#distributionBytes -= this.#distributions[slot]?.sizeBytes ?? 0;
      this.#distributions[slot] = undefined;
    });
  }

  /** Since 2020, so that it fits an int32 for a long time. */
  #secondsOf(ms: number): number {
    return Math.floor(ms / 1000) - 1_577_836_800;
  }

  onResource(resource: ResourceEdit): void {
    this.#resource.set(this.#key.start().attributes(resource.attributes, 1).words);
  }

  onScope(scope: ScopeEdit): void {
    this.#scope.set(this.#key.start(this.#resource).text(scope.name, 2).text(scope.version, 3).attributes(scope.attributes, 4).words);
  }

  onMetric(metric: MetricEdit): Verdict {
    const { type, isMonotonic } = metric;
    if (metric.temporality !== delta) return 'skip';
    if (metric.size === 0) return 'drop';
    const key = this.#key
      .start(this.#scope)
      .text(metric.name, 5)
      .text(metric.unit, 6)
      .text(type, 7)
      .number(isMonotonic ? 1 : 0, 8);
    this.#metric.set(key.words);
    metric.setTemporality(cumulative);
    return undefined;
  }

  onDataPoint(point: DataPointView): Verdict {
    this.#processed++;
    const { startTimeUnixNano: start, timeUnixNano: time } = point;
    let slot = this.#series.find(this.#key.start(this.#metric).attributes(point.attributes, 9).words);
    if (slot < 0) {
      if (this.#series.size >= this.#maxStreams) return this.#drop('limit');
      if (!this.hasRoom()) return this.#drop('memory_limit');
      slot = this.#series.add(this.#key.words);
    }
    this.#series.touch(slot, this.#secondsOf(this.#context.clock.now()));
    const before = BigInt.asUintN(64, this.#times.values[slot]!);
    if (before === 0n) {
      this.#first(slot, point);
      return undefined;
    }
    if (start < BigInt.asUintN(64, this.#starts.values[slot]!)) return this.#drop('older_start');
    if (time <= before) return this.#drop('out_of_order');
    this.#times.values[slot] = time;
    this.#add(slot, point);
    point.fields.setFixed64(startTimeField, BigInt.asUintN(64, this.#starts.values[slot]!));
    return undefined;
  }

  #first(slot: number, point: DataPointView): void {
    const { type } = point.metric;
    this.#starts.values[slot] = point.startTimeUnixNano;
    this.#times.values[slot] = point.timeUnixNano;
    if (type === 'histogram') this.#remember(slot, new HistogramSum(readHistogram(point), point));
    else if (type === 'exponentialHistogram') this.#remember(slot, new ExponentialSum(readExponential(point), point));
    else {
      this.#isInt.values[slot] = point.isInt ? 1 : 0;
      if (point.isInt) this.#ints.values[slot] = point.int;
      else this.#doubles.values[slot] = point.number;
    }
  }

  #add(slot: number, point: DataPointView): void {
    const distribution = this.#distributions[slot];
    if (distribution instanceof HistogramSum) {
      // With other bounds nothing can be added: the sum begins anew.
      if (!distribution.fits(point)) return this.#first(slot, point);
      distribution.add(point);
    } else if (distribution instanceof ExponentialSum) {
      this.#distributionBytes -= distribution.sizeBytes;
      distribution.add(point);
      this.#distributionBytes += distribution.sizeBytes;
    } else if (point.hasValue) this.#addNumber(slot, point);
    return undefined;
  }

  /** A sum of the other kind of number counts for nothing. */
  #addNumber(slot: number, point: DataPointView): void {
    const wasInt = this.#isInt.values[slot] === 1;
    if (point.isInt) {
      const sum = BigInt.asIntN(64, (wasInt ? this.#ints.values[slot]! : 0n) + point.int);
      this.#ints.values[slot] = sum;
      point.setInt(sum);
    } else {
      const sum = (wasInt ? 0 : this.#doubles.values[slot]!) + point.number;
      this.#doubles.values[slot] = sum;
      point.setDouble(sum);
    }
    this.#isInt.values[slot] = point.isInt ? 1 : 0;
  }

  #remember(slot: number, distribution: HistogramSum | ExponentialSum): void {
    this.#distributionBytes += distribution.sizeBytes - (this.#distributions[slot]?.sizeBytes ?? 0);
    this.#distributions[slot] = distribution;
  }

  #drop(reason: DropReason): 'drop' {
    this.dropped[reason]++;
    return 'drop';
  }

  #observe(staleSeconds: number): void {
    const { meter, id } = this.#context;
    const own = { processor: id };
    const name = (text: string): string => `deltatocumulative_${text}`;
    meter
      .createObservableCounter(name('datapoints'), {
        description: "total number of datapoints processed. may have 'error' attribute, if processing failed",
        unit: '{datapoint}',
      })
      .addCallback((result) => {
        let failed = 0;
        for (const [reason, points] of Object.entries(this.dropped)) {
          failed += points;
          if (points > 0) result.observe(points, { ...own, error: errors[reason as DropReason] });
        }
        result.observe(this.#processed - failed, own);
      });
    if (this.#maxStreams !== Infinity) {
      meter
        .createObservableGauge(name('streams_limit'), { description: 'upper limit of tracked streams', unit: '{stream}' })
        .addCallback((result) => result.observe(this.#maxStreams, own));
    }
    meter
      .createObservableGauge(name('streams_max_stale'), {
        description: 'duration after which streams inactive streams are dropped',
        unit: 's',
      })
      .addCallback((result) => result.observe(staleSeconds, own));
    meter
      .createObservableUpDownCounter(name('streams_tracked'), { description: 'number of streams tracked', unit: '{dps}' })
      .addCallback((result) => result.observe(this.#series.size, own));
  }
}
