import { infoIgnored } from './range-function.ts';
import type { RangeCall, RangeFunction } from './range-function.ts';
import { CompensatedSum } from './sums.ts';
import type { Window } from './window.ts';

/** The line of least squares through the numbers of a window: its slope per second, and its value at a time. */
function lineOf({ low, high, times, values }: Window, timeMs: number): readonly [slope: number, value: number] {
  const first = values[low]!;
  let constant = true;
  const [x, y, xy, xx] = [new CompensatedSum(), new CompensatedSum(), new CompensatedSum(), new CompensatedSum()];
  for (let i = low; i < high; i++) {
    const value = values[i]!;
    if (i > low && value !== first) constant = false;
    const seconds = (times[i]! - timeMs) / 1000;
    x.add(seconds);
    y.add(value);
    xy.add(seconds * value);
    xx.add(seconds * seconds);
  }
  if (constant) return Number.isFinite(first) || Number.isNaN(first) ? [0, first] : [Number.NaN, Number.NaN];
  const count = high - low;
  const slope = (xy.value - (x.value * y.value) / count) / (xx.value - (x.value * x.value) / count);
  return [slope, y.value / count - (slope * x.value) / count];
}

function hasLine(window: Window, call: RangeCall): boolean {
  if (window.floatCount > 0 && window.histogramCount > 0) infoIgnored(window, call);
  return window.floatCount >= 2;
}

export const deriv: RangeFunction = (window, call) => (out, step) => {
  if (hasLine(window, call)) out.setFloat(step, lineOf(window, window.times[window.low]!)[0]);
};

export const predictLinear: RangeFunction = (window, call) => (out, step) => {
  if (!hasLine(window, call)) return;
  const [slope, value] = lineOf(window, window.stepTimeMs);
  out.setFloat(step, slope * call.scalars[0]![step]! + value);
};
