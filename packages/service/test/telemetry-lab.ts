import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Consumer, Context, Factory, FactoryEntry, Signal } from '@millrace/api';
import { PipelineError } from '@millrace/api';
import { testHost } from '@millrace/api/testing';
import { checkConfig, resolveConfig } from '@millrace/config';
import { createExporter } from '@millrace/exporter-helper';
import { catalogOf, Service } from '@millrace/service';
import type { ServiceOptions } from '@millrace/service';
import { admitBytes, encodeJson, noClient } from '@millrace/wire';
import type { Client } from '@millrace/wire';
import { traces } from '../../../test/payloads.ts';

/** Parsed JSON, looked into without ceremony. */
export type Json = ReturnType<typeof JSON.parse>;

/** A request as a destination got it: the JSON form of the OTLP message. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Json;
}

const host = testHost();

/** An OTLP/HTTP destination that answers with `status`. */
export async function startOtlpDestination() {
  const received: Received[] = [];
  let arrived: (() => void)[] = [];
  const destination = { status: 200, url: '', received, until, close };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      const path = request.url ?? '';
      const isJson = request.headers['content-type'] === 'application/json';
      const body = isJson ? JSON.parse(bytes.toString()) : decoded(path.split('/').at(-1) as Signal, bytes);
      received.push({ path, headers: request.headers, body });
      response.writeHead(destination.status).end();
      const woken = arrived;
      arrived = [];
      for (const wake of woken) wake();
    });
  });
  /** The first request that the test is true for, now or later. */
  async function until(test: (one: Received) => boolean): Promise<Received> {
    for (;;) {
      const found = received.find(test);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => arrived.push(resolve));
    }
  }
  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  destination.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return destination;
}

/** The JSON form of an OTLP request. */
export function decoded(signal: Signal, bytes: Buffer): Json {
  using batch = admitBytes(signal, bytes, noClient, host.pool);
  const json = encodeJson(batch);
  const text = json.lease.buffer.toString('utf8', 0, json.length);
  json.lease.release();
  return JSON.parse(text) as Json;
}

/** A service with a receiver `in`, a processor `pass` and an exporter `out` that a test can reach. */
export async function startLab(telemetry: object, options: Partial<ServiceOptions> & { queue?: boolean } = {}) {
  const inputs = new Map<Signal, Consumer>();
  const contexts: Context[] = [];
  const lines: string[] = [];
  const printed: string[] = [];
  const complaints: string[] = [];
  const lab = { inputs, contexts, lines, printed, complaints, push: (): Promise<undefined> => Promise.resolve(undefined) };
  const every = { traces: 'beta', metrics: 'beta', logs: 'beta' } as const;
  const queue = { enabled: true, queue_size: 10, num_consumers: 1, sizer: 'requests', block_on_overflow: false };
  const factories: Factory[] = [
    {
      kind: 'receiver',
      type: 'in',
      stability: every,
      create(_config: never, next: ReadonlyMap<Signal, Consumer>) {
        for (const [signal, consumer] of next) inputs.set(signal, consumer);
        return {};
      },
    },
    {
      kind: 'processor',
      type: 'pass',
      stability: every,
      create: (_config: never, next: Consumer, context: Context) => {
        contexts.push(context);
        return { consume: (batch) => next.consume(batch) };
      },
    },
    {
      kind: 'exporter',
      type: 'out',
      stability: every,
      configSchema: { type: 'object', properties: { sending_queue: { type: 'object' } } },
      create: (config: never, context: Context) =>
        createExporter({
          context,
          config: { ...(config as object), retry_on_failure: { enabled: false } as never },
          push: () => lab.push(),
        }),
    },
  ];
  const components: FactoryEntry[] = factories.map((factory) => ({
    kind: factory.kind,
    type: factory.type,
    load: async () => ({ factory }),
  }));
  const config = {
    receivers: { in: null },
    processors: { pass: null },
    exporters: { out: options.queue === true ? { sending_queue: queue } : {} },
    service: { telemetry, pipelines: { traces: { receivers: ['in'], processors: ['pass'], exporters: ['out'] } } },
  };
  const resolved = await resolveConfig({ locations: [`yaml:${JSON.stringify(config)}`], env: {}, cwd: '.' });
  const checked = await checkConfig(
    resolved,
    catalogOf(components, () => undefined),
  );
  const service = await Service.create({
    config: checked,
    components,
    program: { name: 'test', version: '1.2.3' },
    writeLog: (line) => void lines.push(line),
    streams: { stdout: (text) => void printed.push(text), stderr: (text) => void complaints.push(text) },
    memoryBudgetBytes: 1 << 26,
    ...options,
  });
  const send = async (items: number, transport?: string, client: Client = noClient): Promise<void> => {
    const next = inputs.get('traces')!;
    using batch = admitBytes('traces', traces(items, { seed: 1 }), client, host.pool);
    await (transport === undefined ? next : next.over!(transport)).consume(batch);
  };
  return Object.assign(lab, { service, send });
}

/** A refusal of the destination. */
export function refused(kind: 'permanent' | 'retryable'): PipelineError {
  return new PipelineError('no', { kind });
}

/** Where the pull reader of a service with `port: 0` listens, from its log. */
export function pullUrl(lines: readonly string[]): string {
  const line = lines.find((text) => text.includes('Serving own metrics'))!;
  return `http://${(JSON.parse(line.slice(line.indexOf('{'))) as { endpoint: string }).endpoint}/metrics`;
}

/** A configuration of `metrics` with one pull reader on a free port. */
export function pull(flags: object = {}, metrics: object = {}): { metrics: object } {
  return { metrics: { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port: 0, ...flags } } } }], ...metrics } };
}
