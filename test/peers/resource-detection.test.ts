import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { encode } from '../../packages/wire/test/reference.ts';
import type { PlainMessage } from '../../packages/wire/test/reference.ts';
import { freePorts, post, startMillrace, temporaryFolder } from '../harness.ts';
import { allSignals, withoutEmpty } from './items.ts';
import type { Signal } from './items.ts';
import { startOtelcol } from './otelcol.ts';
import { startWitness } from './witness.ts';

const everyAttribute = [
  'host.arch',
  'host.cpu.cache.l2.size',
  'host.cpu.family',
  'host.cpu.model.id',
  'host.cpu.model.name',
  'host.cpu.stepping',
  'host.cpu.vendor.id',
  'host.id',
  'host.interface',
  'host.ip',
  'host.mac',
  'host.name',
  'os.build.id',
  'os.description',
  'os.name',
  'os.type',
  'os.version',
];
const all = { resource_attributes: Object.fromEntries(everyAttribute.map((name) => [name, { enabled: true }])) };
const variables = { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name = a%2Cb , host.name=from-env,team=caf%C3%A9+blue' };

function config(processor: object, [port]: readonly number[], destination: string): unknown {
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: { resource_detection: processor },
    exporters: { otlphttp: { endpoint: destination, compression: 'none' } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: Object.fromEntries(
        allSignals.map((signal) => [signal, { receivers: ['otlp'], processors: ['resource_detection'], exporters: ['otlphttp'] }]),
      ),
    },
  };
}

const names = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
} as const;

/** Resources with and without attributes, of which some are detected too, and with and without a schema URL. */
function requestOf(signal: Signal): Buffer {
  const [groups, scopes, items] = names[signal];
  const item = {
    traces: { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2), name: 'span' },
    metrics: { name: 'metric', gauge: { dataPoints: [{ timeUnixNano: 1n, asDouble: 0.5 }] } },
    logs: { timeUnixNano: 1n, severityText: 'INFO' },
  }[signal];
  const text = (key: string, stringValue: string): PlainMessage => ({ key, value: { stringValue } });
  const resources: PlainMessage[] = [
    {},
    { resource: { attributes: [text('service.name', 'shop')] } },
    {
      resource: { attributes: [text('os.type', 'plan9'), text('service.name', 'shop'), text('host.name', 'mine')] },
      schemaUrl: 'https://mine',
    },
    { resource: { attributes: [{ key: 'host.name', value: { intValue: 5n } }, text('team', 'café blue')] } },
  ];
  return encode(signal, {
    [groups]: resources.map((resource) => ({ ...resource, [scopes]: [{ scope: { name: 'lib' }, [items]: [item] }] })),
  });
}

/** What comes out of a program with this processor, by signal. */
async function outcome(start: (config: unknown) => Promise<() => Promise<unknown>>, processor: object): Promise<Record<string, string[]>> {
  const end = await startWitness();
  try {
    const ports = await freePorts(1);
    const stop = await start(config(processor, ports, end.httpUrl));
    try {
      for (const signal of allSignals) expect((await post(ports[0]!, signal, requestOf(signal))).status).toBe(200);
    } finally {
      await stop();
    }
    return Object.fromEntries(allSignals.map((signal) => [signal, withoutEmpty(end.items(signal)).toSorted()]));
  } finally {
    await end.close();
  }
}

async function otelcol(settings: unknown): Promise<() => Promise<unknown>> {
  const running = await startOtelcol(settings, variables);
  return () => running.stop();
}

async function millrace(settings: unknown): Promise<() => Promise<unknown>> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(settings));
  const running = startMillrace(['--config', 'config.yaml'], { cwd: folder, env: variables });
  await running.says('Everything is ready');
  return async () => expect(await running.stop()).toBe(0);
}

describe('resource_detection', () => {
  it.each<[object]>([
    [{ detectors: ['env'] }],
    [{ detectors: ['system'] }],
    [{ detectors: ['env', 'system'], system: all }],
    [{ detectors: ['system', 'env'], system: { ...all, hostname_sources: ['os'] } }],
    [{ detectors: ['system', 'env'], override: false, system: { hostname_sources: ['dns', 'os'] } }],
    [{ detectors: ['env', 'system'], override: false, system: { hostname_sources: ['lookup', 'cname', 'os'] } }],
  ])('writes what a real Collector writes: %j', async (processor) => {
    const expected = await outcome(otelcol, processor);
    for (const signal of allSignals) expect(expected[signal]).toHaveLength(4);
    expect(await outcome(millrace, processor)).toEqual(expected);
  });
});
