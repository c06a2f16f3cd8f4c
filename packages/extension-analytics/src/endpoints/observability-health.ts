import type { ComponentInfo, MetricSource } from '@millrace/api';
import { isoTime, number, text, time } from '../endpoint.ts';
import type { Ask, Endpoint, Found, Row } from '../endpoint.ts';
import { minuteMs } from '../periods.ts';

const lookbackMs = 5 * minuteMs;
const healths = ['healthy', 'degraded', 'unhealthy'] as const;
type Health = (typeof healths)[number];

const columns = { component: text, kind: text, status: { enum: healths }, message: text, since: time };
const facts = { status: { enum: healths }, timestamp: time, version: text, uptime_seconds: number };

/** Whether the service is well: 503 when it is not. */
export const health: Endpoint = {
  path: '/observability/health',
  summary: 'Whether all is well; 503 when a component cannot work',
  parameters: {},
  rows: 'problems',
  columns,
  facts,
  find: async (ask) => {
    const { rows, ...found } = await judged(ask);
    return { ...found, rows: rows.filter(({ status }) => status !== 'healthy') };
  },
};

/** How every component is. */
export const healthDetailed: Endpoint = {
  path: '/observability/health/detailed',
  summary: 'How each component of the pipeline is, and what applications say of theirs (millrace.health.status)',
  parameters: {},
  rows: 'components',
  columns,
  facts,
  find: judged,
};

async function judged({ host, source, nowMs, requests }: Ask): Promise<Found> {
  const { program, components } = host.service;
  const rows = [...components.call(host.service).map(rowOf), ...(await applications(source, nowMs))];
  const worst = rows.reduce((found, { status }) => Math.max(found, healths.indexOf(status)), 0);
  const status = healths[worst]!;
  return {
    status: status === 'unhealthy' ? 503 : 200,
    facts: { status, timestamp: isoTime(nowMs), version: program.version, uptime_seconds: (nowMs - requests.startedMs) / 1000 },
    rows,
  };
}

function rowOf({ kind, id, report }: ComponentInfo): Row & { readonly status: Health } {
  const { status, error, atMs } = report;
  const isBroken = status === 'PermanentError' || status === 'FatalError';
  const isWeak = status === 'RecoverableError' || status === 'Starting';
  return {
    component: id,
    kind,
    status: isBroken ? 'unhealthy' : isWeak ? 'degraded' : 'healthy',
    message: error?.message ?? status,
    since: isoTime(atMs),
  };
}

/** What applications say is no failure of this service: it is degraded by it at most. */
async function applications(source: MetricSource, nowMs: number): Promise<(Row & { readonly status: Health })[]> {
  const matchers = [{ name: '__name__', operator: '=' as const, value: 'millrace_health_status_ratio' }];
  const rows = [];
  for await (const { labels, timestampsMs, values } of source.select({ matchers, startMs: nowMs - lookbackMs, endMs: nowMs })) {
    const isHealthy = values.at(-1)! >= 0.5;
    rows.push({
      component: labels.find(([name]) => name === 'millrace_component')?.[1] ?? 'none',
      kind: 'application',
      status: isHealthy ? ('healthy' as const) : ('degraded' as const),
      message: isHealthy ? 'OK' : 'The application says that it is not healthy',
      since: isoTime(timestampsMs.at(-1)!),
    });
  }
  return rows;
}
