import { Distribution, SeriesMap } from '@millrace/timeseries';
import type { DataPointView } from '@millrace/wire';
import type { Group } from './group.ts';
import type { Overflow } from './overflow.ts';

/** What is remembered of each series whose points are totals or states and are folded: its last value, to know the increment of the next one. */
export class FoldedSeries {
  readonly map: SeriesMap = new SeriesMap();
  readonly #overflow = this.map.int32();
  readonly #int = this.map.bigInt64();
  readonly #double = this.map.float64();
  readonly #startNanos = this.map.float64();
  readonly #timeNanos = this.map.float64();
  /** Of number points: whether the value goes when the series goes, since it is a state and no total. */
  readonly #isState = this.map.int32();
  readonly #distributions: (Distribution | undefined)[] = [];
  #spare = new Distribution();
  #distributionBytes = 0;

  /** Bytes of memory. */
  get sizeBytes(): number {
    return this.map.sizeBytes + this.#distributionBytes;
  }

  /** The slot of the overflow that a series is folded into. */
  overflowOf(slot: number): number {
    return this.#overflow.values[slot]!;
  }

  /** Begins to remember a series that is folded into an overflow. */
  add(words: Int32Array, overflow: number, group: Group, nowSeconds: number): number {
    const slot = this.map.add(words, nowSeconds);
    this.#overflow.values[slot] = overflow;
    this.#isState.values[slot] = group.isMonotonic ? 0 : 1;
    this.#timeNanos.values[slot] = -1;
    return slot;
  }

  /** Adds the increment since the last point to the overflow. A point that is older than the last one of its series says nothing new. */
  fold(slot: number, point: DataPointView, group: Group, into: Overflow): void {
    const start = point.startTimeNanos;
    const time = point.timeNanos;
    const isNew = this.#timeNanos.values[slot] === -1;
    if (!isNew && time < this.#timeNanos.values[slot]!) return;
    const isReset = isNew || start > this.#startNanos.values[slot]!;
    this.#startNanos.values[slot] = start;
    this.#timeNanos.values[slot] = time;
    if (group.kind === 'number') this.#foldNumber(slot, point, group.isMonotonic, isReset, into);
    else this.#foldDistribution(slot, point, isReset, into.distribution!);
  }

  #foldNumber(slot: number, point: DataPointView, isMonotonic: boolean, isReset: boolean, into: Overflow): void {
    const before = Number(this.#int.values[slot]!) + this.#double.values[slot]!;
    // The last value of a total stays in the sum when it begins anew; that of a state is replaced.
    const isKept = isMonotonic && (isReset || point.number < before);
    if (!isKept) this.#subtract(slot, into);
    into.addPoint(point);
    this.#int.values[slot] = point.isInt ? point.int : 0n;
    this.#double.values[slot] = point.isInt ? 0 : point.number;
  }

  #subtract(slot: number, from: Overflow): void {
    if (this.#int.values[slot] !== 0n) from.addInt(-this.#int.values[slot]!);
    if (this.#double.values[slot] !== 0) from.addDouble(-this.#double.values[slot]!);
  }

  #foldDistribution(slot: number, point: DataPointView, isReset: boolean, into: Distribution): void {
    const last = this.#distributions[slot];
    const now = this.#spare;
    now.read(point);
    into.add(now, last === undefined || isReset || !last.isBefore(now) ? undefined : last);
    this.#distributionBytes += now.sizeBytes - (last?.sizeBytes ?? 0);
    this.#distributions[slot] = now;
    this.#spare = last ?? new Distribution();
  }

  /** Forgets what a series was; a state goes out of the overflow. Call it before the slot is removed. */
  forget(slot: number, overflow: Overflow): void {
    if (this.#isState.values[slot] === 1) this.#subtract(slot, overflow);
    const distribution = this.#distributions[slot];
    if (distribution === undefined) return;
    this.#distributionBytes -= distribution.sizeBytes;
    this.#distributions[slot] = undefined;
  }
}
