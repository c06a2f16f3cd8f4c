import { isoTime, number, text, time } from '../endpoint.ts';
import type { Ask, Endpoint } from '../endpoint.ts';
import { currencyLabel, currencyOf, labelIs, metrics, named, totals } from '../measures.ts';
import { dimensions } from '../metric-reader.ts';
import type { Dimension } from '../metric-reader.ts';
import type { ParameterSchema } from '../parameters.ts';
import { periodOf, periodParameters } from '../periods.ts';
import type { Buckets } from '../periods.ts';

/** The parameter that chooses what answers are grouped by. `task` is `task_type`. */
export const groupBy: ParameterSchema = {
  type: 'string',
  enum: ['model', 'task_type', 'task', 'user', 'tier', 'key', 'provider'],
  description: 'What is told apart. Users and keys are known when connector genaimetrics makes labels of them.',
};
export const currency: ParameterSchema = {
  type: 'string',
  description: 'The currency, such as USD. Absent: the one in which most was paid.',
};

export function dimensionOf(value: string): Dimension {
  return (value === 'task' ? 'task_type' : value) as Dimension;
}

/** The currency that is asked for, or in which most was paid; USD when nothing was. */
export async function currencyFor({ parameters, reader }: Ask, buckets: Buckets): Promise<string> {
  return parameters.text('currency') || ((await currencyOf(reader, buckets)) ?? 'USD');
}

/** When a period begins and ends. */
export function span({ edgesMs }: Buckets): { readonly start: string; readonly end: string } {
  return { start: isoTime(edgesMs[0]!), end: isoTime(edgesMs.at(-1)!) };
}

export const spanFacts = { start: time, end: time };

/** What was paid in a period, by model, task, user, tier or key. */
export const costBreakdown: Endpoint = {
  path: '/analytics/cost-breakdown',
  summary: 'What was paid in a period, by model, task, user, tier, key or provider',
  parameters: { ...periodParameters, group_by: { ...groupBy, default: 'model' }, currency },
  rows: 'groups',
  columns: { group: text, cost: number, share: number, requests: number },
  facts: { ...spanFacts, group_by: text, currency: text, total: number, breakdown: { type: 'object', additionalProperties: number } },
  find: async (ask) => {
    const { parameters, reader, nowMs } = ask;
    const buckets = periodOf(parameters, nowMs);
    const money = await currencyFor(ask, buckets);
    const dimension = dimensionOf(parameters.text('group_by'));
    const by = [dimensions[dimension]];
    const costs = totals(await reader.increases({ metric: metrics.cost, by, matchers: [labelIs(currencyLabel, money)] }, buckets));
    const requests = totals(await reader.increases({ metric: metrics.requests, by }, buckets));
    const total = [...costs.values()].reduce((sum, cost) => sum + cost, 0);
    const rows = [...new Set([...costs.keys(), ...requests.keys()])].map((key) => {
      const cost = costs.get(key) ?? 0;
      return { group: named(key), cost, share: total === 0 ? 0 : cost / total, requests: requests.get(key) ?? 0 };
    });
    rows.sort((a, b) => b.cost - a.cost || (a.group < b.group ? -1 : 1));
    const breakdown = Object.fromEntries(rows.map(({ group, cost }) => [group, cost]));
    return { facts: { ...span(buckets), group_by: dimension, currency: money, total, breakdown }, rows };
  },
};
