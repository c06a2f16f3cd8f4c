import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signals } from '@millrace/api';
import type { Component, Context, Factory, Signal } from '@millrace/api';
import { configOf, Sink, testContext, testHost } from '@millrace/api/testing';
import { components } from '@millrace/distribution';
import { Ledger } from '@millrace/service';
import { createRefusals } from '@millrace/transport';
import type { Meter, MetricOptions } from '@opentelemetry/api';
import { createItemMetrics } from '../packages/service/src/telemetry/item-metrics.ts';
import { levelOf } from '../packages/service/src/telemetry/metric-views.ts';
import { createProcessMetrics } from '../packages/service/src/telemetry/process-metrics.ts';
import { watchExpiry } from '../packages/transport/src/tls/certificate-expiry.ts';

type Instrument = Readonly<Record<string, () => void>>;

/** A meter that remembers what instruments are made, with every part of the service and of the components that makes some. */
async function instruments(): Promise<ReadonlyMap<string, readonly [kind: string, options: MetricOptions]>> {
  const made = new Map<string, readonly [string, MetricOptions]>();
  const nothing: Instrument = new Proxy({}, { get: () => () => {} });
  const create = (kind: string) => (name: string, options: MetricOptions) => {
    made.set(`otelcol_${name}`, [kind, options]);
    return nothing;
  };
  const meter = new Proxy({} as Meter, {
    get: (_, method) =>
      create(String(method).replace('create', '').replace('Observable', '').replace('UpDownCounter', 'gauge').toLowerCase()),
  });
  const { memory, pool } = testHost();
  createItemMetrics(meter, { ledger: new Ledger(), signals: ['traces', 'metrics', 'logs'], isQueued: () => true, detailed: true });
  createProcessMetrics(meter, { memory, pool, thread: 'main', threads: 1 })();
  meter.createObservableCounter('telemetry_dropped_log_records', { unit: '{records}', description: 'Number of own log records given up.' });
  createRefusals({ ...testContext(), meter }, 'http');
  watchExpiry({ ...testContext(), meter }, () => [])();
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
  const settings: Readonly<Record<string, object>> = {
    'exporter load_balancing': { resolver: { static: { hostnames: ['127.0.0.1:1'] } } },
    'exporter otlp_http': { endpoint: 'http://127.0.0.1:1' },
    'exporter prometheus_remote_write': { endpoint: 'http://127.0.0.1:1' },
    'processor batch': {},
    'processor memory_limiter': { check_interval: '1s', limit_mib: 1 },
    'processor aggregate': {},
    'processor budget': { budgets: [{ name: 'all', measure: 'requests', limit: 1 }] },
    'processor cardinality_limit': { limit: 1 },
    'processor cumulativetodelta': {},
    'processor deltatocumulative': {},
    'processor filter': { error_mode: 'ignore', traces: { span: ['true'] }, metrics: { metric: ['true'] }, logs: { log_record: ['true'] } },
    'processor genai': { prices: { catalog: 'none' } },
    'processor groupbytrace': {},
    'processor probabilistic_sampler': { sampling_percentage: 10 },
    'processor redaction': { detectors: ['email'] },
    'processor tail_sampling': { policies: [{ name: 'all', type: 'always_sample' }] },
    'processor transform': { trace_statements: [{ context: 'span', statements: ['set(name, "x")'] }] },
    'connector aggregate': {},
    'connector service_graph': {},
    'connector span_metrics': {},
    'receiver host_metrics': { scrapers: { load: {} } },
    'extension file_storage': { directory: folder, create_directory: true },
  };
  for (const entry of components) {
    const given = settings[`${entry.kind} ${entry.type}`];
    if (given === undefined) continue;
    const { factory } = await entry.load();
    const wrapped = (factory.wraps ?? []).map(({ kind, type }) =>
      components.find((known) => known.kind === kind && known.type === type)!.load(),
    );
    const host = testHost(
      undefined,
      undefined,
      (await Promise.all(wrapped)).map((loaded) => loaded.factory),
    );
    for (const signal of ['traces', 'metrics', 'logs'] as const) {
      if (!supports(factory, signal)) continue;
      const context = testContext({ kind: entry.kind, signal, meter });
      const component = makeOne(factory, configOf(factory as never, given) as never, context);
      await component.start?.(host);
      await component.shutdown?.(AbortSignal.timeout(1_000));
    }
  }
  rmSync(folder, { recursive: true, force: true });
  return made;
}

function supports(factory: Factory, signal: Signal): boolean {
  if (factory.kind === 'connector') return factory.signals[signal] !== undefined;
  return factory.kind === 'extension' || factory.stability[signal] !== undefined;
}

function makeOne(factory: Factory, config: never, context: Context): Component {
  if (factory.kind === 'receiver') return factory.create(config, new Map(signals.map((signal: Signal) => [signal, new Sink()])), context);
  if (factory.kind === 'processor') return factory.create?.(config, new Sink(), context) ?? factory.visit!(config, context);
  if (factory.kind === 'exporter' || factory.kind === 'extension') return factory.create(config, context);
  return factory.create(config, { all: new Sink(), byPipeline: new Map([['metrics', new Sink()]]) }, context);
}

/** The own metrics as a Markdown table, by name. Throws when one has no description or unit. */
export async function ownMetricsTable(): Promise<string> {
  const rows = [...(await instruments())]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, [kind, { unit = '', description = '' }]]) => {
      if (unit === '' || description === '') throw new Error(`${name} has no unit or no description`);
      return `| \`${name}\` | ${kind} | \`${unit}\` | ${levelOf(name)} | ${description.replaceAll('|', '\\|')} |`;
    });
  return ['| metric | type | unit | from level | meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}
