import type { MetricSource } from '@millrace/api';
import { anomaly } from './anomaly.ts';
import type { Anomaly, AnomalyType } from './anomaly.ts';
import { isoTime } from './endpoint.ts';
import { dayMs, minuteMs } from './periods.ts';
import type { Buckets } from './periods.ts';

const scoreName = 'anomaly_score_ratio';
const isAnomaly = 0.5;
/** Longer periods are read by five minutes. */
const mostRawMs = 2 * dayMs;

interface Known {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

/** The gauges of one group and kind. */
interface Gauges {
  readonly labels: ReadonlyMap<string, string>;
  score?: Known;
  value?: Known;
  expected?: Known;
}

/** The anomalies that the gauges of processor `anomaly` show: runs of scores of 0.5 and more, as far as they are in the period. Undefined when there are no such gauges in the period. */
export async function reported(source: MetricSource, { edgesMs }: Buckets): Promise<Anomaly[] | undefined> {
  const [startMs, endMs] = [edgesMs[0]!, edgesMs.at(-1)!];
  const groups = new Map<string, Gauges>();
  const matchers = [{ name: '__name__', operator: '=~' as const, value: `${scoreName}|anomaly_(value|expected)(_seconds|_ratio)?` }];
  const stepMs = endMs - startMs > mostRawMs ? { stepMs: 5 * minuteMs } : {};
  for await (const { labels, timestampsMs, values } of source.select({ matchers, startMs, endMs, ...stepMs })) {
    const own = new Map(labels);
    const name = own.get('__name__')!;
    own.delete('__name__');
    const id = JSON.stringify([...own]);
    let group = groups.get(id);
    if (group === undefined) groups.set(id, (group = { labels: own }));
    const field = name === scoreName ? 'score' : name.startsWith('anomaly_value') ? 'value' : 'expected';
    group[field] = { timestampsMs, values };
  }
  const known = [...groups.values()];
  return known.some(({ score }) => score !== undefined) ? known.flatMap(anomaliesOf) : undefined;
}

function anomaliesOf({ labels, score, value, expected }: Gauges): Anomaly[] {
  const type = labels.get('anomaly_kind') as AnomalyType | undefined;
  if (type === undefined || score === undefined) return [];
  const group = Object.fromEntries([...labels].filter(([name]) => !/^(anomaly_|otel_scope_|job$|instance$)/.test(name)));
  const found: Anomaly[] = [];
  let beganMs: number | undefined;
  let highest = 0;
  const end = (endedMs?: number): void => {
    if (beganMs === undefined) return;
    const rest = { detected_at: isoTime(beganMs), ...(endedMs !== undefined && { ended_at: isoTime(endedMs) }), score: highest, group };
    found.push(anomaly(type, labels.get('anomaly_metric') ?? type, at(value, beganMs), at(expected, beganMs), rest));
    beganMs = undefined;
  };
  score.values.forEach((now, i) => {
    if (now >= isAnomaly) {
      if (beganMs === undefined) [beganMs, highest] = [score.timestampsMs[i]!, now];
      else highest = Math.max(highest, now);
    } else end(score.timestampsMs[i]!);
  });
  end();
  return found;
}

/** The value at a time, or the last one before; 0 when there is none. */
function at(known: Known | undefined, ms: number): number {
  const index = known?.timestampsMs.findLastIndex((time) => time <= ms) ?? -1;
  return index < 0 ? 0 : known!.values[index]!;
}
