import { labelOf, nameLabel } from '../labels.ts';
import { histogramIncrease } from './histogram-rate.ts';
import { firstArgument, warnMixed } from './range-function.ts';
import type { RangeCall, RangeFunction, StepFunction } from './range-function.ts';
import { PrefixSums } from './sums.ts';
import type { Window } from './window.ts';

/** `rate`, `increase` and `delta`: the difference over the window, extrapolated to its ends as Prometheus does. */
function extrapolated(counter: boolean, perSecond: boolean): RangeFunction {
  return (window, call): StepFunction => {
    const seconds = window.rangeMs / 1000;
    let told = false;
    const resets = counter ? resetsOf(window.values) : undefined;
    const factorOf = (firstMs: number, lastMs: number, gaps: number, first: number, increase: number): number => {
      let toStart = (firstMs - window.startMs) / 1000;
      let toEnd = (window.endMs - lastMs) / 1000;
      const sampled = (lastMs - firstMs) / 1000;
      const average = sampled / gaps;
      const threshold = average * 1.1;
      if (toStart >= threshold) toStart = average / 2;
      // A counter is never below zero: it is not extrapolated to before the time when it was.
      if (counter && increase > 0 && first >= 0) toStart = Math.min(toStart, sampled * (first / increase));
      if (toEnd >= threshold) toEnd = average / 2;
      const factor = (sampled + toStart + toEnd) / sampled;
      return perSecond ? factor / seconds : factor;
    };
    return (out, step) => {
      const { low, high, values, times } = window;
      if (window.histogramCount > 0) {
        if (high > low) warnMixed(window, call);
        else stepOfHistograms(window, call, counter, factorOf, out, step);
        return;
      }
      if (high - low < 2) return;
      const first = values[low]!;
      let increase = values[high - 1]! - first;
      if (resets !== undefined) increase += resets.between(low, high);
      out.setFloat(step, increase * factorOf(times[low]!, times[high - 1]!, high - low - 1, first, increase));
      if (!counter || told) return;
      told = true;
      infoUnlikeCounter(window, call);
    };
  };
}

type FactorOf = (firstMs: number, lastMs: number, gaps: number, first: number, increase: number) => number;

function stepOfHistograms(
  window: Window,
  call: RangeCall,
  counter: boolean,
  factorOf: FactorOf,
  ...[out, step]: Parameters<StepFunction>
): void {
  const { histogramLow: low, histogramHigh: high, histogramTimes: times, histograms } = window;
  if (high - low < 2) return;
  const increase = histogramIncrease(window, call, counter);
  if (increase === undefined) return;
  const factor = factorOf(times[low]!, times[high - 1]!, high - low - 1, histograms[low]!.parts.count, increase.parts.count);
  out.setHistogram(step, increase.scale(factor));
}

/** What a counter had reached each time when it began anew. */
class Resets {
  readonly #indexes: readonly number[];
  readonly #lost: PrefixSums;
  #from = 0;
  #to = 0;

  constructor(values: Float64Array, indexes: readonly number[]) {
    this.#indexes = indexes;
    this.#lost = new PrefixSums(Float64Array.from(indexes, (index) => values[index - 1]!));
  }

  /** What was lost between two samples, of which neither goes back from call to call. */
  between(low: number, high: number): number {
    const indexes = this.#indexes;
    while (this.#from < indexes.length && indexes[this.#from]! <= low) this.#from++;
    while (this.#to < indexes.length && indexes[this.#to]! < high) this.#to++;
    return this.#to > this.#from ? this.#lost.sum(this.#from, this.#to) : 0;
  }
}

/** Undefined when the counter never began anew. */
function resetsOf(values: Float64Array): Resets | undefined {
  let indexes: number[] | undefined;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) (indexes ??= []).push(i);
  return indexes && new Resets(values, indexes);
}

function infoUnlikeCounter(window: Window, call: RangeCall): void {
  const name = labelOf(window.labels, nameLabel);
  if (name === '' || /_(?:total|sum|count|bucket)$/.test(name)) return;
  const message = `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${JSON.stringify(name)}`;
  call.annotations.info(message, firstArgument(call));
}

export const rate: RangeFunction = extrapolated(true, true);
export const increase: RangeFunction = extrapolated(true, false);
export const delta: RangeFunction = extrapolated(false, false);
