import { describe, expect, it } from '@jest/globals';
import { exportRequest, incidentKinds, incidentsBetween, traffic } from '../src/index.ts';
import type { DemoRequest, IncidentKind, TrafficOptions } from '../src/index.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** A Monday. */
const start = Date.UTC(2026, 10, 2);
const options: TrafficOptions = { seed: 'test', requestsPerSecond: 0.06, incidents: [] };

const made = (from: number, until: number, more: Partial<TrafficOptions> = {}): DemoRequest[] => [
  ...traffic({ ...options, ...more }, from, until),
];

describe('The traffic of the demo (LAO-demo)', () => {
  it('is the same for the same seed, whatever range it is made for, and another one for another seed', () => {
    const whole = made(start, start + 2 * hour);
    const parts = [0, 1, 2, 3].flatMap((part) => made(start + (part * hour) / 2, start + ((part + 1) * hour) / 2));
    expect(JSON.stringify(exportRequest(parts))).toBe(JSON.stringify(exportRequest(whole)));
    expect(JSON.stringify(exportRequest(made(start, start + 2 * hour, { seed: 'other' })))).not.toBe(JSON.stringify(exportRequest(whole)));
  });

  it('follows the day and the week', () => {
    const week = Array.from({ length: 7 }, (_, index) => made(start + index * day, start + (index + 1) * day));
    const counts = week.map(({ length }) => length);
    const perSecond = counts.reduce((sum, count) => sum + count) / (7 * 86_400);
    expect(Math.abs(perSecond / options.requestsPerSecond - 1)).toBeLessThan(0.05);
    expect(Math.min(...counts.slice(0, 5)) / Math.max(...counts.slice(5))).toBeGreaterThan(1.5);
    const byHour = (at: number): number => week[1]!.filter(({ unixMs }) => Math.floor((unixMs % day) / hour) === at).length;
    expect(byHour(15) / byHour(1)).toBeGreaterThan(3);
  });

  it('has several models, vendors, tiers of a cache, versions, failures and retries', () => {
    const requests = made(start, start + 4 * day, { requestsPerSecond: 0.15 });
    const of = (read: (request: DemoRequest) => string): number => new Set(requests.map(read)).size;
    expect(of(({ attempts }) => attempts[0]!.model.name)).toBe(7);
    expect(of(({ attempts }) => attempts[0]!.model.provider)).toBe(4);
    expect(of(({ version }) => version)).toBeGreaterThan(1);
    expect(of(({ team }) => team)).toBe(4);
    expect(new Set(requests.filter(({ answeredByCache }) => answeredByCache).map(({ cache }) => cache.at(-1)!.tier))).toEqual(
      new Set(['1', '2', '3']),
    );
    expect(requests.some(({ attempts }) => attempts[1]?.reason === 'retry')).toBe(true);
  });

  it('has incidents of random start, size and length, that are told, and only those that are asked for', () => {
    const all = incidentsBetween('test', incidentKinds, start, start + 60 * day);
    for (const kind of incidentKinds) expect(all.filter((incident) => incident.kind === kind).length).toBeGreaterThan(10);
    expect(new Set(all.map(({ size }) => size)).size).toBe(all.length);
    expect(incidentsBetween('test', ['cost_spike'], start, start + 60 * day)).toEqual(all.filter(({ kind }) => kind === 'cost_spike'));
    expect(incidentsBetween('test', [], start, start + 60 * day)).toEqual([]);
    for (const { fromMs, untilMs } of all) expect(untilMs - fromMs).toBeGreaterThanOrEqual(10 * minute);
  });

  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const measures: Readonly<Record<IncidentKind, (requests: readonly DemoRequest[]) => number>> = {
    cost_spike: (requests) => mean(requests.map(({ attempts }) => attempts[0]!.input + attempts[0]!.cacheRead + attempts[0]!.cacheWrite)),
    latency_spike: (requests) => mean(requests.map(({ attempts }) => attempts[0]!.durationMs)),
    error_burst: (requests) => mean(requests.map(({ attempts }) => (attempts[0]!.errorType === '' ? 0 : 1))),
    cache_degradation: (requests) => 1 / mean(requests.map(({ answeredByCache }) => (answeredByCache ? 1 : 0))),
    quality_drop: (requests) => 5 - mean(requests.flatMap(({ quality }) => quality ?? [])),
  };

  it.each(incidentKinds)('shows %s where it says so, and nowhere else', (kind) => {
    const incident = incidentsBetween('test', [kind], start, start + 60 * day).find(
      ({ task, untilMs, fromMs }) => task === undefined && untilMs - fromMs > 0.5 * hour,
    )!;
    const busy = { requestsPerSecond: 1 };
    const { fromMs, untilMs } = incident;
    const measure = measures[kind];
    const usual = measure(made(fromMs, untilMs, busy));
    const during = measure(made(fromMs, untilMs, { ...busy, incidents: [kind] }));
    expect(during / usual).toBeGreaterThan(1.5);
    expect(measure(made(untilMs, untilMs + hour / 2, { ...busy, incidents: [kind] }))).toBe(
      measure(made(untilMs, untilMs + hour / 2, busy)),
    );
  });

  it('says nothing of what anybody wrote or read (SHM-11)', () => {
    const keys = new Set([...JSON.stringify(exportRequest(made(start, start + hour))).matchAll(/"key":"([^"]+)"/g)].map(([, key]) => key));
    expect([...keys].filter((key) => /message|prompt|content|completion$/.test(key!) && !key!.startsWith('llm.token_count'))).toEqual([]);
  });
});
