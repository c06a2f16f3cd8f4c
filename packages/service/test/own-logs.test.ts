import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@millrace/api/testing';
import { startLab, startOtlpDestination } from './telemetry-lab.ts';
import type { Json } from './telemetry-lab.ts';

const none = { metrics: { level: 'none' } };
const batch = (endpoint: string, more: object = {}): object => ({
  batch: { schedule_delay: 200, exporter: { otlp: { endpoint } }, ...more },
});

const records = (body: Json): { scope: Json; record: Json }[] =>
  body['resourceLogs'][0].scopeLogs.flatMap(({ scope, logRecords }: Json) => logRecords.map((record: Json) => ({ scope, record })));

describe('Own log lines (IMS-1)', () => {
  it('carry the resource, the component, the signal and the pipeline, and the initial fields', async () => {
    const lab = await startLab({ ...none, resource: { team: 'x', n: null }, logs: { encoding: 'json', initial_fields: { site: 'y' } } });
    lab.contexts[0].logger.info('Here.', { more: 1 });
    expect(JSON.parse(lab.lines[0])).toMatchObject({
      level: 'info',
      msg: 'Here.',
      resource: {
        'service.name': 'test',
        'service.version': '1.2.3',
        'service.instance.id': expect.stringMatching(/^[-0-9a-f]{36}$/),
        team: 'x',
      },
      'otelcol.component.id': 'pass',
      'otelcol.component.kind': 'processor',
      'otelcol.signal': 'traces',
      'otelcol.pipeline.id': 'traces',
      site: 'y',
      more: 1,
    });
  });

  it('are without the resource with disable_zap_resource', async () => {
    const lab = await startLab({ ...none, logs: { encoding: 'json', disable_zap_resource: true } });
    lab.contexts[0].logger.info('Here.');
    expect(JSON.parse(lab.lines[0])).not.toHaveProperty('resource');
  });

  it.each([
    [{}, 'error', true],
    [{}, 'warn', false],
    [{ development: true }, 'warn', true],
    [{ development: true, disable_stacktrace: true }, 'error', false],
  ] as const)('with %j show the stack of an error at level %s: %j', async (logs, level, shows) => {
    const lab = await startLab({ ...none, logs });
    lab.contexts[0].logger[level]('Failed.', { error: new Error('x') });
    expect(lab.lines[0].includes('\n    at ')).toBe(shows);
  });

  it('go to the output paths', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'log-')), 'own.log');
    const lab = await startLab(
      { ...none, logs: { output_paths: [file, 'stdout'], error_output_paths: ['stderr'] } },
      { writeLog: undefined as never },
    );
    lab.contexts[0].logger.info('Here.');
    expect(readFileSync(file, 'utf8')).toContain('\tHere.\t');
    expect(lab.printed.join('')).toContain('\tHere.\t');
    rmSync(dirname(file), { recursive: true });
    lab.contexts[0].logger.info('There.');
    expect(lab.complaints.join('')).toContain('write error: ENOENT');
  });

  it('have no caller, whatever disable_caller says', async () => {
    for (const disable_caller of [true, false]) {
      const lab = await startLab({ ...none, logs: { encoding: 'json', disable_caller } });
      lab.contexts[0].logger.info('Here.');
      expect(JSON.parse(lab.lines[0])).not.toHaveProperty('caller');
    }
  });
});

