import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP/JSON has it. */
export interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind?: number;
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly attributes?: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** A destination for OTLP/JSON on 127.0.0.1. */
export interface Collector {
  readonly url: string;
  readonly requests: { readonly path: string; readonly body: Record<string, unknown>; readonly headers: NodeJS.Dict<string | string[]> }[];
  /** The spans so far. */
  spans(): JsonSpan[];
  /** A pipeline from receiver `sdk` to here, for all signals. */
  pipeline(receivers?: object): object;
  close(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const requests: Collector['requests'] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      requests.push({ path: request.url!, body: JSON.parse(Buffer.concat(parts).toString()), headers: request.headers });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests,
    spans: () =>
      requests
        .filter(({ path }) => path === '/v1/traces')
        .flatMap(({ body }) => body['resourceSpans'] as { scopeSpans: { spans: JsonSpan[] }[] }[])
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    pipeline: (receivers = { sdk: {} }) => {
      const pipeline = { receivers: Object.keys(receivers), exporters: ['otlp_http'] };
      return {
        receivers,
        exporters: { otlp_http: { endpoint: url, encoding: 'json', compression: 'none' } },
        service: { pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline } },
      };
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The attributes of a span as an object. */
export function attributesOf(span: JsonSpan): Record<string, unknown> {
  return Object.fromEntries(
    (span.attributes ?? []).map(({ key, value }) => {
      const [kind, inner] = Object.entries(value)[0]!;
      return [key, kind === 'intValue' ? Number(inner) : kind === 'arrayValue' ? JSON.stringify(inner) : inner];
    }),
  );
}
