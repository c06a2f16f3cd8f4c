import { number, text } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { named } from '../measures.ts';
import { dimensions } from '../metric-reader.ts';
import { periodOf, periodParameters } from '../periods.ts';
import { latencies, percentiles } from '../quantiles.ts';
import { span, spanFacts } from './cost-breakdown.ts';

const columns = Object.fromEntries(Object.keys(percentiles).map((name) => [name, number]));

/** Percentiles of the duration of calls. */
export const latency: Endpoint = {
  path: '/analytics/latency',
  summary: 'Percentiles of the duration of calls: p50, p75, p90, p95, p99, of all and by model, provider or cache tier',
  parameters: {
    ...periodParameters,
    group_by: { type: 'string', enum: ['model', 'provider', 'tier'], default: 'model', description: 'What is told apart.' },
  },
  rows: 'groups',
  columns: { group: text, requests: number, ...columns },
  facts: { ...spanFacts, unit: { const: 'ms' }, requests: number, ...columns },
  optional: Object.keys(percentiles),
  find: async ({ parameters, reader, nowMs }) => {
    const buckets = periodOf(parameters, nowMs);
    const by = dimensions[parameters.text('group_by') as 'model' | 'provider' | 'tier'];
    const [all] = await latencies(reader, [], buckets);
    const rows = (await latencies(reader, [by], buckets)).map(({ key, count, values }) => ({
      group: named(key[0]!),
      requests: count,
      ...values,
    }));
    rows.sort((a, b) => b.requests - a.requests || (a.group < b.group ? -1 : 1));
    return { facts: { ...span(buckets), unit: 'ms', requests: all?.count ?? 0, ...all?.values }, rows };
  },
};
