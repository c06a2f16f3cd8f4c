import type { HistogramSample, SeriesSamples } from '@millrace/api';
import { staleMarkers } from '../evaluate/stale.ts';
import { Histogram } from '../histogram/histogram.ts';
import type { Labels } from '../labels.ts';

/** The samples of a series, stored or computed. */
export interface RangeSamples extends Omit<SeriesSamples, 'histograms'> {
  readonly histograms?: readonly (HistogramSample | Histogram | undefined)[];
}

const none = new Float64Array(0);

/**
 * The samples of one series that a range selector sees at one step: after `startMs`, up to `endMs`. It only moves forward, so each sample enters and
 * leaves once in a whole query.
 */
export class Window {
  readonly rangeMs: number;
  labels: Labels = [];
  /** All numbers of the series, without staleness markers; those in the window are from `low` on, before `high`. */
  times: Float64Array = none;
  values: Float64Array = none;
  low = 0;
  high = 0;
  /** All native histograms of the series; those in the window are from `histogramLow` on, before `histogramHigh`. */
  histogramTimes: number[] = [];
  histograms: Histogram[] = [];
  histogramLow = 0;
  histogramHigh = 0;
  startMs = 0;
  endMs = 0;
  /** The time of the step, which differs from `endMs` by offset and `@`. */
  stepTimeMs = 0;

  constructor(rangeMs: number) {
    this.rangeMs = rangeMs;
  }

  /** Begins a series. */
  load({ labels, timestampsMs, values, histograms }: RangeSamples): void {
    this.labels = labels;
    this.low = this.high = this.histogramLow = this.histogramHigh = 0;
    this.histogramTimes = [];
    this.histograms = [];
    const stale = staleMarkers(values);
    if (stale === undefined && histograms === undefined) {
      this.times = timestampsMs;
      this.values = values;
      return;
    }
    const [times, numbers] = [new Float64Array(values.length), new Float64Array(values.length)];
    let kept = 0;
    for (let i = 0; i < values.length; i++) {
      const sample = histograms?.[i];
      if (sample !== undefined) {
        this.histogramTimes.push(timestampsMs[i]!);
        this.histograms.push(sample instanceof Histogram ? sample : Histogram.of(sample));
      } else if (stale?.[i] !== 1) {
        times[kept] = timestampsMs[i]!;
        numbers[kept++] = values[i]!;
      }
    }
    this.times = times.subarray(0, kept);
    this.values = numbers.subarray(0, kept);
  }

  /** Moves on to a step. */
  slide(endMs: number, stepTimeMs: number): void {
    const { times, histogramTimes } = this;
    const startMs = endMs - this.rangeMs;
    this.startMs = startMs;
    this.endMs = endMs;
    this.stepTimeMs = stepTimeMs;
    let { low, high } = this;
    while (high < times.length && times[high]! <= endMs) high++;
    while (low < high && times[low]! <= startMs) low++;
    this.low = low;
    this.high = high;
    if (histogramTimes.length === 0) return;
    while (this.histogramHigh < histogramTimes.length && histogramTimes[this.histogramHigh]! <= endMs) this.histogramHigh++;
    while (this.histogramLow < this.histogramHigh && histogramTimes[this.histogramLow]! <= startMs) this.histogramLow++;
  }

  get floatCount(): number {
    return this.high - this.low;
  }

  get histogramCount(): number {
    return this.histogramHigh - this.histogramLow;
  }

  get isEmpty(): boolean {
    return this.low === this.high && this.histogramLow === this.histogramHigh;
  }
}
