import { Autoregression } from './autoregression.ts';
import { Decomposed } from './decomposed.ts';
import { ExponentialSmoothing } from './exponential-smoothing.ts';
import type { Forecaster } from './forecaster.ts';
import { SeasonalNaive } from './naive.ts';
import { Theta } from './theta.ts';

/** A cycle of a seasonal profile weighs so much of the next one. */
const forgetting = 0.8;

/**
 * The methods that suit a series, fitted: naive ones for every season, and smoothing, autoregression, decomposition with smoothing and with Theta, all
 * these also on logarithms of a positive series (names begin with `log`) or roots of one that has zeros.
 * @param lowest The smallest value; undefined: neither logarithms nor roots.
 * @param seasons Steps, ascending.
 * @param whole Those of them that are whole steps and short enough to be states: at most two.
 */
export function methodsFor(
  values: Float64Array,
  lowest: number | undefined,
  seasons: readonly number[],
  whole: readonly number[],
  horizon: number,
): Forecaster[] {
  const methods: Forecaster[] = [new SeasonalNaive('naive', values, 1)];
  for (const season of whole) methods.push(new SeasonalNaive(`seasonal naive ${season}`, values, season));
  for (const season of whole) if (values.length > season * 4) methods.push(new SeasonalNaive(`seasonal mean ${season}`, values, season, 4));
  methods.push(...family('', values, seasons, whole, horizon));
  if (lowest === undefined) return methods;
  if (lowest > 0)
    methods.push(...family('log ', values.map(Math.log), seasons, whole, horizon).map((method) => changedBack(method, Math.exp)));
  else if (lowest === 0)
    methods.push(...family('root ', values.map(Math.sqrt), seasons, whole, horizon).map((method) => changedBack(method, square)));
  return methods;
}

const square = (root: number): number => Math.max(0, root) ** 2;

function changedBack(method: Forecaster, back: (value: number) => number): Forecaster {
  return {
    name: method.name,
    forecastFrom: (end, into) => {
      method.forecastFrom(end, into);
      for (let h = 0; h < into.length; h++) into[h] = back(into[h]!);
    },
  };
}

function family(prefix: string, values: Float64Array, seasons: readonly number[], whole: readonly number[], horizon: number): Forecaster[] {
  const methods: Forecaster[] = [];
  if (whole.length > 0) methods.push(new ExponentialSmoothing(`${prefix}seasonal smoothing`, values, whole));
  const autoregression = new Autoregression(`${prefix}autoregression`, values, whole, horizon);
  if (autoregression.needs < values.length * 0.6) methods.push(autoregression);
  const decomposed = new Decomposed(values, seasons, forgetting, (adjusted) => [
    new ExponentialSmoothing(`${prefix}smoothing`, adjusted, []),
    new Theta(`${prefix}theta`, adjusted, horizon),
  ]);
  return [...methods, ...decomposed.methods];
}
