import { AskError, isoTime, text, number, time } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { groupingsOf, isAmount, measure, measureNames, named } from '../measures.ts';
import type { Measure } from '../measures.ts';
import { lastBuckets, periodNames } from '../periods.ts';
import type { PeriodName } from '../periods.ts';
import { currency, currencyFor, dimensionOf, groupBy, span, spanFacts } from './cost-breakdown.ts';

/** A measure by hour, day, week or month. */
export const trends: Endpoint = {
  path: '/analytics/trends',
  summary: 'A measure by hours, days, weeks or months of UTC, the present one last',
  parameters: {
    metric: { type: 'string', enum: measureNames, default: 'cost', description: 'What is measured.' },
    period: { type: 'string', enum: periodNames, default: 'day', description: 'How long an interval is; weeks begin on Monday.' },
    intervals: { type: 'integer', minimum: 1, maximum: 1000, default: 30, description: 'How many intervals.' },
    group_by: groupBy,
    currency,
  },
  rows: 'points',
  columns: { timestamp: time, group: text, value: number },
  facts: { ...spanFacts, metric: text, period: text, unit: text },
  optional: ['value', 'group'],
  find: async (ask) => {
    const { parameters, reader, nowMs } = ask;
    const name = parameters.text('metric') as Measure;
    const period = parameters.text('period') as PeriodName;
    const buckets = lastBuckets(period, parameters.number('intervals')!, nowMs);
    const isMoney = name === 'cost' || name === 'savings';
    const money = isMoney ? await currencyFor(ask, buckets) : undefined;
    const grouped = parameters.text('group_by');
    const possible = groupingsOf(name);
    if (grouped !== '' && !possible.includes(dimensionOf(grouped)))
      throw new AskError(400, `${name} can be grouped by ${possible.join(', ')}`);
    const groups = await measure(reader, name, buckets, { currency: money, ...(grouped !== '' && { by: dimensionOf(grouped) }) });
    if (groups.length === 0 && grouped === '') {
      const empty = isAmount(name) ? 0 : Number.NaN;
      groups.push({ key: [], values: new Float64Array(buckets.edgesMs.length - 1).fill(empty) });
    }
    groups.sort((a, b) => (a.key.join() < b.key.join() ? -1 : 1));
    const rows = groups.flatMap(({ key, values }) =>
      Array.from(values, (value, i) => ({
        timestamp: isoTime(buckets.edgesMs[i]!),
        ...(grouped !== '' && { group: named(key[0] ?? '') }),
        ...(!Number.isNaN(value) && { value }),
      })),
    );
    return { facts: { ...span(buckets), metric: name, period, unit: money ?? unitOf(name) }, rows };
  },
};

/** The unit of a measure that is no money. */
export function unitOf(name: Measure): string {
  if (name === 'latency_ms') return 'ms';
  if (name === 'quality') return 'points';
  if (!isAmount(name)) return 'share';
  return name.includes('tokens') ? 'tokens' : name;
}
