import { durationMs } from '@millrace/config';
import type { DimensionConfig, SpanMetricsConfig } from './config.ts';
import { compileGlob } from './glob.ts';

/** Dimensions that every series has. */
const reserved = ['service.name', 'span.kind', 'status.code', 'span.name', 'collector.instance.id'];

/** The first rule across settings that is broken, in the Collector's words. */
export function validateConfig(config: SpanMetricsConfig): readonly string[] {
  const problem = problemOf(config);
  return problem === undefined ? [] : [problem];
}

function problemOf(config: SpanMetricsConfig): string | undefined {
  const { histogram, events, exemplars } = config;
  const lists: [string, readonly DimensionConfig[]][] = [
    ['dimensions', config.dimensions],
    ['calls dimensions', config.calls_dimensions],
    ['histogram dimensions', histogram.dimensions],
    ['event dimensions', events.enabled ? events.dimensions : []],
  ];
  for (const [name, list] of lists) {
    const missing = name === 'event dimensions' && events.enabled && list.length === 0 ? 'no dimensions configured for events' : undefined;
    const problem = missing ?? dimensionsProblem(list);
    if (problem !== undefined) return `failed validating ${name}: ${problem}`;
  }
  if (histogram.explicit !== undefined && histogram.exponential !== undefined) {
    return 'use either `explicit` or `exponential` buckets histogram';
  }
  const flush = config.metrics_flush_interval;
  // The Collector takes 0 and dies of it.
  if (durationMs(flush) <= 0) return `invalid metrics_flush_interval: ${flush}, the duration should be positive`;
  for (const name of ['metrics_expiration', 'series_expiration'] as const) {
    if (durationMs(config[name]) < 0) return `invalid ${name}: ${config[name]}, the duration should be positive`;
  }
  const isDelta = config.aggregation_temporality === 'AGGREGATION_TEMPORALITY_DELTA';
  const cache = config.metric_timestamp_cache_size;
  if (isDelta && cache <= 0) {
    return `invalid delta timestamp cache size: ${cache}, the maximum number of the items in the cache should be positive`;
  }
  const limit = config.aggregation_cardinality_limit;
  if (limit < 0) return `invalid aggregation_cardinality_limit: ${limit}, the limit should be positive`;
  if (exemplars.enabled && exemplars.max_per_data_point < 0) {
    return `invalid max_per_data_point: ${exemplars.max_per_data_point}, the value should be positive`;
  }
  return config.resource_metrics_cache_size <= 0 ? 'resource_metrics_cache_size: must provide a positive size' : undefined;
}

function dimensionsProblem(list: readonly DimensionConfig[]): string | undefined {
  const names = new Set(reserved);
  const globs: string[] = [];
  for (const { name = '', glob = '', default: fallback } of list) {
    if (name !== '' && glob !== '') {
      return `dimension entry must set only one of \`name\` or \`glob\`, got both: name=${JSON.stringify(name)} glob=${JSON.stringify(glob)}`;
    }
    if (name === '' && glob === '') return 'dimension entry must set one of `name` or `glob`';
    if (name !== '') {
      if (names.has(name)) return `duplicate dimension name ${JSON.stringify(name)}`;
      names.add(name);
      continue;
    }
    if (fallback !== undefined) return `\`default\` is not supported on \`glob\` dimension ${JSON.stringify(glob)}`;
    try {
      compileGlob(glob);
    } catch (error) {
      return `invalid dimension glob ${JSON.stringify(glob)}: ${(error as Error).message}`;
    }
    globs.push(glob);
  }
  for (const glob of globs) {
    const pattern = compileGlob(glob);
    const clash = [...names].find((name) => pattern.test(name));
    if (clash !== undefined) return `duplicate dimension name ${JSON.stringify(clash)} conflicting with glob ${JSON.stringify(glob)}`;
  }
  return undefined;
}
