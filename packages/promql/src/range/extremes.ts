import { infoIgnored } from './range-function.ts';
import type { RangeFunction } from './range-function.ts';

/** `min_over_time` and `max_over_time`: a queue of the samples that may still become the extreme. NaN counts only when there is nothing else. */
function extreme(isBeaten: (by: number, value: number) => boolean): RangeFunction {
  return (window, call) => {
    const { values } = window;
    const queue = new Uint32Array(values.length);
    let [first, end, seen] = [0, 0, 0];
    return (out, step) => {
      const { low, high } = window;
      if (low === high) return;
      if (window.histogramCount > 0) infoIgnored(window, call);
      for (seen = Math.max(seen, low); seen < high; seen++) {
        const value = values[seen]!;
        if (Number.isNaN(value)) continue;
        while (end > first && isBeaten(value, values[queue[end - 1]!]!)) end--;
        queue[end++] = seen;
      }
      while (first < end && queue[first]! < low) first++;
      out.setFloat(step, first < end ? values[queue[first]!]! : Number.NaN);
    };
  };
}

export const maxOverTime: RangeFunction = extreme((by, value) => by >= value);
export const minOverTime: RangeFunction = extreme((by, value) => by <= value);
