import { number, text } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { currencyLabel, labelIs, metrics, named, totals } from '../measures.ts';
import { periodOf, periodParameters } from '../periods.ts';
import { currency, currencyFor, span, spanFacts } from './cost-breakdown.ts';

const sourceLabel = 'millrace_savings_source';

/** What was paid, and what the baseline would have been paid. */
export const baseline: Endpoint = {
  path: '/analytics/baseline',
  summary: 'What was paid, compared with what the baseline model without cache and batches would have cost',
  parameters: { ...periodParameters, currency },
  rows: 'sources',
  columns: { source: text, savings: number, extra_cost: number },
  facts: {
    ...spanFacts,
    currency: text,
    baseline_cost: number,
    actual_cost: number,
    savings: number,
    savings_pct: number,
    baseline_model: text,
    cache_contribution_pct: number,
  },
  find: async (ask) => {
    const { parameters, reader, nowMs, baselineModel } = ask;
    const buckets = periodOf(parameters, nowMs);
    const money = await currencyFor(ask, buckets);
    const matchers = [labelIs(currencyLabel, money)];
    const by = [sourceLabel];
    const saved = totals(await reader.increases({ metric: metrics.savings, by, matchers }, buckets));
    const extra = totals(await reader.increases({ metric: metrics.extraCost, by, matchers }, buckets));
    const actual = totals(await reader.increases({ metric: metrics.cost, matchers }, buckets)).get('') ?? 0;
    const rows = [...new Set([...saved.keys(), ...extra.keys()])]
      .sort()
      .map((source) => ({ source: named(source), savings: saved.get(source) ?? 0, extra_cost: extra.get(source) ?? 0 }));
    const savings = rows.reduce((sum, row) => sum + row.savings - row.extra_cost, 0);
    const byCache = rows.filter(({ source }) => source === 'cache').reduce((sum, row) => sum + row.savings - row.extra_cost, 0);
    const cost = actual + savings;
    return {
      facts: {
        ...span(buckets),
        currency: money,
        baseline_cost: cost,
        actual_cost: actual,
        savings,
        savings_pct: cost === 0 ? 0 : (100 * savings) / cost,
        baseline_model: baselineModel,
        cache_contribution_pct: savings === 0 ? 0 : (100 * byCache) / savings,
      },
      rows,
    };
  },
};
