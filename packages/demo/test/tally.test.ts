import { describe, expect, it } from '@jest/globals';
import { metricDefinitions } from '@millrace/genai';
import { Recorder } from '@millrace/sdk';
import { Demo, incidentsBetween, priceSettings } from '../src/index.ts';

const hours = 3_600_000;
/** An hour in which vendors fail so often that even a retry does: otherwise the demo would have no failover to show. */
const start = Math.floor(
  incidentsBetween('tally', ['error_burst'], Date.UTC(2026, 10, 8), Date.UTC(2026, 11, 8)).find(({ size }) => size > 0.25)!.fromMs,
);

/** What Prometheus text shows of each metric: the sum of its series, or the sum of the counts and of the sums of its histograms. */
function shown(text: string): Map<string, { kind: string; sum: number; count: number }> {
  const metrics = new Map<string, { kind: string; sum: number; count: number }>();
  for (const [, name, kind] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) metrics.set(name!, { kind: kind!, sum: 0, count: 0 });
  for (const line of text.split('\n')) {
    const [, name, value] = /^([^\s{#]+)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const metric = metrics.get(name) ?? metrics.get(name.replace(/_(sum|count|bucket)$/, ''));
    if (metric === undefined || name.endsWith('_bucket')) continue;
    if (metric.kind === 'histogram' && name.endsWith('_count')) metric.count += Number(value);
    else metric.sum += Number(value);
  }
  return metrics;
}

/** The metric as Prometheus names it: with a unit or `_total` at the end. */
function find<T>(metrics: ReadonlyMap<string, T>, name: string): T | undefined {
  const plain = name.replaceAll('.', '_');
  const named = [...metrics.keys()].filter((exposed) => exposed === plain || exposed.startsWith(`${plain}_`));
  return metrics.get(named.sort((a, b) => a.length - b.length)[0] ?? '');
}

describe('The demo', () => {
  it('makes every metric of the list that an application records non-zero and equal to its own tally (LAO-demo, SHM-1, IMS-2, ASA-2)', async () => {
    const until = start + 3 * hours;
    const recorder = new Recorder({ prices: priceSettings(), now: () => until });
    await recorder.ready();
    const demo = new Demo({ seed: 'tally', requestsPerSecond: 1, incidents: ['error_burst'], recorder });
    for (let at = start; at < until; at += hours / 4) await demo.live(at, at + hours / 4);
    demo.rows.change('http.server.active_requests', ['GET', '/metrics'], 1);
    const metrics = shown(recorder.metricsText());
    const { expected } = demo.finishTally();
    const wrong: unknown[] = [];
    for (const { name, producers } of metricDefinitions) {
      if (!producers.includes('sdk')) continue;
      const known = expected.get(name);
      const seen = find(metrics, name);
      const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
      const isEqual = known !== undefined && seen !== undefined && near(known.sum, seen.sum) && near(known.count, seen.count);
      if (!isEqual || known.sum + known.count === 0) wrong.push({ name, known, seen });
    }
    expect(wrong).toEqual([]);
    await recorder.shutdown();
  }, 60_000);
});
