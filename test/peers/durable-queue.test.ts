import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleRequest, itemNames } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { freePorts, ledgerOf, post, runConfig, startDestination, startMillrace, temporaryFolder } from '../harness.ts';
import { install } from './install.ts';
import { startOtelcol } from './otelcol.ts';
import { peers } from './peers.ts';

/** What `validate` of a program says of a configuration; empty when it is content. */
function validate(program: string, config: unknown): Promise<string> {
  const file = join(temporaryFolder(), 'config.yaml');
  writeFileSync(file, JSON.stringify(config));
  return new Promise((resolve) => {
    execFile(program, ['validate', '--config', file], (error, stdout, stderr) => resolve(error === null ? '' : stdout + stderr));
  });
}

const settings = (queue: object, storage: object = {}): unknown => ({
  extensions: { file_storage: { directory: temporaryFolder(), ...storage } },
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  exporters: { otlphttp: { endpoint: 'http://127.0.0.1:1', sending_queue: queue } },
  service: { extensions: ['file_storage'], pipelines: { traces: { receivers: ['otlp'], exporters: ['otlphttp'] } } },
});

describe('sending_queue and file_storage', () => {
  const batch = { flush_timeout: '1s', min_size: 10, max_size: 20, sizer: 'items', partition: { metadata_keys: ['a', 'B'] } };
  const compaction = { on_start: false, on_rebound: true, directory: '/tmp', max_transaction_size: 10, check_interval: '1s' };
  it.each([
    ['batching', settings({ num_consumers: 1, queue_size: 5, sizer: 'requests', block_on_overflow: true, storage: 'file_storage', batch })],
    ['batching that is mentioned', settings({ batch: null })],
    ['a waiting sender', settings({ wait_for_result: true, batch: {} })],
    ['a compacting storage', settings({ storage: 'file_storage' }, { timeout: '2s', fsync: true, recreate: true, compaction })],
  ])('with %s are accepted, as by the Collector', async (_name, config) => {
    expect(await validate(install(peers.otelcol), config)).toBe('');
    const millrace = startMillrace(['validate', '--config', `yaml:${JSON.stringify(config)}`]);
    expect([await millrace.exited, millrace.output()]).toEqual([0, expect.not.stringContaining('Error')]);
  });

  it.each([
    [settings({ num_consumers: 0 }), '`num_consumers` must be positive'],
    [settings({ queue_size: 0 }), '`queue_size` must be positive'],
    [
      settings({ storage: 'file_storage', wait_for_result: true }),
      '`wait_for_result` is not supported with a persistent queue configured with `storage`',
    ],
    [settings({ sizer: 'items', queue_size: 10, batch: {} }), '`min_size` must be less than or equal to `queue_size`'],
    [settings({ sizer: 'requests', queue_size: 10_000, batch: {} }), '`batch` supports only `items` or `bytes` sizer, found "requests"'],
    [settings({ batch: { flush_timeout: '0s' } }), '`flush_timeout` must be positive, found 0'],
    [settings({ batch: { min_size: -1 } }), '`min_size` must be non-negative, found -1'],
    [settings({ batch: { max_size: -1 } }), '`max_size` must be non-negative, found -1'],
    [settings({ batch: { max_size: 5 } }), '`max_size` (5) must be greater or equal to `min_size` (8192)'],
    [settings({ batch: { partition: { metadata_keys: ['A', 'a'] } } }), 'duplicate entry in metadata_keys: "a" (case-insensitive)'],
    [settings({}, { directory: '/nowhere/at/all' }), 'You can enable the create_directory option to automatically create it'],
    [
      settings({}, { create_directory: true, directory_permissions: '9' }),
      'directory_permissions value must be a valid octal representation',
    ],
    [settings({}, { create_directory: true, directory_permissions: '7777' }), 'directory_permissions contain invalid bits for file access'],
  ])('are refused in the Collector’s words: case %#', async (config, words) => {
    const theirs = await validate(install(peers.otelcol), config);
    expect(theirs).toContain(words);
    const millrace = startMillrace(['validate', '--config', `yaml:${JSON.stringify(config)}`]);
    expect([await millrace.exited, millrace.output()]).toEqual([1, expect.stringContaining(words)]);
  });
});

describe('a real Collector with a small limit', () => {
  it('gets a large gRPC request in parts', async () => {
    const end = await startDestination();
    const [port, behind] = (await freePorts(2)) as [number, number];
    const otelcol = await startOtelcol({
      receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${behind}`, max_recv_msg_size_mib: 1 } } } },
      exporters: { otlphttp: { endpoint: `http://127.0.0.1:${end.port}`, compression: 'none' } },
      service: { telemetry: { metrics: { level: 'none' } }, pipelines: { traces: { receivers: ['otlp'], exporters: ['otlphttp'] } } },
    });
    const millrace = await runConfig({
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      exporters: { otlp: { endpoint: `127.0.0.1:${behind}`, compression: 'none', tls: { insecure: true } } },
      service: { pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp'] } } },
    });
    const body = exampleRequest('traces', 40_000);
    expect(body.length).toBeGreaterThan(2 * 1024 * 1024);
    expect((await post(port, 'traces', body)).status).toBe(200);
    await end.until(() => itemNames(end.accepted).length >= 40_000);
    expect(itemNames(end.accepted).toSorted()).toEqual(itemNames([body]));
    expect(await millrace.stop()).toBe(0);
    expect(ledgerOf(millrace.output())['exporter/otlp traces']).toMatchObject({ absorbed: 40_000, dropped: {} });
    await otelcol.stop();
    await end.close();
  });
});

describe('a real Collector in front', () => {
  it('loses nothing while millrace with a stored queue is killed and started again', async () => {
    const end = await startDestination();
    const [front, port] = (await freePorts(2)) as [number, number];
    const retry = { initial_interval: '50ms', max_interval: '100ms' };
    const otelcol = await startOtelcol({
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${front}` } } } },
      exporters: { otlphttp: { endpoint: `http://127.0.0.1:${port}`, retry_on_failure: retry } },
      service: { telemetry: { metrics: { level: 'none' } }, pipelines: { traces: { receivers: ['otlp'], exporters: ['otlphttp'] } } },
    });
    const config = {
      extensions: { file_storage: { directory: temporaryFolder() } },
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      exporters: {
        otlp_http: {
          endpoint: `http://127.0.0.1:${end.port}`,
          compression: 'none',
          retry_on_failure: retry,
          sending_queue: { storage: 'file_storage', batch: { flush_timeout: '20ms', min_size: 100 } },
        },
      },
      service: { extensions: ['file_storage'], pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } } },
    };
    let millrace = await runConfig(config);
    const requests = 120;
    for (let i = 0; i < requests; i++) {
      expect((await post(front, 'traces', exampleRequest('traces', 10, i * 10))).status).toBe(200);
      if (i % 30 === 29) {
        millrace.child.kill('SIGKILL');
        await millrace.exited;
        millrace = await runConfig(config);
      }
    }
    await end.until(() => new Set(itemNames(end.accepted)).size >= requests * 10);
    expect([...new Set(itemNames(end.accepted))].toSorted()).toEqual(itemNames([exampleRequest('traces', requests * 10)]));
    await otelcol.stop();
    expect(await millrace.stop()).toBe(0);
    await end.close();
  });
});
