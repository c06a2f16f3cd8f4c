import type { Sketch } from '@millrace/timeseries';
import type { SummaryDimension } from './summary-bucket.ts';
import type { CacheTotals, Totals } from './totals.ts';
import { summaryDimensions } from './summary-bucket.ts';
import type { SummaryWindow } from './usage-summary.ts';

/** Sums over calls as a report shows them. Amounts are in the report's currency. */
export interface TotalsReport {
  readonly requests: number;
  readonly errors: number;
  /** From 0 to 1; 1 without requests. */
  readonly success_rate: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Of the input: what a vendor read from its prompt cache. */
  readonly cached_input_tokens: number;
  readonly cost: number;
  readonly savings: { readonly cache: number; readonly routing: number; readonly batch: number };
  /** Calls of models that no price list knows: their cost is in no sum. */
  readonly unpriced: number;
  /** Calls that ended well and said nothing of their usage. */
  readonly usage_missing: number;
  readonly latency: Percentiles;
  /** Mean of the judgements; absent without any. */
  readonly quality?: number;
}

/** Seconds that calls took which a model answered; 0 without any. */
export interface Percentiles {
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** One line of a breakdown. */
export interface GroupReport extends TotalsReport {
  readonly name: string;
}

/** One tier of the application's cache. */
export interface CacheReport {
  readonly tier: string;
  readonly hits: number;
  readonly misses: number;
  /** From 0 to 1. */
  readonly hit_rate: number;
  /** Seconds; absent when nobody measured. */
  readonly mean_latency?: number;
}

/** A summary as JSON: what happened from one moment to before another. */
export interface SummaryReport {
  /** RFC 3339. */
  readonly from: string;
  readonly until: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly totals: TotalsReport;
  readonly time_to_first_chunk: Percentiles;
  /** Of the calls with an actual and an estimated cost. */
  readonly actual_cost: number;
  readonly estimated_cost: number;
  /** How far the actual cost is above the estimated one; absent without both. */
  readonly cost_drift_percent?: number;
  /** Calls whose amount is in another currency, and in no sum. */
  readonly other_currencies: number;
  readonly cache: readonly CacheReport[];
  readonly errors: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  /** Each in descending order of cost, then of requests. */
  readonly by: Readonly<Record<SummaryDimension, readonly GroupReport[]>>;
}

/** A window as a report. */
export function summaryReport({ fromMs, untilMs, currency, otherCurrencies, bucket }: SummaryWindow): SummaryReport {
  const { all } = bucket;
  return {
    from: new Date(fromMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    currency,
    totals: totalsReport(all),
    time_to_first_chunk: percentiles(bucket.firstChunk),
    actual_cost: amount(all.actual),
    estimated_cost: amount(all.estimated),
    ...(all.estimated !== 0n && { cost_drift_percent: (Number(all.actual - all.estimated) / Number(all.estimated)) * 100 }),
    other_currencies: otherCurrencies,
    cache: [...bucket.cache].sort(([a], [b]) => (a < b ? -1 : 1)).map(([tier, totals]) => cacheReport(tier, totals)),
    errors: sortedCounts(bucket.errors),
    counts: sortedCounts(bucket.counts),
    by: Object.fromEntries(summaryDimensions.map((name) => [name, groups(bucket.groups[name])] as const)) as Record<
      SummaryDimension,
      GroupReport[]
    >,
  };
}

function groups(map: ReadonlyMap<string, Totals>): GroupReport[] {
  return [...map]
    .sort(([, a], [, b]) => (a.amount === b.amount ? b.requests - a.requests : a.amount < b.amount ? 1 : -1))
    .map(([name, totals]) => ({ name, ...totalsReport(totals) }));
}

function totalsReport(totals: Totals): TotalsReport {
  return {
    requests: totals.requests,
    errors: totals.errors,
    success_rate: totals.requests === 0 ? 1 : 1 - totals.errors / totals.requests,
    input_tokens: totals.inputTokens,
    output_tokens: totals.outputTokens,
    cached_input_tokens: totals.cachedTokens,
    cost: amount(totals.amount),
    savings: { cache: amount(totals.savedByCache), routing: amount(totals.savedByRouting), batch: amount(totals.savedByBatch) },
    unpriced: totals.unpriced,
    usage_missing: totals.usageMissing,
    latency: percentiles(totals.latency),
    ...(totals.qualityCount > 0 && { quality: totals.qualitySum / totals.qualityCount }),
  };
}

function cacheReport(tier: string, { hits, misses, seconds, timed }: CacheTotals): CacheReport {
  return { tier, hits, misses, hit_rate: hits / (hits + misses), ...(timed > 0 && { mean_latency: seconds / timed }) };
}

function percentiles(sketch: Sketch): Percentiles {
  const at = (q: number): number => (sketch.count === 0 ? 0 : sketch.quantile(q));
  return { p50: at(0.5), p75: at(0.75), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
}

function sortedCounts(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

/** The nearest double of an exact amount. */
function amount(money: bigint): number {
  return Number(`${money}e-15`);
}
