import { forecast as forecastOf } from '@millrace/timeseries';
import type { Forecast } from '@millrace/timeseries';
import { integer, isoTime, number, text, time } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { isAmount, measure, measureNames } from '../measures.ts';
import type { Measure } from '../measures.ts';
import type { Group, MetricReader } from '../metric-reader.ts';
import { dayMs, hourMs, lastBuckets } from '../periods.ts';
import type { Buckets } from '../periods.ts';
import { currency, currencyFor } from './cost-breakdown.ts';
import { unitOf } from './trends.ts';

/** Up to so many days ahead the history is taken by the hour. */
const mostHourlyDays = 7;
const hourlyDays = 21;
const dailyDays = 90;

/** The complete hours or days until now, for a forecast of so many days. */
export function historyFor(horizonDays: number, nowMs: number): Buckets {
  const [unit, count] = horizonDays <= mostHourlyDays ? (['hour', hourlyDays * 24] as const) : (['day', dailyDays] as const);
  const { edgesMs, stepMs } = lastBuckets(unit, count + 1, nowMs);
  return { edgesMs: edgesMs.slice(0, -1), stepMs };
}

/** A series to forecast: without what was before its first event, and without that bucket, which may be incomplete. */
export function seriesOf(
  group: Group | undefined,
  { edgesMs }: Buckets,
): { readonly timestampsMs: readonly number[]; readonly values: Float64Array } {
  const values = group?.values ?? new Float64Array();
  const first = values.findIndex((value) => value !== 0 && !Number.isNaN(value));
  const from = first < 0 ? values.length : first + 1;
  return { timestampsMs: edgesMs.slice(from, edgesMs.length - 1), values: values.subarray(from) };
}

/** What a measure will be. */
export const forecast: Endpoint = {
  path: '/analytics/forecast',
  summary: 'What a measure will be over the next days, and when it will exceed a budget or reach a threshold',
  parameters: {
    metric: { type: 'string', enum: measureNames, default: 'cost', description: 'What is forecast.' },
    horizon_days: {
      type: 'integer',
      minimum: 1,
      maximum: 90,
      default: 30,
      description: 'How many days from the present one on; up to 7 go by the hour.',
    },
    confidence: { type: 'number', enum: [0.8, 0.95], default: 0.95, description: 'The share of futures that are between the bounds.' },
    monthly_budget: { type: 'number', minimum: 0, description: 'What may be paid in a month of the calendar; of metric `cost`.' },
    threshold: { type: 'number', description: 'A value of an hour or day, to know when it is reached.' },
    currency,
  },
  rows: 'points',
  columns: { timestamp: time, value: number, low: number, high: number },
  facts: {
    status: { enum: ['ok', 'insufficient_data'] },
    missing: text,
    metric: text,
    unit: text,
    period: text,
    horizon_days: integer,
    confidence: number,
    predicted_value: number,
    predicted_cost: number,
    confidence_low: number,
    confidence_high: number,
    trend: { enum: ['increasing', 'decreasing', 'stable'] },
    method: text,
    warning: text,
    exceeds_at: time,
    threshold_at: time,
  },
  optional: [
    'missing',
    'predicted_value',
    'predicted_cost',
    'confidence_low',
    'confidence_high',
    'trend',
    'method',
    'warning',
    'exceeds_at',
    'threshold_at',
  ],
  find: async (ask) => {
    const { parameters, reader, nowMs } = ask;
    const name = parameters.text('metric') as Measure;
    const days = parameters.number('horizon_days')!;
    const confidence = parameters.number('confidence')!;
    const buckets = historyFor(days, nowMs);
    const isMoney = name === 'cost' || name === 'savings';
    const money = isMoney ? await currencyFor(ask, buckets) : undefined;
    const [group] = await measure(reader, name, buckets, { currency: money });
    const perDay = dayMs / buckets.stepMs;
    const series = seriesOf(group, buckets);
    const result = forecastOf(series, days * perDay);
    const fromMs = buckets.edgesMs.at(-1)!;
    const facts = {
      metric: name,
      unit: money ?? unitOf(name),
      period: `${isoTime(fromMs)}/${isoTime(fromMs + days * dayMs)}`,
      horizon_days: days,
      confidence,
    };
    if (result.status !== 'ok') {
      const missing = `${result.missing} (of ${perDay === 1 ? 'days' : 'hours'})`;
      return { facts: { status: result.status, missing, ...facts, warning: `There is too little history: ${missing}.` }, rows: [] };
    }
    const [low, high] = confidence === 0.95 ? [result.lower95, result.upper95] : [result.lower80, result.upper80];
    const bounded = ratioBound(name);
    const rows = Array.from(result.mean, (value, i) => ({
      timestamp: isoTime(result.timestampsMs[i]!),
      value: Math.min(bounded, value),
      low: Math.min(bounded, low[i]!),
      high: Math.min(bounded, high[i]!),
    }));
    const whole = (of: 'value' | 'low' | 'high'): number =>
      rows.reduce((sum, row) => sum + row[of], 0) / (isAmount(name) ? 1 : rows.length);
    const budget = name === 'cost' ? parameters.number('monthly_budget') : undefined;
    const exceedsMs = budget === undefined ? undefined : await exceeded(reader, result, budget, money!, buckets.stepMs);
    const thresholdMs = reached(result, series.values.at(-1)!, parameters.number('threshold'));
    return {
      facts: {
        status: 'ok',
        ...facts,
        predicted_value: whole('value'),
        ...(name === 'cost' && { predicted_cost: whole('value') }),
        confidence_low: whole('low'),
        confidence_high: whole('high'),
        trend: result.trend,
        method: result.method,
        ...(exceedsMs !== undefined && {
          warning: `On pace to exceed the monthly budget of ${budget} ${money} on ${isoTime(exceedsMs).slice(0, 10)}.`,
          exceeds_at: isoTime(exceedsMs),
        }),
        ...(thresholdMs !== undefined && { threshold_at: isoTime(thresholdMs) }),
      },
      rows,
    };
  },
};

function ratioBound(name: Measure): number {
  return name === 'error_rate' || name === 'cache_hit_rate' ? 1 : Infinity;
}

/** When what was paid in a month and what will be is more than the budget; undefined when it stays within it. */
async function exceeded(
  reader: MetricReader,
  { timestampsMs, mean }: Forecast,
  budget: number,
  money: string,
  stepMs: number,
): Promise<number | undefined> {
  const firstMs = timestampsMs[0]!;
  const monthMs = monthOf(firstMs);
  const paid =
    firstMs > monthMs
      ? await measure(reader, 'cost', { edgesMs: [monthMs, firstMs], stepMs: Math.max(stepMs, hourMs) }, { currency: money })
      : [];
  let [month, sum] = [monthMs, paid[0]?.values[0] ?? 0];
  for (const [i, atMs] of timestampsMs.entries()) {
    if (monthOf(atMs) !== month) [month, sum] = [monthOf(atMs), 0];
    sum += mean[i]!;
    if (sum > budget) return atMs;
  }
  return undefined;
}

function monthOf(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** When the mean comes to the other side of a threshold than the last value is on. */
function reached({ timestampsMs, mean }: Forecast, last: number, threshold: number | undefined): number | undefined {
  if (threshold === undefined) return undefined;
  const index = mean.findIndex((value) => (last < threshold ? value >= threshold : value <= threshold));
  return index < 0 ? undefined : timestampsMs[index];
}
