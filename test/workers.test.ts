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

interface Points {
  resourceMetrics: {
    resource?: unknown;
    scopeMetrics: { metrics: { name: string; sum?: { dataPoints: { asInt: string; attributes?: unknown }[] } }[] }[];
  }[];
}

/** The points of sums: metric, resource, attributes, value. */
const pointsOf = (message: unknown): string[] =>
  (message as Points).resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, sum }) =>
        (sum?.dataPoints ?? []).map(({ attributes, asInt }) => `${name} ${JSON.stringify([resource, attributes])} ${asInt}`),
      ),
    ),
  );

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

  it('decide about whole traces, whose spans come over several threads, in one place', async () => {
    const folder = temporaryFolder();
    const [port] = await freePorts(1);
    const policies = [{ name: 'whole', type: 'span_count', span_count: { min_spans: 3 } }];
    const config = {
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      processors: { tail_sampling: { policies } },
      exporters: { file: { path: 'out.jsonl' } },
      service: { pipelines: { traces: { receivers: ['otlp'], processors: ['tail_sampling'], exporters: ['file'] } } },
    };
    millrace = startMillrace(['--config', `yaml:${JSON.stringify(config)}`, '--workers', '3'], { cwd: folder });
    await millrace.says('Everything is ready');
    // Every trace has one span in each of three requests, and the requests of a trace are sent on connections of their own.
    for (let i = 0; i < 3; i++) expect(await sendAll(port)).toEqual(requests.map(() => 200));
    expect(await millrace.stop()).toBe(0);
    const lines = readFileSync(join(folder, 'out.jsonl'), 'utf8').trim().split('\n');
    expect(lines.flatMap((line) => spanIds(JSON.parse(line))).sort()).toEqual([...sent, ...sent, ...sent].sort());
    expect(Object.values(balances(millrace.output())).filter((balance) => balance !== 0)).toEqual([]);
  });

  it('make the metrics of spans that one makes, each series once', async () => {
    const reports: string[][] = [];
    for (const workers of ['1', '3']) {
      const folder = temporaryFolder();
      const [port] = await freePorts(1);
      const dimensions = { exclude_dimensions: ['collector.instance.id'], namespace: 'n' };
      const config = {
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
        connectors: { span_metrics: dimensions, service_graph: { database_name_attributes: ['service.name'] }, count: null },
        exporters: { file: { path: 'out.jsonl' } },
        service: {
          pipelines: {
            traces: { receivers: ['otlp'], exporters: ['span_metrics', 'service_graph', 'count'] },
            metrics: { receivers: ['span_metrics', 'service_graph', 'count'], exporters: ['file'] },
          },
        },
      };
      millrace = startMillrace(['--config', `yaml:${JSON.stringify(config)}`, '--workers', workers], { cwd: folder });
      await millrace.says('Everything is ready');
      expect(await sendAll(port)).toEqual(requests.map(() => 200));
      expect(await millrace.stop()).toBe(0);
      expect(Object.values(balances(millrace.output())).filter((balance) => balance !== 0)).toEqual([]);
      const lines = readFileSync(join(folder, 'out.jsonl'), 'utf8').trim().split('\n');
      const points = lines.flatMap((line) => pointsOf(JSON.parse(line)));
      const series = points.filter((point) => !point.startsWith('trace.span.count'));
      expect(new Set(series.map((point) => point.replace(/ \d+$/, ''))).size).toBe(series.length);
      const spans = (name: string): number =>
        points.filter((point) => point.startsWith(`${name} `)).reduce((sum, point) => sum + Number(/\d+$/.exec(point)![0]), 0);
      expect([spans('n.calls'), spans('trace.span.count')]).toEqual([sent.length, sent.length]);
      reports.push(series.sort());
    }
    expect(reports[0]!.some((point) => point.startsWith('traces_service_graph_request_total'))).toBe(true);
    expect(reports[1]).toEqual(reports[0]);
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
