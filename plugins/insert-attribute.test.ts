import { checkConfig, resolveConfig } from '@millrace/config';
import { components as distribution } from '@millrace/distribution';
import { catalogOf, Service } from '@millrace/service';
import type { FactoryEntry } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const components: readonly FactoryEntry[] = [
  ...distribution,
  { kind: 'processor', type: 'insert_attribute', load: () => import('./insert-attribute.ts') },
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('The insert_attribute plugin', () => {
  it('inserts its attribute where it is absent, in a running pipeline', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'plugin-')), 'out.jsonl');
    const port = await freePort();
    const yaml = `yaml:${JSON.stringify({
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      processors: { insert_attribute: { key: 'region', value: 'eu' } },
      exporters: { file: { path: file } },
      service: {
        telemetry: { logs: { level: 'error' } },
        pipelines: { traces: { receivers: ['otlp'], processors: ['insert_attribute'], exporters: ['file'] } },
      },
    })}`;
    const resolved = await resolveConfig({ locations: [yaml], env: {}, cwd: '.' });
    const config = await checkConfig(
      resolved,
      catalogOf(components, () => undefined),
    );
    const service = await Service.create({ config, components, program: { name: 'test', version: '0.0.0' } });
    await service.start();
    const span = (id: string, attributes: unknown[]): unknown => ({
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: id,
      name: 'a',
      attributes,
    });
    const region = (stringValue: string): unknown => ({ key: 'region', value: { stringValue } });
    const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        resourceSpans: [{ scopeSpans: [{ spans: [span('eee19b7ec3c1b174', []), span('eee19b7ec3c1b175', [region('us')])] }] }],
      }),
    });
    expect(answer.status).toBe(200);
    await service.shutdown();
    const { spans } = JSON.parse(readFileSync(file, 'utf8')).resourceSpans[0].scopeSpans[0];
    expect(spans.map((found: { attributes: unknown }) => found.attributes)).toEqual([[region('eu')], [region('us')]]);
    expect(service.ledger.imbalances()).toEqual([]);
  });
});
