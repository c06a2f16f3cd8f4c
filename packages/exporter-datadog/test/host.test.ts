import { FakeClock, configOf, exampleBatch, testContext, testHost } from '@millrace/api/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DatadogConfig } from '../src/config.ts';
import { factory } from '../src/index.ts';
import { intakeUrl } from '../src/intake.ts';
import { Intake } from './intake.ts';
import { start } from './start.ts';

let intake: Intake;
beforeEach(async () => {
  intake = await new Intake().listen();
});
afterEach(() => intake.close());

const logs = (host: string): object => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'host.name', value: { stringValue: host } }] },
      scopeLogs: [{ logRecords: [{ body: { stringValue: 'x' } }] }],
    },
  ],
});
const told = (): object[] => intake.bodies('/intake').map((body) => JSON.parse(body.toString()) as object);

describe('The host', () => {
  it('is told of with its tags at the start, and again after `reporter_period`', async () => {
    const clock = new FakeClock();
    const host_metadata = { tags: ['team:core'], reporter_period: '10m' };
    const exporter = await start({ ...intake.settings, host_metadata }, 'logs', clock);
    await intake.until(() => told().length === 1);
    expect(told()).toMatchObject([
      {
        internalHostname: 'here',
        meta: { hostname: 'here' },
        'host-tags': { otel: ['team:core'] },
        'agent-flavor': 'millrace',
        otel_version: '1.2.3',
      },
    ]);
    await clock.advance(600_000);
    await intake.until(() => told().length === 2);
    await exporter.stop();
    expect(clock.pending).toBe(0);
  });

  it('is not told of when that is off', async () => {
    const exporter = await start({ ...intake.settings, host_metadata: { enabled: false } }, 'logs');
    await exporter.send(logs('web-1'));
    await exporter.stop();
    expect(told()).toEqual([]);
  });

  it('is the one of the first resource with `hostname_source: first_resource`', async () => {
    const exporter = await start({ ...intake.settings, host_metadata: { hostname_source: 'first_resource' } }, 'logs');
    expect(told()).toEqual([]);
    await exporter.send(logs('web-1'));
    await intake.until(() => told().length === 1);
    await exporter.send(logs('web-2'));
    await exporter.stop();
    expect(told()).toMatchObject([{ internalHostname: 'web-1' }]);
  });

  it('is all that is sent with `only_metadata`', async () => {
    const host_metadata = { hostname_source: 'first_resource' };
    const exporter = await start({ ...intake.settings, only_metadata: true, host_metadata }, 'logs');
    await exporter.send(logs('web-1'));
    await intake.until(() => told().length === 1);
    await exporter.stop();
    expect(intake.records).toEqual([]);
    expect(exporter.context.items).toMatchObject({ absorbed: 1, dropped: {} });
  });

  it('is told of later when the intake does not take it', async () => {
    const clock = new FakeClock();
    intake.refusals = [{ path: '/intake', status: 500 }];
    const exporter = await start({ ...intake.settings, host_metadata: {} }, 'logs', clock);
    await intake.until(() => intake.refusals.length === 0);
    while (!exporter.context.lines.some(({ message }) => message === 'Failed to send host metadata.')) await new Promise(setImmediate);
    await clock.advance(1_800_000);
    await intake.until(() => told().length === 1);
    await exporter.stop();
  });
});

describe('The API key', () => {
  it('is checked at the start', async () => {
    const exporter = await start({ ...intake.settings, api: { key: ' f00d ', fail_on_invalid_key: true } }, 'logs');
    await exporter.stop();
    expect(intake.taken.map(({ path, headers }) => [path, headers['dd-api-key']])).toEqual([['/api/v1/validate', 'f00d']]);
  });

  it('that is refused ends the start with `fail_on_invalid_key`, and is logged otherwise', async () => {
    intake.isKeyValid = false;
    await expect(start({ ...intake.settings, api: { key: 'f00d', fail_on_invalid_key: true } }, 'logs')).rejects.toThrow(
      'API Key validation failed',
    );
    const exporter = await start(intake.settings, 'logs');
    await intake.until(() => intake.requests === 2);
    await exporter.send(logs('web-1'));
    await exporter.stop();
    expect(exporter.context.lines.map(({ message }) => message)).toContain('API Key validation failed');
    expect(intake.records).toHaveLength(1);
  });
});

describe('The intake', () => {
  it.each([
    ['traces', 'https://trace.agent.datadoghq.eu/api/v0.2/traces'],
    ['stats', 'https://trace.agent.datadoghq.eu/api/v0.2/stats'],
    ['series', 'https://api.datadoghq.eu/api/v2/series'],
    ['sketches', 'https://api.datadoghq.eu/api/beta/sketches'],
    ['logs', 'https://http-intake.logs.datadoghq.eu/api/v2/logs'],
    ['metadata', 'https://api.datadoghq.eu/intake'],
    ['validate', 'https://api.datadoghq.eu/api/v1/validate'],
  ] as const)('of a site takes %s at %s', (target, url) => {
    const config = configOf<DatadogConfig>(factory, { api: { key: 'f00d', site: 'datadoghq.eu' } });
    expect(intakeUrl(config, target).href).toBe(url);
  });

  it('is refused for now before the exporter starts', async () => {
    const context = testContext({ kind: 'exporter', signal: 'logs' });
    const stage = factory.create(
      configOf(factory, { ...intake.settings, sending_queue: { enabled: false }, retry_on_failure: { enabled: false } }),
      context,
    );
    using batch = exampleBatch(testHost().pool, 'logs', 1);
    await expect(stage.consume(batch)).rejects.toMatchObject({ kind: 'retryable', message: 'datadog exporter not started' });
  });
});
