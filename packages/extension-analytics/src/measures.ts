import type { LabelMatcher } from '@millrace/api';
import { overallHitRate } from '@millrace/recommend';
import { dimensions } from './metric-reader.ts';
import type { Dimension, Group, MetricReader } from './metric-reader.ts';
import type { Buckets } from './periods.ts';

/** The metrics of connector `genaimetrics`, by the names under which they are stored. */
export const metrics = {
  cost: 'millrace_cost_amount_total',
  requests: 'millrace_requests_total',
  tokens: 'millrace_tokens_total',
  savings: 'millrace_savings_total',
  extraCost: 'millrace_extra_cost_total',
  hits: 'millrace_cache_hits_total',
  misses: 'millrace_cache_misses_total',
  duration: 'millrace_request_duration_seconds',
  cacheDuration: 'millrace_cache_operation_duration_seconds',
  score: 'millrace_evaluation_score',
} as const;

export const currencyLabel = 'millrace_cost_currency';
export const errorLabel = 'error_type';

/** What can be asked for over time. Amounts add up; of the others the mean counts. */
export const amounts = ['cost', 'requests', 'errors', 'input_tokens', 'output_tokens', 'tokens', 'savings'] as const;
export const ratios = ['error_rate', 'cache_hit_rate', 'latency_ms', 'quality'] as const;
export const measureNames = [...amounts, ...ratios] as const;
export type Measure = (typeof measureNames)[number];

const ofTokens: readonly Dimension[] = ['model', 'user', 'key', 'provider'];
const ofCalls: readonly Dimension[] = ['model', 'task_type', 'user', 'tier', 'key', 'provider'];
const groupings: Readonly<Record<Measure, readonly Dimension[]>> = {
  cost: ofCalls,
  requests: ofCalls,
  errors: ofCalls,
  error_rate: ofCalls,
  input_tokens: ofTokens,
  output_tokens: ofTokens,
  tokens: ofTokens,
  savings: ofTokens,
  quality: ofTokens,
  latency_ms: [...ofTokens, 'tier'],
  cache_hit_rate: ['tier'],
};

/** By what a measure can be grouped. */
export function groupingsOf(name: Measure): readonly Dimension[] {
  return groupings[name];
}

export function isAmount(measure: Measure): boolean {
  return (amounts as readonly string[]).includes(measure);
}

export const failed: LabelMatcher = { name: errorLabel, operator: '!=', value: '' };

export function labelIs(name: string, value: string): LabelMatcher {
  return { name, operator: '=', value };
}

/** The currency in which most was paid in a period; undefined when nothing was. */
export async function currencyOf(reader: MetricReader, buckets: Buckets): Promise<string | undefined> {
  const period = { ...buckets, edgesMs: [buckets.edgesMs[0]!, buckets.edgesMs.at(-1)!] };
  const paid = await reader.increases({ metric: metrics.cost, by: [currencyLabel] }, period);
  paid.sort((a, b) => b.values[0]! - a.values[0]! || (a.key[0]! < b.key[0]! ? -1 : 1));
  return paid[0]?.key[0];
}

/** A measure by buckets of time, for each group of one dimension or for everything; a ratio is NaN where there were no events. */
export async function measure(
  reader: MetricReader,
  name: Measure,
  buckets: Buckets,
  options: { readonly by?: Dimension; readonly currency?: string | undefined } = {},
): Promise<Group[]> {
  const by = options.by === undefined ? [] : [dimensions[options.by]];
  const money = options.currency === undefined ? [] : [labelIs(currencyLabel, options.currency)];
  const grown = (metric: string, matchers: readonly LabelMatcher[] = []): Promise<Group[]> =>
    reader.increases({ metric, by, matchers }, buckets);
  const tokens = (direction: string): Promise<Group[]> => grown(metrics.tokens, [labelIs('millrace_token_direction', direction)]);
  switch (name) {
    case 'cost':
      return grown(metrics.cost, money);
    case 'requests':
      return grown(metrics.requests);
    case 'errors':
      return grown(metrics.requests, [failed]);
    case 'input_tokens':
      return tokens('input');
    case 'output_tokens':
      return tokens('output');
    case 'tokens':
      return grown(metrics.tokens);
    case 'savings':
      return grown(metrics.savings, money);
    case 'error_rate':
      return quotient(await grown(metrics.requests, [failed]), await grown(metrics.requests), 1);
    case 'latency_ms':
      return quotient(await grown(`${metrics.duration}_sum`), await grown(`${metrics.duration}_count`), 1000);
    case 'quality':
      return quotient(await grown(`${metrics.score}_sum`), await grown(`${metrics.score}_count`), 1);
    case 'cache_hit_rate':
      break;
  }
  return options.by === 'tier' ? tierHitRates(reader, buckets) : hitRates(reader, buckets);
}

/** One group by another, for every group of the divisors. */
function quotient(dividends: readonly Group[], divisors: readonly Group[], factor: number): Group[] {
  const byKey = new Map(dividends.map(({ key, values }) => [JSON.stringify(key), values]));
  return divisors.map(({ key, values }) => {
    const upper = byKey.get(JSON.stringify(key));
    return { key, values: values.map((count, i) => (count > 0 ? (factor * (upper?.[i] ?? 0)) / count : Number.NaN)) };
  });
}

/** Hits and misses of the tiers of the application's cache. */
export interface TierCounts {
  readonly tier: string;
  readonly hits: Float64Array;
  readonly misses: Float64Array;
}

export async function tierCounts(reader: MetricReader, buckets: Buckets): Promise<TierCounts[]> {
  const by = [dimensions.tier];
  const [hits, misses] = [
    await reader.increases({ metric: metrics.hits, by }, buckets),
    await reader.increases({ metric: metrics.misses, by }, buckets),
  ];
  const none = new Float64Array(buckets.edgesMs.length - 1);
  const of = (groups: readonly Group[], tier: string): Float64Array => groups.find(({ key }) => key[0] === tier)?.values ?? none;
  const tiers = new Set([...hits, ...misses].map(({ key }) => key[0]!));
  return [...tiers].sort().map((tier) => ({ tier, hits: of(hits, tier), misses: of(misses, tier) }));
}

async function tierHitRates(reader: MetricReader, buckets: Buckets): Promise<Group[]> {
  return (await tierCounts(reader, buckets)).map(({ tier, hits, misses }) => ({
    key: [tier],
    values: hits.map((count, i) => count / (count + misses[i]!)),
  }));
}

async function hitRates(reader: MetricReader, buckets: Buckets): Promise<Group[]> {
  const tiers = await tierCounts(reader, buckets);
  if (tiers.length === 0) return [];
  const values = tiers[0]!.hits.map((_, i) => {
    const facts = tiers.map(({ tier, hits, misses }) => ({ tier, hits: hits[i]!, misses: misses[i]! }));
    return facts.some(({ hits, misses }) => hits + misses > 0) ? overallHitRate(facts) : Number.NaN;
  });
  return [{ key: [], values }];
}

/** The same value of all groups, added up: by the first of their key. */
export function totals(groups: readonly Group[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { key, values } of groups) {
    let sum = sums.get(key.join('\0')) ?? 0;
    for (const value of values) sum += value;
    sums.set(key.join('\0'), sum);
  }
  return sums;
}

/** How a group is called whose label is absent. */
export function named(value: string): string {
  return value === '' ? 'none' : value;
}
