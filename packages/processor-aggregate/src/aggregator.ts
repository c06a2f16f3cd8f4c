import type { Distribution } from '@millrace/timeseries';
import type { Exemplar } from './cells.ts';
import { InputSeries } from './input-series.ts';
import { OutputSeries } from './output-series.ts';
import { Pressure } from './pressure.ts';
import type { Rule } from './rule.ts';
import { SeriesLookup } from './series-lookup.ts';
import { Windows } from './windows.ts';

const fineScale = 6;
const coarseScale = 3;
const nanosPerMs = 1e6;

/** What an aggregator is made of. */
export interface AggregatorOptions {
  readonly windows: readonly string[];
  readonly allowedLatenessMs: number;
  readonly maxClockSkewMs: number;
  readonly lateData: 'drop' | 'oldest_window';
  readonly exemplars: boolean;
  readonly memoryBytes: number;
}

/**
 * Counts items in windows of event time. Time goes on with the largest time seen: the watermark, behind it by the allowed lateness, closes windows. The
 * result depends on the items and their order alone, not on when they come or how they are batched.
 */
export class Aggregator {
  readonly output: OutputSeries = new OutputSeries();
  readonly input: InputSeries = new InputSeries(() => this.#hasRoomForInput());
  readonly windows: Windows;
  readonly pressure: Pressure = new Pressure();
  readonly series: SeriesLookup = new SeriesLookup(this.output, this.pressure, () => this.#neededBytes < this.#options.memoryBytes);
  /** The largest time seen. */
  maxTimeMs = -Infinity;
  lateItems = 0;
  skewedItems = 0;
  /** Items of this batch that were given up, because they were late and because nothing more can be remembered. */
  droppedLate = 0;
  droppedForMemory = 0;
  readonly #options: AggregatorOptions;
  #closeAtMs = -Infinity;
  /** How often windows closed, and how often when the level changed. */
  #closings = 0;
  #changedAt = 0;
  #nowMs = 0;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    this.windows = new Windows(options.windows);
  }

  /** Where event time is: what ends before is closed. */
  get watermarkMs(): number {
    return this.maxTimeMs - this.#options.allowedLatenessMs;
  }

  /** Bytes of what is remembered. */
  get sizeBytes(): number {
    return this.output.sizeBytes + this.input.sizeBytes + this.windows.sizeBytes;
  }

  /** Whether the memory is used up. */
  get isFull(): boolean {
    return this.sizeBytes >= this.#options.memoryBytes;
  }

  /** What is remembered, and what closing the open windows takes. */
  get #neededBytes(): number {
    return this.sizeBytes + this.windows.reservedBytes(this.output.map.size);
  }

  /** A batch that came at `nowMs` by the clock; `usedShare` is how much of the process's memory for telemetry is in use. */
  begin(nowMs: number, usedShare: number): void {
    this.droppedLate = this.droppedForMemory = this.input.refused = 0;
    this.#nowMs = nowMs;
    this.adapt(usedShare);
  }

