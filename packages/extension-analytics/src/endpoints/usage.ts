import { integer, number, text } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { measure, metrics, totals } from '../measures.ts';
import { dimensions } from '../metric-reader.ts';
import { hourMs, minuteMs, periodOf, periodParameters } from '../periods.ts';
import { span, spanFacts } from './cost-breakdown.ts';

const mostHours = 24 * 90;

/** Who uses the service, and when. */
export const usage: Endpoint = {
  path: '/analytics/usage',
  summary: 'Distinct users, requests of each, and how many requests each hour of the day has',
  parameters: periodParameters,
  rows: 'users',
  columns: { user: text, requests: number },
  facts: {
    ...spanFacts,
    requests: number,
    distinct_users: integer,
    requests_per_user: number,
    requests_without_user: number,
    hour_of_day: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['hour', 'requests'],
        properties: { hour: integer, requests: number },
      },
    },
  },
  find: async ({ parameters, reader, nowMs }) => {
    const buckets = periodOf(parameters, nowMs);
    const byUser = totals(await reader.increases({ metric: metrics.requests, by: [dimensions.user] }, buckets));
    const without = byUser.get('') ?? 0;
    const rows = [...byUser].flatMap(([user, requests]) => (user === '' || requests === 0 ? [] : [{ user, requests }]));
    rows.sort((a, b) => b.requests - a.requests || (a.user < b.user ? -1 : 1));
    const known = rows.reduce((sum, { requests }) => sum + requests, 0);
    const [startMs, endMs] = [buckets.edgesMs[0]!, buckets.edgesMs.at(-1)!];
    const first = Math.max(Math.floor(startMs / hourMs), Math.ceil(endMs / hourMs) - mostHours);
    const edgesMs = Array.from({ length: Math.ceil(endMs / hourMs) - first + 1 }, (_, i) => (first + i) * hourMs);
    edgesMs[0] = Math.max(edgesMs[0]!, startMs);
    edgesMs[edgesMs.length - 1] = endMs;
    const hours = Array.from({ length: 24 }, (_, hour) => ({ hour, requests: 0 }));
    const stepMs = buckets.stepMs > hourMs ? hourMs : Math.max(minuteMs, buckets.stepMs);
    for (const { values } of await measure(reader, 'requests', { edgesMs, stepMs })) {
      values.forEach((count, i) => (hours[Math.floor(edgesMs[i]! / hourMs) % 24]!.requests += count));
    }
    return {
      facts: {
        ...span(buckets),
        requests: known + without,
        distinct_users: rows.length,
        requests_per_user: rows.length === 0 ? 0 : known / rows.length,
        requests_without_user: without,
        hour_of_day: hours,
      },
      rows,
    };
  },
};
