import type { LabelMatcher } from '@millrace/api';
import { recommend } from '@millrace/recommend';
import type { CacheFact, CapacityFact, Facts, UsageFact } from '@millrace/recommend';
import { capacityUse } from '../capacities.ts';
import { isoTime, number, text } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { currencyLabel, labelIs, metrics, named, tierCounts } from '../measures.ts';
import { dimensions } from '../metric-reader.ts';
import type { Group, MetricReader } from '../metric-reader.ts';
import { hourMs, lastBuckets } from '../periods.ts';
import type { Buckets } from '../periods.ts';
import { currency, currencyFor, span, spanFacts } from './cost-breakdown.ts';

const days = 30;

/** What would make the service cheaper or better. */
export const recommendations: Endpoint = {
  path: '/analytics/recommendations',
  summary: 'What would make the service cheaper or better, by the usage of the last 30 days',
  parameters: { currency },
  rows: 'recommendations',
  columns: {
    id: text,
    category: { enum: ['cache', 'routing', 'token', 'model', 'capacity'] },
    title: text,
    description: text,
    estimated_savings: number,
    estimated_savings_low: number,
    estimated_savings_high: number,
    priority: { enum: ['low', 'medium', 'high'] },
    action: text,
    how_to_apply: text,
    confidence: number,
    evidence: { type: 'object', additionalProperties: { type: ['number', 'string'] } },
  },
  facts: { ...spanFacts, currency: text },
  optional: ['estimated_savings', 'estimated_savings_low', 'estimated_savings_high'],
  find: async (ask) => {
    const buckets = lastBuckets('day', days, ask.nowMs);
    const money = await currencyFor(ask, buckets);
    const found = recommend(await factsOf(ask.reader, buckets, money));
    const rows = found.map(({ saving, howToApply, id, category, title, description, priority, action, confidence, evidence }) => ({
      id,
      category,
      title,
      description,
      ...(saving !== undefined && {
        estimated_savings: saving.estimate,
        estimated_savings_low: saving.low,
        estimated_savings_high: saving.high,
      }),
      priority,
      action,
      how_to_apply: howToApply,
      confidence,
      evidence,
    }));
    return { facts: { ...span(buckets), currency: money }, rows };
  },
};

/** A call with a tier is one that the cache answered: it is no traffic of the model, and used no tokens. */
const byModel = labelIs(dimensions.tier, '');

async function factsOf(reader: MetricReader, buckets: Buckets, money: string): Promise<Facts> {
  const dayOf = (i: number): string => isoTime(buckets.edgesMs[i]!).slice(0, 10);
  const grown = (metric: string, by: readonly string[], ...matchers: LabelMatcher[]): Promise<Group[]> =>
    reader.increases({ metric, by, matchers }, buckets);
  const model = [dimensions.model];
  const byTask = [...model, dimensions.task_type];
  const parts: readonly (readonly [keyof UsageFact, Group[]])[] = [
    ['requests', await grown(metrics.requests, byTask, byModel)],
    ['cost', await grown(metrics.cost, byTask, labelIs(currencyLabel, money))],
    ['inputTokens', await grown(metrics.tokens, model, labelIs('millrace_token_direction', 'input'))],
    ['outputTokens', await grown(metrics.tokens, model, labelIs('millrace_token_direction', 'output'))],
    ['evaluations', await grown(`${metrics.score}_count`, model)],
    ['qualitySum', await grown(`${metrics.score}_sum`, model)],
  ];
  const usage: UsageFact[] = [];
  for (const [field, groups] of parts) {
    for (const { key, values } of groups) {
      const task = key[1] === undefined || key[1] === '' ? {} : { task: key[1] };
      values.forEach((value, i) => {
        if (value !== 0) usage.push({ day: dayOf(i), model: named(key[0]!), ...task, requests: 0, [field]: value });
      });
    }
  }
  const caches: CacheFact[] = (await tierCounts(reader, buckets)).flatMap(({ tier, hits, misses }) =>
    Array.from(hits, (count, i) => ({ day: dayOf(i), tier, hits: count, misses: misses[i]! })).filter(
      (fact) => fact.hits + fact.misses > 0,
    ),
  );
  return { usage, caches, capacities: await busiestHours(reader, buckets) };
}

async function busiestHours(reader: MetricReader, { edgesMs }: Buckets): Promise<CapacityFact[]> {
  const [startMs, endMs] = [edgesMs[0]!, edgesMs.at(-1)!];
  const hours = Array.from({ length: (endMs - startMs) / hourMs + 1 }, (_, i) => startMs + i * hourMs);
  return (await capacityUse(reader, { edgesMs: hours, stepMs: hourMs })).flatMap(({ resource, values }) =>
    Array.from({ length: values.length / 24 }, (_, day) => ({
      day: isoTime(startMs + day * 24 * hourMs).slice(0, 10),
      resource,
      utilization: Math.max(-1, ...values.subarray(24 * day, 24 * day + 24).filter((value) => !Number.isNaN(value))),
    })).filter(({ utilization }) => utilization >= 0),
  );
}
