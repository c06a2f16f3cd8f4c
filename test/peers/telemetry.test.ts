import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { freePorts, post, runConfig } from '../harness.ts';
import { logs, metrics, traces } from '../payloads.ts';
import { install } from './install.ts';
import { startOtelcol } from './otelcol.ts';
import { peers } from './peers.ts';
import { startWitness } from './witness.ts';

interface Ports {
  readonly otlp: number;
  readonly own: number;
  readonly dead: number;
}

const relay = (ports: Ports, httpUrl: string, grpcUrl: string, level: string, flags: object): unknown => ({
  receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${ports.otlp}` } } } },
  processors: { batch: { timeout: '10ms' }, memory_limiter: { check_interval: '1s', limit_mib: 400 } },
  exporters: {
    otlphttp: { endpoint: httpUrl },
    otlp: { endpoint: grpcUrl, tls: { insecure: true } },
    'otlphttp/dead': { endpoint: `http://127.0.0.1:${ports.dead}`, retry_on_failure: { enabled: false } },
  },
  service: {
    telemetry: {
      metrics: { level, readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port: ports.own, ...flags } } } }] },
    },
    pipelines: Object.fromEntries(
      ['traces', 'metrics', 'logs'].map((signal) => [
        signal,
        { receivers: ['otlp'], processors: ['memory_limiter', 'batch'], exporters: ['otlphttp', 'otlp', 'otlphttp/dead'] },
      ]),
    ),
  },
});

/** The type of every metric in an exposition, and its label names, `le` aside, joined; `_bucket`, `_sum` and `_count` count as one. */
function labelsByName(text: string): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined) result.set(typed, (result.get(typed) ?? new Set()).add(`(${type})`));
    const [, name, labels] = /^([a-zA-Z0-9_:]+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const keys = [...(labels ?? '').matchAll(/([a-zA-Z0-9_]+)="(?:[^"\\]|\\.)*"/g)].map((match) => match[1]).filter((key) => key !== 'le');
    const family = name.replace(/_(bucket|sum|count)$/, '');
    const known = result.get(family) ?? new Set();
    result.set(family, known.add(keys.toSorted().join()));
  }
  return result;
}

/** Sends one request of each signal and returns the metrics page once everything was sent on. */
async function pageAfterTraffic(ports: Ports): Promise<string> {
  for (const [signal, body] of Object.entries({
    traces: traces(10, { seed: 1 }),
    metrics: metrics(10, { seed: 1 }),
    logs: logs(10, { seed: 1 }),
  })) {
    expect((await post(ports.otlp, signal, body)).status).toBe(200);
  }
  const done = ['spans', 'metric_points', 'log_records'].flatMap((noun) => [
    new RegExp(`^otelcol_exporter_send_failed_${noun}\\S* 10$`, 'm'),
    new RegExp(`^otelcol_exporter_sent_${noun}\\S*server_address="http:\\S* 10$`, 'm'),
    new RegExp(`^otelcol_exporter_sent_${noun}\\S*url_path\\S* 10$`, 'm'),
  ]);
  for (;;) {
    const page = await (await fetch(`http://127.0.0.1:${ports.own}/metrics`)).text();
    if (done.every((pattern) => pattern.test(page))) return page;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function bothPages(level: string, flags: object): Promise<{ theirs: Map<string, Set<string>>; ours: Map<string, Set<string>> }> {
  const end = await startWitness();
  const [otlp, own, dead, ourOtlp, ourOwn] = (await freePorts(5)) as [number, number, number, number, number];
  const theirPorts = { otlp, own, dead };
  const otelcol = await startOtelcol(relay(theirPorts, end.httpUrl, end.grpcUrl, level, flags));
  try {
    const theirs = labelsByName(await pageAfterTraffic(theirPorts));
    const ourPorts = { otlp: ourOtlp, own: ourOwn, dead };
    const millrace = await runConfig(relay(ourPorts, end.httpUrl, end.grpcUrl, level, flags));
    try {
      return { theirs, ours: labelsByName(await pageAfterTraffic(ourPorts)) };
    } finally {
      expect(await millrace.stop()).toBe(0);
    }
  } finally {
    await otelcol.stop();
    await end.close();
  }
}

/**
 * What the Collector has and millrace has not: metrics of its language and libraries, and the duration of one processor (millrace runs neighbours in one walk).
 */
const notHere = /^(promhttp_|http_|rpc_|otelcol_processor_internal_duration)/;

describe.each([
  ['normal', {}],
  ['detailed', {}],
  ['normal', { without_type_suffix: false, without_units: false, without_scope_info: false }],
])('The own metrics at level %s with the reader flags %j', (level, flags) => {
  it('have the names, types and labels of a real Collector', async () => {
    const { theirs, ours } = await bothPages(level, flags);
    const expected = [...theirs]
      .filter(([name]) => !notHere.test(name))
      .map(([name, labels]) => `${name} ${[...labels].toSorted().join(' | ')}`);
    const shared = [...ours].filter(([name]) => theirs.has(name)).map(([name, labels]) => `${name} ${[...labels].toSorted().join(' | ')}`);
    expect(shared.toSorted()).toEqual(expected.toSorted());
  });
});

describe('promtool', () => {
  it.each([
    ['has no complaint but for the suffix that the default flags take away', {}, /^$|^\S+ counter metrics should have "_total" suffix$/],
    ['has no complaint when the flags are off', { without_type_suffix: false, without_units: false }, /^$/],
  ])('%s', async (_name, flags, allowed) => {
    const end = await startWitness();
    const [otlp, own, dead] = (await freePorts(3)) as [number, number, number];
    const millrace = await runConfig(relay({ otlp, own, dead }, end.httpUrl, end.grpcUrl, 'detailed', flags));
    try {
      const page = await pageAfterTraffic({ otlp, own, dead });
      const promtool = join(dirname(install(peers.prometheus2)), 'promtool');
      const { stderr } = spawnSync(promtool, ['check', 'metrics'], { input: page, encoding: 'utf8' });
      expect(stderr.split('\n').filter((line) => !allowed.test(line))).toEqual([]);
    } finally {
      expect(await millrace.stop()).toBe(0);
      await end.close();
    }
  });
});
