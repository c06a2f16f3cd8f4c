import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exampleRequest, itemNames } from '@millrace/api/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  freePorts,
  post,
  runConfig,
  startDestination,
  startMillrace,
  temporaryFolder,
  type Destination,
  type Millrace,
} from './harness.ts';

let destination: Destination;
let folder: string;
let port: number;
let millrace: Millrace | undefined;

beforeEach(async () => {
  destination = await startDestination();
  folder = temporaryFolder();
  [port] = await freePorts(1);
});

afterEach(async () => {
  await millrace?.stop();
  await destination.close();
});

const config = (queue: object): unknown => ({
  extensions: { file_storage: { directory: folder } },
  receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
  exporters: {
    otlp_http: {
      endpoint: `http://127.0.0.1:${destination.port}`,
      compression: 'none',
      retry_on_failure: { initial_interval: '20ms', max_interval: '50ms' },
      sending_queue: queue,
    },
  },
  service: { extensions: ['file_storage'], pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } } },
});

async function send(requests: number): Promise<void> {
  for (let i = 0; i < requests; i++) expect((await post(port, 'traces', exampleRequest('traces', 10, i * 10))).status).toBe(200);
}

const expected = (requests: number): string[] => itemNames([exampleRequest('traces', requests * 10)]);
const arrived = (): string[] => itemNames(destination.accepted);

describe('A stored queue', () => {
  it('delivers after kill -9 what was acknowledged while the destination was down, and nothing again', async () => {
    const recover = destination.behave;
    destination.behave = (_request, response) => void response.writeHead(503).end();
    millrace = await runConfig(config({ storage: 'file_storage', batch: { flush_timeout: '10ms', min_size: 100, max_size: 150 } }));
    await send(50);
    await destination.until(() => destination.requests > 0);
    millrace.child.kill('SIGKILL');
    await millrace.exited;
    destination.behave = recover;
    millrace = await runConfig(config({ storage: 'file_storage', batch: { flush_timeout: '10ms', min_size: 100, max_size: 150 } }));
    await destination.until(() => arrived().length >= 500);
    expect(arrived()).toEqual(expected(50));
    expect(await millrace.stop()).toBe(0);
    expect(readdirSync(join(folder, 'exporter_otlp_http__traces'))).toEqual([]);
  });

  it('keeps what the shutdown cannot deliver', async () => {
    const recover = destination.behave;
    destination.behave = (_request, response) => void response.writeHead(503).end();
    millrace = await runConfig(config({ storage: 'file_storage', num_consumers: 2 }));
    await send(20);
    expect(await millrace.stop()).toBe(0);
    destination.behave = recover;
    millrace = await runConfig(config({ storage: 'file_storage', num_consumers: 1 }));
    await destination.until(() => arrived().length >= 200);
    expect(arrived()).toEqual(expected(20));
  });

  it('is refused to a second process', async () => {
    millrace = await runConfig(config({ storage: 'file_storage' }));
    [port] = await freePorts(1);
    const second = startMillrace(['--config', `yaml:${JSON.stringify(config({ storage: 'file_storage' }))}`]);
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`is in use by process ${millrace.pid}`);
  });
});

describe('Dead letters', () => {
  it('are sent again by millrace replay', async () => {
    const recover = destination.behave;
    destination.behave = (_request, response) => void response.writeHead(400).end();
    millrace = await runConfig(config({ dead_letter: 'file_storage', num_consumers: 1 }));
    await send(5);
    await millrace.says('Keeping data as dead letters');
    await destination.until(() => destination.requests >= 5);
    destination.behave = recover;
    expect(await millrace.stop()).toBe(0);
    const letters = join(folder, 'exporter_otlp_http__traces_dead_letter');
    expect(existsSync(letters)).toBe(true);
    const replay = startMillrace(['replay', letters, '--to', `http://127.0.0.1:${destination.port}`]);
    expect(await replay.exited).toBe(0);
    expect(replay.output()).toBe('5 batches delivered, 0 refused and kept\n');
    expect(destination.requests).toBe(10);
    expect(readdirSync(letters)).toEqual([]);
  });
});
