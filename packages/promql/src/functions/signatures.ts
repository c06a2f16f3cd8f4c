import type { ValueType } from '../ast.ts';

/** What a function takes and gives. */
export interface Signature {
  readonly args: readonly ValueType[];
  /** How many more of the last argument may follow besides its first being optional: 0 none, -1 any number. */
  readonly variadic: number;
  readonly returns: ValueType;
}

const map = new Map<string, Signature>();

function declare(names: string, args: readonly ValueType[], returns: ValueType = 'vector', variadic = 0): void {
  for (const name of names.split(' ')) map.set(name, { args, variadic, returns });
}

declare(
  'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sqrt tan tanh timestamp sort sort_desc ' +
    'histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar',
  ['vector'],
);
declare(
  'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time max_over_time ' +
    'min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time',
  ['matrix'],
);
declare('days_in_month day_of_month day_of_week day_of_year hour minute month year', ['vector'], 'vector', 1);
declare('clamp', ['vector', 'scalar', 'scalar']);
declare('clamp_max clamp_min', ['vector', 'scalar']);
declare('round', ['vector', 'scalar'], 'vector', 1);
declare('histogram_fraction', ['scalar', 'scalar', 'vector']);
declare('histogram_quantile', ['scalar', 'vector']);
declare('quantile_over_time', ['scalar', 'matrix']);
declare('predict_linear', ['matrix', 'scalar']);
declare('label_replace', ['vector', 'string', 'string', 'string', 'string']);
declare('label_join', ['vector', 'string', 'string', 'string'], 'vector', -1);
declare('vector', ['scalar']);
declare('scalar', ['vector'], 'scalar');
declare('pi time', [], 'scalar');

/** The functions by their names. */
export const signatures: ReadonlyMap<string, Signature> = map;

/** Functions that Prometheus has only behind a feature flag. */
export const experimentalFunctions: ReadonlySet<string> = new Set(
  (
    'end histogram_quantiles double_exponential_smoothing info max_of min_of mad_over_time ts_of_first_over_time ts_of_max_over_time ' +
    'ts_of_min_over_time ts_of_last_over_time range sort_by_label sort_by_label_desc start start_timestamp step'
  ).split(' '),
);
