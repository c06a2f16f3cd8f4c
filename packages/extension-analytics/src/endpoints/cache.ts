import { overallHitRate } from '@millrace/recommend';
import { number, text } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { metrics, named, tierCounts, totals } from '../measures.ts';
import { dimensions } from '../metric-reader.ts';
import { periodOf, periodParameters } from '../periods.ts';
import { span, spanFacts } from './cost-breakdown.ts';

const performance = { hits: number, misses: number, hit_rate: number, avg_latency_ms: number };
const tierSchema = { type: 'object', additionalProperties: false, required: ['hits', 'misses', 'hit_rate'], properties: performance };

/** What the application's cache does, by tier. */
export const cache: Endpoint = {
  path: '/analytics/cache',
  summary: "Hits, misses and latency of the application's cache by tier",
  parameters: periodParameters,
  rows: 'tiers',
  columns: { tier: text, ...performance },
  facts: { ...spanFacts, overall_hit_rate: number, tier_1: tierSchema, tier_2: tierSchema, tier_3: tierSchema },
  optional: ['avg_latency_ms', 'tier_1', 'tier_2', 'tier_3'],
  find: async ({ parameters, reader, nowMs }) => {
    const buckets = periodOf(parameters, nowMs);
    const by = [dimensions.tier];
    const spent = totals(await reader.increases({ metric: `${metrics.cacheDuration}_sum`, by }, buckets));
    const timed = totals(await reader.increases({ metric: `${metrics.cacheDuration}_count`, by }, buckets));
    const counts = (await tierCounts(reader, buckets)).map(({ tier, hits, misses }) => ({ tier, hits: hits[0]!, misses: misses[0]! }));
    const tiers = counts.flatMap(({ tier, hits, misses }) => {
      if (hits + misses === 0) return [];
      const count = timed.get(tier) ?? 0;
      const found = { hits, misses, hit_rate: hits / (hits + misses) };
      return [{ tier, found: count === 0 ? found : { ...found, avg_latency_ms: (1000 * (spent.get(tier) ?? 0)) / count } }];
    });
    const byName = Object.fromEntries(tiers.flatMap(({ tier, found }) => (/^[123]$/.test(tier) ? [[`tier_${tier}`, found]] : [])));
    return {
      facts: { ...span(buckets), overall_hit_rate: overallHitRate(counts), ...byName },
      rows: tiers.map(({ tier, found }) => ({ tier: named(tier), ...found })),
    };
  },
};
