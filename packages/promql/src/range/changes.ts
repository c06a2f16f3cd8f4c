import type { Histogram } from '../histogram/histogram.ts';
import { isReset } from '../histogram/reset.ts';
import type { RangeFunction } from './range-function.ts';
import type { Window } from './window.ts';

/** `changes` and `resets`: how many samples differ in a way from the one before. */
function counting(
  ofNumbers: (value: number, before: number) => boolean,
  ofHistograms: (value: Histogram, before: Histogram) => boolean,
): RangeFunction {
  const differs = (value: number | Histogram, before: number | Histogram): boolean => {
    if (typeof value === 'number') return typeof before !== 'number' || ofNumbers(value, before);
    return typeof before === 'number' || ofHistograms(value, before);
  };
  return (window) => {
    const { values } = window;
    // How many up to each sample, so that a window's count is a difference.
    const counts = new Uint32Array(values.length);
    for (let i = 1; i < values.length; i++) counts[i] = counts[i - 1]! + (ofNumbers(values[i]!, values[i - 1]!) ? 1 : 0);
    return (out, step) => {
      const { low, high } = window;
      if (window.histogramCount === 0) {
        out.setFloat(step, counts[high - 1]! - counts[low]!);
        return;
      }
      let count = 0;
      let before: number | Histogram | undefined;
      for (const sample of samplesOf(window)) {
        if (before !== undefined && differs(sample, before)) count++;
        before = sample;
      }
      out.setFloat(step, count);
    };
  };
}

function* samplesOf(window: Window): Generator<number | Histogram> {
  const { high, histogramHigh, times, histogramTimes } = window;
  for (let i = window.low, j = window.histogramLow; i < high || j < histogramHigh;) {
    if (j >= histogramHigh || (i < high && times[i]! < histogramTimes[j]!)) yield window.values[i++]!;
    else yield window.histograms[j++]!;
  }
}

export const changes: RangeFunction = counting(
  (value, before) => value !== before && !(Number.isNaN(value) && Number.isNaN(before)),
  (value, before) => !value.equals(before),
);
export const resets: RangeFunction = counting((value, before) => value < before, isReset);
