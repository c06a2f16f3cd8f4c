import { StreamingForecast } from '@millrace/timeseries';
import type { PlainAttributes } from '@millrace/wire';
import type { SeriesKind } from './config.ts';
import { Origins } from './origins.ts';

export const hourMs = 3_600_000;
/** Hours that a forecast is made from: eight weeks. */
export const historyHours = 1344;
/** A round of forecasts may wait for its turn while so many hours more are closed. */
export const slackHours = 48;
const ringHours = historyHours + slackHours;

/** Who a series is: what its forecasts say of it. */
export interface SeriesIdentity {
  /** Unique. */
  readonly key: string;
  readonly metric: string;
  readonly unit: string;
  readonly kind: SeriesKind;
  readonly attributes: PlainAttributes;
  readonly resource: PlainAttributes;
  /** The place of a budget, of a series that is all of it; -1: of none. */
  readonly budget: number;
}

/** What is written of a series. Without `values` and what stands beside them, those written before hold. */
export interface SeriesState {
  readonly identity: SeriesIdentity;
  readonly lastHour: number;
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  readonly firstHour: number;
  readonly closed?: {
    readonly values: Float64Array | undefined;
    readonly origins: Uint8Array | undefined;
    readonly stream: Uint8Array | undefined;
  };
}

/** The hours of one series: open ones that points are added to, and closed ones, which do not change any more. */
export class Series {
  readonly identity: SeriesIdentity;
  /** Of an exact series: what forecasts made daily said, to learn from their errors. */
  readonly origins: Origins | undefined;
  /** Of the others: what was learned. */
  stream: StreamingForecast | undefined;
  /** The hour of the first point. */
  firstHour: number;
  /** The hour of the youngest point. */
  lastHour: number;
  /** Whether the storage does not know the closed hours as they are. */
  dirty = true;
  /** Hours by their number, modulo the length; NaN: nothing is known. */
  #values: Float64Array | undefined;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;

  /** `openHours`: how many hours can be open at once. */
  constructor(identity: SeriesIdentity, isExact: boolean, firstHour: number, openHours: number) {
    this.identity = identity;
    this.firstHour = this.lastHour = firstHour;
    this.#sums = new Float64Array(openHours);
    this.#counts = new Float64Array(openHours);
    if (isExact) {
      this.#values = new Float64Array(ringHours).fill(NaN);
      this.origins = new Origins();
    } else this.stream = new StreamingForecast();
  }

  get isExact(): boolean {
    return this.#values !== undefined;
  }

  /** About the bytes of memory. */
  get sizeBytes(): number {
    return 600 + this.#sums.byteLength * 2 + (this.#values === undefined ? 600 : this.#values.byteLength + this.origins!.sizeBytes);
  }

  /** Adds to an open hour: `count` observations with this sum, or what was counted. */
  add(hour: number, sum: number, count: number): void {
    const slot = hour % this.#sums.length;
    this.#sums[slot]! += sum;
    this.#counts[slot]! += count;
  }

  /** Notes a point. */
  touch(hour: number): void {
    if (hour > this.lastHour) this.lastHour = hour;
  }

  /** Closes an hour. `known`: whether anything came in that hour, so that what a counter did not count is zero. */
  close(hour: number, known: boolean): void {
    const slot = hour % this.#sums.length;
    const count = this.#counts[slot]!;
    const sum = this.#sums[slot]!;
    this.#sums[slot] = this.#counts[slot] = 0;
    if (hour < this.firstHour) return;
    const value = this.identity.kind === 'counter' ? (count > 0 || known ? sum : NaN) : count > 0 ? sum / count : NaN;
    this.dirty = true;
    if (this.#values !== undefined) this.#values[hour % ringHours] = value;
    else this.stream!.update(hour * hourMs, value);
  }

  /** The value of a closed hour of an exact series, of the last eight weeks and a little more; NaN where nothing is known. */
  at(hour: number): number {
    return hour < this.firstHour ? NaN : this.#values![hour % ringHours]!;
  }

  /** State to be written; `all`: also closed hours that were written already. */
  save(all: boolean): SeriesState {
    const { identity, lastHour, firstHour } = this;
    const state = { identity, lastHour, firstHour, sums: this.#sums, counts: this.#counts };
    if (!this.dirty && !all) return state;
    this.dirty = false;
    return { ...state, closed: { values: this.#values, origins: this.origins?.write(), stream: this.stream?.write() } };
  }

  /** Takes up what was written. */
  restore({ lastHour, firstHour, sums, counts, closed }: SeriesState): void {
    this.lastHour = lastHour;
    this.firstHour = firstHour;
    this.#sums.set(sums);
    this.#counts.set(counts);
    if (closed?.values !== undefined) this.#values?.set(closed.values);
    if (closed?.origins !== undefined) this.origins?.read(closed.origins);
    if (closed?.stream !== undefined && this.stream !== undefined) this.stream = StreamingForecast.read(closed.stream);
    this.dirty = false;
  }
}
