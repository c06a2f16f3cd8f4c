import { AdaptiveDetector } from '@millrace/timeseries';
import { anomaly } from './anomaly.ts';
import type { Anomaly, AnomalyType } from './anomaly.ts';
import { isoTime } from './endpoint.ts';
import { currencyOf, measure } from './measures.ts';
import type { Measure } from './measures.ts';
import type { MetricReader } from './metric-reader.ts';
import { hourMs, lastBuckets } from './periods.ts';
import type { Buckets } from './periods.ts';

const historyDays = 14;

/** What is watched, by the kind of its anomalies, and in which direction it goes wrong. */
const watched: readonly {
  readonly type: AnomalyType;
  readonly metric: string;
  readonly measure: Measure;
  readonly direction: 1 | -1;
  readonly unit: number;
}[] = [
  { type: 'cost_spike', metric: 'cost', measure: 'cost', direction: 1, unit: 1 },
  { type: 'latency_spike', metric: 'latency', measure: 'latency_ms', direction: 1, unit: 1000 },
  { type: 'error_rate', metric: 'errors', measure: 'error_rate', direction: 1, unit: 1 },
  { type: 'cache_degradation', metric: 'cache', measure: 'cache_hit_rate', direction: -1, unit: 1 },
  { type: 'quality_drop', metric: 'quality', measure: 'quality', direction: -1, unit: 1 },
];

/** The anomalies that began in a period, by a detector that goes through the complete hours of two weeks before its end. Costs are by the hour. */
export async function detected(reader: MetricReader, { edgesMs }: Buckets): Promise<Anomaly[]> {
  const [startMs, endMs] = [edgesMs[0]!, edgesMs.at(-1)!];
  const { edgesMs: hours, stepMs } = lastBuckets('hour', historyDays * 24 + 1, endMs);
  const buckets = { edgesMs: hours.slice(0, -1), stepMs };
  const currency = await currencyOf(reader, buckets);
  const found: Anomaly[] = [];
  for (const { type, metric, measure: name, direction, unit } of watched) {
    const [group] = await measure(reader, name, buckets, { currency });
    const values = group?.values ?? new Float64Array();
    const detector = new AdaptiveDetector();
    const first = values.findIndex((value) => value !== 0 && !Number.isNaN(value));
    for (let i = Math.max(0, first); i < values.length; i++) {
      const { detected: isDetected, score, expected } = detector.update(hours[i]!, values[i]!);
      const isWrong = isDetected && direction * (values[i]! - expected) > 0;
      if (!isWrong || hours[i]! + hourMs <= startMs) continue;
      found.push(anomaly(type, metric, values[i]! / unit, expected / unit, { detected_at: isoTime(hours[i]!), score, group: {} }));
    }
  }
  return found;
}
