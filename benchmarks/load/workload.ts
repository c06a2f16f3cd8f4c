import { gzipSync } from 'node:zlib';
import { requestMessage, type Signal } from '@millrace/wire';
import { encodeMessageJson } from '../../packages/wire/src/json/message-json.ts';
import { logs, metrics, traces } from '../../test/payloads.ts';
import { itemOffsets } from './count-items.ts';

/** What the load generator sends; the same for every target of a row. */
export interface Workload {
  readonly signal: 'traces' | 'metrics' | 'logs';
  readonly protocol: 'http' | 'grpc';
  /** Spans, data points or log records in one request. */
  readonly itemsPerRequest: number;
  /** Default `proto`. */
  readonly encoding?: 'proto' | 'json';
  /** Default none. */
  readonly compression?: 'gzip';
  /** String attributes added to each span. Default 0. */
  readonly extraAttributes?: number;
  /** Bytes of a text added to each span. Default none. */
  readonly longTextBytes?: number;
  /** Share of the spans (0 to 1) that carry an e-mail address or a card number. Default 0. */
  readonly pii?: number;
  /**
   * Gives the spans new trace ids in every request, so that a trace has so many spans: half of them in one request, apart from each other, half in the next. For
   * uncompressed protobuf over HTTP. Default: eight requests come again and again.
   */
  readonly spansPerTrace?: number;
  /** Items sent a second, over HTTP. Default: as many as are taken. */
  readonly itemsPerSecond?: number;
}

const distinctRequests = 8;
const services = { traces: 'trace.v1.TraceService', metrics: 'metrics.v1.MetricsService', logs: 'logs.v1.LogsService' } satisfies Partial<
  Record<Signal, string>
>;

/** The path of the gRPC method that takes the workload's signal. */
export function grpcPath(workload: Workload): string {
  return `/opentelemetry.proto.collector.${services[workload.signal]}/Export`;
}

/** Eight requests with different contents, ready to be written: with their HTTP/1.1 head, or with gRPC's 5-byte prefix. */
export function requestsOf(workload: Workload, port: number): Buffer[] {
  return Array.from({ length: distinctRequests }, (_, seed) => {
    let body = bodyOf(workload, seed + 1);
    if (workload.encoding === 'json') body = Buffer.from(encodeMessageJson(requestMessage[workload.signal], body));
    if (workload.compression === 'gzip') body = gzipSync(body, { level: 6 });
    return workload.protocol === 'grpc' ? grpcMessage(workload, body) : httpRequest(workload, port, body);
  });
}

/** What is sent next, for as long as one asks. */
export function requestSource(workload: Workload, requests: readonly Buffer[]): () => Buffer {
  let sent = 0;
  const { spansPerTrace, itemsPerRequest } = workload;
  if (spansPerTrace === undefined) return () => requests[sent++ % requests.length]!;
  const tracesPerRequest = (itemsPerRequest * 2) / spansPerTrace;
  const offsets = requests.map((request) => {
    const bodyAt = request.indexOf('\r\n\r\n') + 4;
    // The trace id is a span's first field: two bytes in front of it.
    return itemOffsets(workload.signal, request.subarray(bodyAt)).map((at) => bodyAt + at + 2);
  });
  return () => {
    const which = sent % requests.length;
    const request = Buffer.from(requests[which]!);
    const firstTrace = (sent >> 1) * tracesPerRequest;
    offsets[which]!.forEach((at, i) => {
      const trace = firstTrace + (i % tracesPerRequest);
      request.writeUInt32BE(Math.imul(trace, 0x9e3779b1) >>> 0, at);
      request.fill(0x5a, at + 4, at + 12);
      request.writeUInt32BE(trace, at + 12);
    });
    sent++;
    return request;
  };
}

function bodyOf(workload: Workload, seed: number): Buffer {
  if (workload.signal === 'metrics') return metrics(workload.itemsPerRequest, { seed });
  if (workload.signal === 'logs') return logs(workload.itemsPerRequest, { seed });
  const { pii = 0, extraAttributes = 0, longTextBytes = 0 } = workload;
  return traces(workload.itemsPerRequest, { seed, pii, extraAttributes, longTextBytes });
}

function grpcMessage(workload: Workload, body: Buffer): Buffer {
  const message = Buffer.alloc(5 + body.length);
  message[0] = workload.compression === 'gzip' ? 1 : 0;
  message.writeUInt32BE(body.length, 1);
  message.set(body, 5);
  return message;
}

function httpRequest(workload: Workload, port: number, body: Buffer): Buffer {
  const head = [
    `POST /v1/${workload.signal} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'User-Agent: OTel-OTLP-Exporter-JavaScript/0.301.0',
    `Content-Type: ${workload.encoding === 'json' ? 'application/json' : 'application/x-protobuf'}`,
    ...(workload.compression === 'gzip' ? ['Content-Encoding: gzip'] : []),
    `Content-Length: ${body.length}`,
    'Connection: keep-alive',
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}
