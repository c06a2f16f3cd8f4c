import { forecast } from '@millrace/timeseries';
import { capacityUse } from '../capacities.ts';
import { isoTime, number, text, time } from '../endpoint.ts';
import type { Endpoint, Row } from '../endpoint.ts';
import { dayMs } from '../periods.ts';
import { span, spanFacts } from './cost-breakdown.ts';
import { historyFor } from './forecast.ts';

const horizonDays = 30;

/** How much of each capacity is used, and how long it lasts. */
export const capacity: Endpoint = {
  path: '/analytics/capacity',
  summary: 'Utilisation of capacities, its trend, and when they will be exhausted',
  parameters: {
    threshold: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.9,
      description: 'The utilisation at which a capacity counts as exhausted.',
    },
  },
  rows: 'capacities',
  columns: {
    resource: text,
    utilization: number,
    status: { enum: ['ok', 'exhausted', 'insufficient_data'] },
    trend: { enum: ['increasing', 'decreasing', 'stable'] },
    exhausted_at: time,
    days_left: number,
  },
  facts: { ...spanFacts, threshold: number },
  optional: ['trend', 'exhausted_at', 'days_left'],
  find: async ({ parameters, reader, nowMs }) => {
    const threshold = parameters.number('threshold')!;
    const buckets = historyFor(horizonDays, nowMs);
    const timestampsMs = buckets.edgesMs.slice(0, -1);
    const rows = (await capacityUse(reader, buckets)).flatMap(
      ({ resource, values }): (Row & { readonly utilization: number; readonly resource: string })[] => {
        const utilization = values.findLast((value) => !Number.isNaN(value));
        if (utilization === undefined) return [];
        if (utilization >= threshold) return [{ resource, utilization, status: 'exhausted', days_left: 0 }];
        const result = forecast({ timestampsMs, values }, horizonDays);
        if (result.status !== 'ok') return [{ resource, utilization, status: result.status }];
        const index = result.mean.findIndex((value) => value >= threshold);
        const atMs = index < 0 ? undefined : result.timestampsMs[index]!;
        const end = atMs === undefined ? {} : { exhausted_at: isoTime(atMs), days_left: Math.max(0, (atMs - nowMs) / dayMs) };
        return [{ resource, utilization, status: 'ok', trend: result.trend, ...end }];
      },
    );
    rows.sort((a, b) => b.utilization - a.utilization || (a.resource < b.resource ? -1 : 1));
    return { facts: { ...span(buckets), threshold }, rows };
  },
};
