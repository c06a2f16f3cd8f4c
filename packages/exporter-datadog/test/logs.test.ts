import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Intake } from './intake.ts';
import { start } from './start.ts';

let intake: Intake;
beforeEach(async () => {
  intake = await new Intake().listen();
});
afterEach(() => intake.close());

const request = (bodies: readonly string[]): object => ({
  resourceLogs: [{ scopeLogs: [{ logRecords: bodies.map((stringValue) => ({ body: { stringValue }, severityNumber: 13 })) }] }],
});
const messages = (): unknown[] => intake.records.map(({ message }) => (JSON.parse(message) as { message: string }).message);

describe('Log records', () => {
  it('go to the logs intake with the key, host and status', async () => {
    const exporter = await start(intake.settings, 'logs');
    await exporter.send(request(['hello']));
    await exporter.stop();
    const [taken] = intake.taken.filter(({ path }) => path === '/api/v2/logs');
    expect(taken!.headers).toMatchObject({ 'dd-api-key': 'f00d', 'content-type': 'application/json', 'content-encoding': 'gzip' });
    expect(intake.records).toMatchObject([
      { hostname: 'here', status: 'warn', ddsource: 'otlp_log_ingestion', ddtags: 'otel_source:datadog_exporter', service: '' },
    ]);
    expect(messages()).toEqual(['hello']);
  });

  it('belong to the host of the system without `hostname`', async () => {
    const { hostname: _hostname, ...settings } = intake.settings as { hostname: string };
    const exporter = await start(settings, 'logs');
    await exporter.send(request(['hello']));
    await exporter.stop();
    expect(intake.records).toMatchObject([{ hostname: hostname() }]);
  });

  it.each([
    [{ use_compression: false }, undefined],
    [{ compression_level: 0 }, undefined],
    [{ compression_level: 9 }, 'gzip'],
  ])('with `logs` %j are sent with the coding %s', async (logs, coding) => {
    const exporter = await start({ ...intake.settings, logs: { endpoint: intake.url, ...logs } }, 'logs');
    await exporter.send(request(['hello']));
    await exporter.stop();
    expect(intake.taken.find(({ path }) => path === '/api/v2/logs')!.headers['content-encoding']).toBe(coding);
    expect(messages()).toEqual(['hello']);
  });

  it('are at most a thousand a request', async () => {
    const exporter = await start(intake.settings, 'logs');
    const bodies = Array.from({ length: 2500 }, (_, i) => `record ${i}`);
    await exporter.send(request(bodies));
    await exporter.stop();
    expect(intake.bodies('/api/v2/logs').map((body) => (JSON.parse(body.toString()) as unknown[]).length)).toEqual([1000, 1000, 500]);
    expect(messages()).toEqual(bodies);
  });

  it('are refused for good with a wrong key, and for now when the intake is busy', async () => {
    const exporter = await start(intake.settings, 'logs');
    intake.refusals = [
      { path: '/api/v2/logs', status: 403 },
      { path: '/api/v2/logs', status: 429, headers: { 'retry-after': '7' } },
      { path: '/api/v2/logs', status: 400 },
    ];
    await expect(exporter.send(request(['a']))).rejects.toMatchObject({
      kind: 'permanent',
      message: `request to ${intake.url}/api/v2/logs responded with HTTP Status Code 403: API Key validation failed`,
    });
    await expect(exporter.send(request(['a']))).rejects.toMatchObject({ kind: 'retryable', retryAfterMs: 7000 });
    await expect(exporter.send(request(['a']))).rejects.toMatchObject({ kind: 'permanent' });
    await exporter.stop();
  });

  it('are refused for now when nobody listens', async () => {
    const exporter = await start(intake.settings, 'logs');
    await intake.close();
    await expect(exporter.send(request(['a']))).rejects.toMatchObject({ kind: 'retryable' });
    await exporter.stop();
    intake = await new Intake().listen();
  });

  it('of one refused request count as rejected when others are taken', async () => {
    intake.refusals = [{ path: '/api/v2/logs', status: 400 }];
    const exporter = await start(intake.settings, 'logs');
    await exporter.send(request(Array.from({ length: 1500 }, (_, i) => `record ${i}`)));
    await exporter.stop();
    expect(exporter.context.items).toMatchObject({ absorbed: 500, dropped: { partial_success: 1000 } });
  });
});
