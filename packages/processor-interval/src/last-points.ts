import type { BufferPool, Verdict, Visitor } from '@millrace/api';
import { SeriesKey, SeriesMap } from '@millrace/timeseries';
import { BatchBuilder, walk } from '@millrace/wire';
import type { Batch, DataPointView, MetricEdit, MetricView, ResourceEdit, ResourceView, ScopeEdit, ScopeView } from '@millrace/wire';
import type { IntervalConfig } from './config.ts';

const cumulative = 2;
/** Copies that newer points replaced are thrown out when there are more of them than series, and at least so many. */
const fewCopies = 4096;

/**
 * Takes the points that are collected out of the batches that it walks, and keeps the last one of each series. Copies are made as points come; older
 * ones are left out when the copies are taken.
 */
export class LastPoints implements Visitor {
  readonly #passThrough: IntervalConfig['pass_through'];
  readonly #key = new SeriesKey();
  readonly #series = new SeriesMap();
  /** Of each series, the time of its last point. */
  readonly #times = this.#series.bigInt64();
  /** Of each series, whether its last point was taken. */
  readonly #taken = this.#series.int32();
  readonly #resource = new Int32Array(4);
  readonly #scope = new Int32Array(4);
  readonly #metric = new Int32Array(4);
  #copies: BatchBuilder;
  readonly #pool: BufferPool;
  /** Points taken out of batches since the last `take`, those that were replaced included. */
  collected = 0;

  constructor(passThrough: IntervalConfig['pass_through'], pool: BufferPool) {
    this.#passThrough = passThrough;
    this.#pool = pool;
    this.#copies = new BatchBuilder('metrics', pool);
  }

  /** Series that have a point. */
  get size(): number {
    return this.#series.size;
  }

  /** Bytes of what is remembered; those of the copies belong to the pool. */
  get sizeBytes(): number {
    return this.#series.sizeBytes;
  }

  onResource(resource: ResourceEdit | ResourceView): void {
    this.#resource.set(this.#key.start().attributes(resource.attributes, 1).words);
  }

  onScope(scope: ScopeEdit | ScopeView): void {
    this.#scope.set(this.#key.start(this.#resource).text(scope.name, 2).text(scope.version, 3).attributes(scope.attributes, 4).words);
  }

  onMetric(metric: MetricEdit | MetricView): Verdict {
    if (this.#passes(metric)) return 'skip';
    const key = this.#key.start(this.#scope).text(metric.name, 5).text(metric.unit, 6).text(metric.type, 7).text(metric.description, 8);
    this.#metric.set(key.words);
    return undefined;
  }

  #passes({ type, temporality, isMonotonic }: MetricView): boolean {
    switch (type) {
      case 'gauge':
        return this.#passThrough.gauge;
      case 'summary':
        return this.#passThrough.summary;
      case 'sum':
        return !isMonotonic || temporality !== cumulative;
      case 'empty':
        return true;
      default:
        return temporality !== cumulative;
    }
  }

  onDataPoint(point: DataPointView): 'drop' {
    this.collected++;
    const slot = this.#slotOf(point);
    const time = point.timeUnixNano;
    if (slot < 0) this.#times.values[this.#series.add(this.#key.words)] = time;
    else if (BigInt.asUintN(64, this.#times.values[slot]!) < time) this.#times.values[slot] = time;
    else return 'drop';
    this.#copies.copy(point);
    return 'drop';
  }

  onBatchEnd(): void {
    if (this.#copies.items <= Math.max(fewCopies, 2 * this.#series.size)) return;
    using last = this.#takeCopies();
    if (last !== undefined) walk([this.#copier()], () => {}).run(last);
  }

  #slotOf(point: DataPointView): number {
    return this.#series.find(this.#key.start(this.#metric).attributes(point.attributes, 9).words);
  }

  /** The last points as a batch, which is the caller's; nothing is remembered afterwards. Undefined when there are none. */
  take(): Batch | undefined {
    const batch = this.#takeCopies();
    this.#series.clear();
    this.collected = 0;
    return batch;
  }

  /** The copies without those that were replaced. */
  #takeCopies(): Batch | undefined {
    const { items } = this.#copies;
    if (items === 0) return undefined;
    using all = this.#copies.finish()!;
    this.#copies = new BatchBuilder('metrics', this.#pool);
    if (items === this.#series.size) return all.hold();
    this.#taken.values.fill(0);
    const result = walk([this.#sieve()], () => {}).run(all);
    return result === all ? all.hold() : result;
  }

  /** Drops every point but the last of its series. */
  #sieve(): Visitor {
    return {
      onResource: (resource) => this.onResource(resource),
      onScope: (scope) => this.onScope(scope),
      onMetric: (metric) => void this.onMetric(metric),
      onDataPoint: (point) => {
        const slot = this.#slotOf(point);
        if (BigInt.asUintN(64, this.#times.values[slot]!) !== point.timeUnixNano || this.#taken.values[slot] === 1) return 'drop';
        this.#taken.values[slot] = 1;
        return undefined;
      },
    };
  }

  #copier(): Visitor {
    return { onDataPoint: (point) => this.#copies.copy(point) };
  }
}
