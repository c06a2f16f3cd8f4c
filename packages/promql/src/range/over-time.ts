import type { Histogram } from '../histogram/histogram.ts';
import { infoBounds, warnMixed, warnSchemas } from './range-function.ts';
import type { RangeCall, RangeFunction } from './range-function.ts';
import { meanOf, PrefixSums } from './sums.ts';
import type { Window } from './window.ts';

/** The sum of the histograms in a window; undefined when they do not go together. */
function histogramSum(window: Window, call: RangeCall): Histogram | undefined {
  let sum = window.histograms[window.histogramLow]!;
  for (let i = window.histogramLow + 1; i < window.histogramHigh; i++) {
    const next = window.histograms[i]!;
    if (sum.isCustom && next.isCustom && !sum.sameBounds(next)) infoBounds('aggregation', call);
    const added = sum.plus(next);
    if (added === undefined) {
      warnSchemas(window, call);
      return undefined;
    }
    sum = added;
  }
  return sum;
}

function sumOrMean(mean: boolean): RangeFunction {
  return (window, call) => {
    let sums: PrefixSums | undefined;
    return (out, step) => {
      const { low, high, values } = window;
      if (window.histogramCount > 0) {
        if (high > low) warnMixed(window, call);
        else {
          const sum = histogramSum(window, call);
          if (sum !== undefined) out.setHistogram(step, mean ? sum.divide(window.histogramCount) : sum);
        }
        return;
      }
      sums ??= new PrefixSums(values);
      if (!mean) out.setFloat(step, sums.sum(low, high));
      else out.setFloat(step, sums.isFinite(low, high) ? sums.sum(low, high) / (high - low) : meanOf(values, low, high));
    };
  };
}

export const sumOverTime: RangeFunction = sumOrMean(false);
export const avgOverTime: RangeFunction = sumOrMean(true);

export const countOverTime: RangeFunction = (window) => (out, step) => out.setFloat(step, window.floatCount + window.histogramCount);

export const presentOverTime: RangeFunction = () => (out, step) => out.setFloat(step, 1);

export const lastOverTime: RangeFunction = (window) => (out, step) => {
  const { high, histogramHigh } = window;
  const isHistogram =
    window.histogramCount > 0 && (window.floatCount === 0 || window.histogramTimes[histogramHigh - 1]! >= window.times[high - 1]!);
  if (isHistogram) out.setHistogram(step, window.histograms[histogramHigh - 1]!);
  else out.setFloat(step, window.values[high - 1]!);
};

export const firstOverTime: RangeFunction = (window) => (out, step) => {
  const { low, histogramLow } = window;
  const isHistogram = window.histogramCount > 0 && (window.floatCount === 0 || window.histogramTimes[histogramLow]! <= window.times[low]!);
  if (isHistogram) out.setHistogram(step, window.histograms[histogramLow]!);
  else out.setFloat(step, window.values[low]!);
};
