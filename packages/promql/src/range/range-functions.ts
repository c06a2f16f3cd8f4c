import { changes, resets } from './changes.ts';
import { maxOverTime, minOverTime } from './extremes.ts';
import { idelta, irate } from './last-two.ts';
import { avgOverTime, countOverTime, firstOverTime, lastOverTime, presentOverTime, sumOverTime } from './over-time.ts';
import type { RangeFunction } from './range-function.ts';
import { delta, increase, rate } from './rate.ts';
import { quantileOverTime, stddevOverTime, stdvarOverTime } from './spread.ts';
import { deriv, predictLinear } from './trend.ts';

/** The functions on range vectors by their names; `absent_over_time` is made of `present_over_time`. */
export const rangeFunctions: Readonly<Record<string, RangeFunction>> = {
  absent_over_time: presentOverTime,
  avg_over_time: avgOverTime,
  changes,
  count_over_time: countOverTime,
  delta,
  deriv,
  first_over_time: firstOverTime,
  idelta,
  increase,
  irate,
  last_over_time: lastOverTime,
  max_over_time: maxOverTime,
  min_over_time: minOverTime,
  predict_linear: predictLinear,
  present_over_time: presentOverTime,
  quantile_over_time: quantileOverTime,
  rate,
  resets,
  stddev_over_time: stddevOverTime,
  stdvar_over_time: stdvarOverTime,
  sum_over_time: sumOverTime,
};
