import type { Histogram } from '../histogram/histogram.ts';
import { isReset } from '../histogram/reset.ts';
import { infoBounds, warnMixed, warnNot, warnSchemas } from './range-function.ts';
import type { RangeCall, RangeFunction } from './range-function.ts';
import type { Window } from './window.ts';

/** `irate` and `idelta`: from the last two samples of the window. */
function lastTwo(isRate: boolean): RangeFunction {
  return (window, call) => (out, step) => {
    if (window.floatCount + window.histogramCount < 2) return;
    const { values, times, high } = window;
    if (window.histogramCount === 0) {
      const [last, before] = [values[high - 1]!, values[high - 2]!];
      const seconds = (times[high - 1]! - times[high - 2]!) / 1000;
      const difference = isRate && last < before ? last : last - before;
      out.setFloat(step, isRate ? difference / seconds : difference);
      return;
    }
    const [before, last] = lastSamples(window);
    if (typeof before.sample !== 'object' || typeof last.sample !== 'object') {
      if (typeof before.sample !== typeof last.sample) warnMixed(window, call);
      else {
        const difference =
          isRate && last.sample < before.sample ? (last.sample as number) : (last.sample as number) - (before.sample as number);
        out.setFloat(step, isRate ? difference / ((last.timeMs - before.timeMs) / 1000) : difference);
      }
      return;
    }
    const difference = differenceOf(window, call, isRate, last.sample, before.sample);
    if (difference === undefined) return;
    out.setHistogram(step, isRate ? difference.divide((last.timeMs - before.timeMs) / 1000) : difference);
  };
}

interface Timed {
  readonly timeMs: number;
  readonly sample: number | Histogram;
}

function lastSamples(window: Window): readonly [Timed, Timed] {
  const samples: Timed[] = [];
  for (let i = Math.max(window.low, window.high - 2); i < window.high; i++) {
    samples.push({ timeMs: window.times[i]!, sample: window.values[i]! });
  }
  for (let i = Math.max(window.histogramLow, window.histogramHigh - 2); i < window.histogramHigh; i++) {
    samples.push({ timeMs: window.histogramTimes[i]!, sample: window.histograms[i]! });
  }
  samples.sort((a, b) => a.timeMs - b.timeMs);
  return [samples.at(-2)!, samples.at(-1)!];
}

function differenceOf(window: Window, call: RangeCall, isRate: boolean, last: Histogram, before: Histogram): Histogram | undefined {
  if (isRate && (last.parts.gauge || before.parts.gauge)) warnNot('counter', window, call);
  if (!isRate && !(last.parts.gauge && before.parts.gauge)) warnNot('gauge', window, call);
  if (isRate && isReset(last, before)) return last.asGauge().compact();
  const difference = last.plus(before, -1);
  if (difference === undefined) warnSchemas(window, call);
  else if (last.isCustom && !last.sameBounds(before)) infoBounds('subtraction', call);
  return difference?.asGauge().compact();
}

export const irate: RangeFunction = lastTwo(true);
export const idelta: RangeFunction = lastTwo(false);
