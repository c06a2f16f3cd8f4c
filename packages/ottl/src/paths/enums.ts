import type { ContextName } from '../context-name.ts';

function numbered(prefix: string, names: readonly string[]): Record<string, bigint> {
  return Object.fromEntries(names.map((name, number) => [`${prefix}${name}`, BigInt(number)]));
}

const spanEnums = {
  ...numbered('SPAN_KIND_', ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']),
  ...numbered('STATUS_CODE_', ['UNSET', 'OK', 'ERROR']),
};

const metricEnums = {
  ...numbered('AGGREGATION_TEMPORALITY_', ['UNSPECIFIED', 'DELTA', 'CUMULATIVE']),
  ...numbered('METRIC_DATA_TYPE_', ['NONE', 'GAUGE', 'SUM', 'HISTOGRAM', 'EXPONENTIAL_HISTOGRAM', 'SUMMARY']),
};

const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

const logEnums = numbered('SEVERITY_NUMBER_', [
  'UNSPECIFIED',
  ...levels.flatMap((level) => ['', '2', '3', '4'].map((step) => level + step)),
]);

/** The enums of each context with their numbers. */
export const enums: Readonly<Record<ContextName, { readonly [name: string]: bigint }>> = {
  resource: {},
  scope: {},
  metric: metricEnums,
  datapoint: { ...metricEnums, FLAG_NONE: 0n, FLAG_NO_RECORDED_VALUE: 1n },
  log: logEnums,
  span: spanEnums,
  spanevent: spanEnums,
};