  #hasRoomForInput(): boolean {
    const { map } = this.input;
    return this.#neededBytes + (map.size < map.capacity ? 0 : map.sizeBytes) <= this.#options.memoryBytes;
  }

  /** Gives detail up, or takes it back, by the memory in use. Returns whether the level changed. */
  adapt(usedShare: number): boolean {
    const { pressure } = this;
    const share = Math.max(usedShare, this.#neededBytes / this.#options.memoryBytes);
    if (!pressure.update(share, this.#closings > this.#changedAt)) return false;
    this.#changedAt = this.#closings;
    if (pressure.level >= 1) for (const cells of this.windows.all()) cells.dropExemplars();
    if (pressure.level >= 2) for (const cells of this.windows.all()) cells.coarsen(coarseScale);
    return true;
  }

  get #scale(): number {
    return this.pressure.level >= 2 ? coarseScale : fineScale;
  }

  /** Whether exemplars are wanted now. */
  get wantsExemplars(): boolean {
    return this.#options.exemplars && this.pressure.level === 0;
  }

  /**
   * The time that an item counts at, in milliseconds, or NaN when it is late and dropped. Moves event time on, which may close windows.
   */
  timeOf(unixNanos: number): number {
    let timeMs = unixNanos / nanosPerMs;
    if (timeMs === 0) timeMs = this.#nowMs;
    else if (timeMs > this.#nowMs + this.#options.maxClockSkewMs) {
      this.skewedItems++;
      timeMs = this.#nowMs;
    }
    if (timeMs > this.maxTimeMs) this.advance(timeMs);
    if (timeMs >= this.windows.closedUntilMs) return timeMs;
    this.lateItems++;
    if (this.#options.lateData === 'oldest_window') return this.windows.closedUntilMs;
    this.droppedLate++;
    return NaN;
  }

  /** Event time has come as far as this. */
  advance(timeMs: number): void {
    if (this.maxTimeMs === -Infinity) {
      this.input.sinceNanos = timeMs * nanosPerMs;
      // The first pane that can be open: what came before is late.
      this.windows.closedUntilMs = Math.floor((timeMs - this.#options.allowedLatenessMs) / this.windows.paneMs) * this.windows.paneMs;
      this.#closeAtMs = this.windows.closedUntilMs + this.windows.paneMs;
    }
    this.maxTimeMs = timeMs;
    if (this.watermarkMs >= this.#closeAtMs) this.close(this.watermarkMs);
  }

  /** Closes every window that ends at or before a time. `merge` does the work. */
  close(untilMs: number): void {
    this.#closings++;
    this.windows.close(untilMs);
    this.#closeAtMs = this.windows.closedUntilMs + this.windows.paneMs;
  }

  /** Does a piece of the closing. False when there was none to do. */
  merge(): boolean {
    return this.windows.merge(this.#scale);
  }

  /** Continues where another one was. */
  resume(maxTimeMs: number, closedUntilMs: number): void {
    this.maxTimeMs = maxTimeMs;
    this.windows.closedUntilMs = closedUntilMs;
    this.#closeAtMs = closedUntilMs + this.windows.paneMs;
  }

  /** Slots that `sweep` has to look at to have seen all of them. */
  get sweepable(): number {
    return Math.max(this.output.map.end, this.input.map.end);
  }

  /** Forgets series that are in no window which is remembered: looks at so many slots, and goes on there the next time. */
  sweep(slots: number): void {
    if (this.maxTimeMs === -Infinity) return;
    this.output.sweep(Math.floor(this.windows.oldestStartMs / 1000), slots);
    const longest = Math.max(...this.windows.lengths.map(({ ms }) => ms), inputExpiryMs);
    this.input.sweep(Math.floor((this.maxTimeMs - longest) / 1000), slots);
  }

  /** Counts one value. */
  add(slot: number, rule: Rule, timeMs: number, value: number, isFailure: boolean): void {
    const pane = this.windows.pane(timeMs);
    pane.add(slot, 1, value, value, value, isFailure ? 1 : 0);
    if (rule.hasSketch) pane.addToSketch(slot, this.#scale, value);
  }

  /** Counts all values of a histogram. Explicit buckets become values in their middle, between the least and greatest value where these are known. */
  addDistribution(slot: number, { hasSketch }: Rule, timeMs: number, of: Distribution, isFailure: boolean): void {
    const pane = this.windows.pane(timeMs);
    let { min, max } = of;
    if (of.sketch !== undefined) {
      min ??= of.sketch.quantile(0);
      max ??= of.sketch.quantile(1);
      if (hasSketch) pane.mergeSketch(slot, this.#scale, of.sketch);
    } else {
      const { bounds, counts } = of;
      for (let i = 0; i < counts.length; i++) {
        const count = counts[i]!;
        if (count === 0) continue;
        const value = Math.min(of.max ?? Infinity, Math.max(of.min ?? -Infinity, middleOf(bounds, i)));
        min ??= value;
        if (of.max === undefined) max = value;
        if (hasSketch) pane.addToSketch(slot, this.#scale, value, count);
      }
    }
    pane.add(slot, of.count, of.sum ?? NaN, min ?? NaN, max ?? NaN, isFailure ? of.count : 0);
  }

  /** Whether a value would be the exemplar of its cell: none is larger. */
  isLargest(slot: number, timeMs: number, value: number): boolean {
    const kept = this.windows.pane(timeMs).exemplar(slot);
    return kept === undefined || value > kept.value;
  }

  setExemplar(slot: number, timeMs: number, exemplar: Exemplar): void {
    this.windows.pane(timeMs).setExemplar(slot, exemplar);
  }
}

/** How long a cumulative series may pause and go on. */
const inputExpiryMs = 3_600_000;

function middleOf(bounds: Float64Array, i: number): number {
  if (bounds.length === 0) return 0;
  if (i === 0) return bounds[0]! > 0 ? bounds[0]! / 2 : bounds[0]!;
  return i === bounds.length ? bounds[i - 1]! : (bounds[i - 1]! + bounds[i]!) / 2;
}
