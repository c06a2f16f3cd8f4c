import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { toPlain } from '@millrace/wire/plain';
import { afterEach, describe, expect, it } from '@jest/globals';
import { balances, freePorts, ledgerOf, startDestination, startMillrace, temporaryFolder } from './harness.ts';
import type { Destination, Millrace } from './harness.ts';
import { traces } from './payloads.ts';

let millrace: Millrace | undefined;
let destination: Destination | undefined;

afterEach(async () => {
  await millrace?.stop();
  await destination?.close();
  millrace = destination = undefined;
});

async function run(workers: number, exporters: Record<string, unknown>, folder = temporaryFolder()): Promise<number> {
  const [port] = await freePorts(1);
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: { batch: { timeout: '10ms' } },
    exporters,
    service: { pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: Object.keys(exporters) } } },
  };
  millrace = startMillrace(['--config', `yaml:${JSON.stringify(config)}`, '--workers', String(workers)], { cwd: folder });
  await millrace.says('Everything is ready');
  return port;
}

/** Posts on a connection of its own, so that the kernel picks a thread for each. */
function post(port: number, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const headers = { 'content-type': 'application/x-protobuf' };
    request({ port, host: '127.0.0.1', path: '/v1/traces', method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    })
      .on('error', reject)
      .end(body);
  });
}

const requests = Array.from({ length: 40 }, (_, i) => traces(10, { seed: i + 1 }));

async function sendAll(port: number): Promise<number[]> {
  return Promise.all(requests.map((body) => post(port, body)));
}

interface Spans {
  resourceSpans: { scopeSpans: { spans: { spanId: string }[] }[] }[];
}

const spanIds = (message: unknown): string[] =>
  (message as Spans).resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans.map((span) => span.spanId)));

const sent = requests.flatMap((body) => spanIds(toPlain('traces', body))).sort();

describe('Several workers', () => {
  it('deliver what one would, whichever thread a connection falls to', async () => {
    destination = await startDestination();
    const port = await run(3, { otlp_http: { endpoint: `http://127.0.0.1:${destination.port}`, compression: 'none' } });
    expect(await sendAll(port)).toEqual(requests.map(() => 200));
    expect(await millrace!.stop()).toBe(0);
    expect(destination.accepted.flatMap((body) => spanIds(toPlain('traces', body))).sort()).toEqual(sent);
    expect(Object.values(balances(millrace!.output())).filter((balance) => balance !== 0)).toEqual([]);
    expect(ledgerOf(millrace!.output())['receiver/otlp traces']).toMatchObject({ in: 400, out: 400 });
    expect(ledgerOf(millrace!.output())['exporter/otlp_http traces']).toMatchObject({ in: 400, absorbed: 400 });
  });

  it('write one file through the one exporter of the process', async () => {
    const folder = temporaryFolder();
    const port = await run(3, { file: { path: 'out.jsonl' } }, folder);
    expect(await sendAll(port)).toEqual(requests.map(() => 200));
    expect(await millrace!.stop()).toBe(0);
    const lines = readFileSync(join(folder, 'out.jsonl'), 'utf8').trim().split('\n');
    expect(lines.flatMap((line) => spanIds(JSON.parse(line))).sort()).toEqual(sent);
    expect(Object.values(balances(millrace!.output())).filter((balance) => balance !== 0)).toEqual([]);
  });

  it('refuse what the one exporter of the process refuses', async () => {
    const folder = temporaryFolder();
    const [port] = await freePorts(1);
    const config = {
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      exporters: { file: { path: '/dev/full', flush_interval: '0s' } },
      service: { pipelines: { traces: { receivers: ['otlp'], exporters: ['file'] } } },
    };
    millrace = startMillrace(['--config', `yaml:${JSON.stringify(config)}`, '--workers', '3'], { cwd: folder });
    await millrace.says('Everything is ready');
    // What the exporter buffered before it saw that the disk is full was taken.
    expect(await sendAll(port)).toContain(503);
    // The exporter would try to write for as long as it may.
    millrace.child.kill('SIGKILL');
    await millrace.exited;
  });

  it('take nothing in any more while they drain', async () => {
    destination = await startDestination();
    const waiting: (() => void)[] = [];
    destination.behave = (_request, response) => void waiting.push(() => response.writeHead(200).end());
    const port = await run(2, { otlp_http: { endpoint: `http://127.0.0.1:${destination.port}`, compression: 'none' } });
    // Both threads have something to deliver, which takes until the destination answers.
    await sendAll(port);
    await destination.until(() => waiting.length > 0);
    const stopped = millrace!.stop();
    await millrace!.says('Starting shutdown...');
    let taken: unknown;
    do taken = await post(port, requests[0]).catch((error: NodeJS.ErrnoException) => error.code);
    while (taken === 200);
    expect(taken).toMatch(/ECONNREFUSED|ECONNRESET/);
    destination.behave = (_request, response) => void response.writeHead(200).end();
    for (const answer of waiting) answer();
    expect(await stopped).toBe(0);
  });

  it('do not share a port with another process', async () => {
    destination = await startDestination();
    const exporters = { nop: null };
    const port = await run(2, exporters);
    const second = startMillrace([
      '--config',
      `yaml:${JSON.stringify({
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
        exporters,
        service: { pipelines: { traces: { receivers: ['otlp'], exporters: ['nop'] } } },
      })}`,
      '--workers',
      '2',
    ]);
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`listen tcp 127.0.0.1:${port}: bind: address already in use`);
  });

  it('are refused when their number is none', async () => {
    millrace = startMillrace(['--workers', '0']);
    expect(await millrace.exited).toBe(1);
    expect(millrace.output()).toContain('invalid argument "0" for "--workers"');
  });
});
