import { number, text, texts, time } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { detected } from '../detected-anomalies.ts';
import { anomalyTypes } from '../anomaly.ts';
import { periodOf, periodParameters } from '../periods.ts';
import { reported } from '../reported-anomalies.ts';
import { span, spanFacts } from './cost-breakdown.ts';

/** What is not as usual. */
export const anomalies: Endpoint = {
  path: '/analytics/anomalies',
  summary: 'Anomalies of cost, latency, errors, cache and quality in a period, the latest first',
  parameters: periodParameters,
  rows: 'anomalies',
  columns: {
    anomaly_type: { enum: anomalyTypes },
    severity: { enum: ['warning', 'critical'] },
    metric_name: text,
    current_value: number,
    expected_value: number,
    deviation_pct: number,
    message: text,
    detected_at: time,
    ended_at: time,
    score: number,
    group: texts,
  },
  facts: { ...spanFacts, detector: { enum: ['processor', 'adaptive'] } },
  optional: ['ended_at'],
  find: async ({ parameters, reader, source, nowMs }) => {
    const buckets = periodOf(parameters, nowMs);
    const known = await reported(source, buckets);
    const rows = [...(known ?? (await detected(reader, buckets)))];
    rows.sort((a, b) => (a.detected_at < b.detected_at ? 1 : a.detected_at > b.detected_at ? -1 : a.message < b.message ? -1 : 1));
    return { facts: { ...span(buckets), detector: known === undefined ? 'adaptive' : 'processor' }, rows };
  },
};
