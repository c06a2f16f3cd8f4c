import { integer, isoTime, number, text, time } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { dayMs } from '../periods.ts';

/** What is kept and answered here. */
export const stats: Endpoint = {
  path: '/observability/stats',
  summary: 'What is kept: series, samples, spans and bytes; and what was asked for here',
  parameters: {},
  rows: 'kept',
  columns: { name: text, kind: { enum: ['metrics', 'items'] }, count: integer, bytes: integer, start: time, end: time },
  facts: {
    series: integer,
    size_bytes: integer,
    pending_points: integer,
    requests: integer,
    failed_requests: integer,
    uptime_seconds: number,
  },
  optional: ['size_bytes', 'pending_points', 'start', 'end'],
  find: async ({ source, store, nowMs, requests }) => {
    const asked = { requests: requests.total, failed_requests: requests.failed, uptime_seconds: (nowMs - requests.startedMs) / 1000 };
    if (store === undefined) {
      return { facts: { series: (await source.series([], nowMs - dayMs, nowMs)).length, ...asked }, rows: [] };
    }
    const { series, sizeBytes, pendingPoints, tiers, items } = await store.info();
    const span = (startMs?: number, endMs?: number): object =>
      startMs === undefined || endMs === undefined ? {} : { start: isoTime(startMs), end: isoTime(endMs) };
    const rows = [
      ...tiers.map(({ name, samples, sizeBytes: bytes, startMs, endMs }) => ({
        name,
        kind: 'metrics',
        count: samples,
        bytes,
        ...span(startMs, endMs),
      })),
      ...items.map(({ signal, items: count, sizeBytes: bytes, startMs, endMs }) => ({
        name: signal,
        kind: 'items',
        count,
        bytes,
        ...span(startMs, endMs),
      })),
    ];
    return { facts: { series, size_bytes: sizeBytes, pending_points: pendingPoints, ...asked }, rows };
  },
};