describe('A log processor', () => {
  it('sends own log records in batches, those of before the start too', async () => {
    const destination = await startOtlpDestination();
    const clock = new FakeClock(1_000);
    const lab = await startLab({ ...none, logs: { processors: [batch(destination.url)] } }, { clock });
    lab.contexts[0].logger.error('Failed.', {
      password: 'p1',
      big: 2n ** 63n,
      n: 3,
      list: [1, 'a', null],
      nothing: null,
      error: new Error('no'),
    });
    await lab.service.start();
    await clock.advance(200);
    const { path, body } = await destination.until(() => true);
    lab.contexts[0].logger.info('Last.');
    await lab.service.shutdown();
    await destination.close();

    expect(path).toBe('/v1/logs');
    expect(body['resourceLogs'][0].resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'test' } });
    const failed = records(body).find(({ record }) => record.body.stringValue === 'Failed.')!;
    expect(failed.scope.attributes).toContainEqual({ key: 'otelcol.component.id', value: { stringValue: 'pass' } });
    expect(failed.record).toMatchObject({ timeUnixNano: '1000000000', severityNumber: 17, severityText: 'error' });
    expect(failed.record.attributes).toEqual(
      expect.arrayContaining([
        { key: 'password', value: { stringValue: '[REDACTED]' } },
        { key: 'big', value: { stringValue: '9223372036854775808' } },
        { key: 'n', value: { intValue: '3' } },
        { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'a' }] } } },
        { key: 'error', value: { stringValue: 'no' } },
      ]),
    );
    expect(failed.record.attributes.map(({ key }: Json) => key)).toContain('exception.stacktrace');
    expect(records(destination.received.at(-1)!.body).some(({ record }) => record.body.stringValue === 'Last.')).toBe(true);
  });

  it('gives up on a destination that does not answer, after its export_timeout or the timeout of the exporter', async () => {
    const silent = createServer((request) => void request.resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    for (const [processor, timeout] of [
      [{ export_timeout: 20 }, 0],
      [{ export_timeout: 60_000 }, 20],
    ] as const) {
      const batched = { batch: { ...processor, exporter: { otlp: { endpoint, timeout } } } };
      const lab = await startLab({ ...none, logs: { processors: [batched] } });
      await lab.service.start();
      await lab.service.shutdown();
      expect(lab.lines.join('')).toContain('failed to export own logs');
    }
    silent.closeAllConnections();
    silent.close();
  });

  it('with simple sends each record by itself', async () => {
    const destination = await startOtlpDestination();
    const clock = new FakeClock();
    const lab = await startLab(
      { ...none, logs: { processors: [{ simple: { exporter: { otlp: { endpoint: destination.url } } } }] } },
      { clock },
    );
    await lab.service.start();
    await clock.advance(0);
    await lab.service.shutdown();
    await destination.close();
    expect(destination.received.length).toBeGreaterThan(1);
    for (const { body } of destination.received) expect(records(body)).toHaveLength(1);
  });

  it('drops and counts what does not fit or is not taken, and says so without telling itself', async () => {
    const destination = await startOtlpDestination();
    destination.status = 503;
    const clock = new FakeClock();
    const processors = [batch(destination.url, { max_queue_size: 4, max_export_batch_size: 3, export_timeout: 1000 })];
    const lab = await startLab({ metrics: { readers: [{ periodic: { exporter: { console: null } } }] }, logs: { processors } }, { clock });
    for (let i = 0; i < 6; i++) lab.contexts[0].logger.info('x');
    await lab.service.start();
    await clock.advance(200);
    await destination.until(() => destination.received.length > 1);
    const complaint = (): boolean => lab.lines.filter((line) => line.includes('failed to export own logs')).length > 1;
    while (!complaint()) await clock.advance(0);
    const { metrics } = await lab.service.ownMetrics();
    const dropped = metrics.find(({ name }) => name === 'otelcol_telemetry_dropped_log_records')!.points[0].value;
    await lab.service.shutdown();
    await destination.close();
    expect(dropped).toBeGreaterThanOrEqual(6);
    const told = destination.received.flatMap(({ body }) => records(body)).map(({ record }) => record.body.stringValue as string);
    expect(told).not.toContain('failed to export own logs');
  });

  it('writes to standard output with the exporter console', async () => {
    const lab = await startLab({ ...none, logs: { processors: [{ batch: { exporter: { console: null } } }] } });
    await lab.service.start();
    lab.contexts[0].logger.warn('Seen.');
    await lab.service.shutdown();
    expect(lab.printed.join('')).toContain('"message":"Seen."');
  });
});
