import { type Consumer, over, type Signal } from '@millrace/api';
import {
  type BodyFault,
  encodeStatus,
  grpcCode,
  type HttpExchange,
  httpReply,
  type HttpReply,
  type HttpRoute,
  httpStatusOf,
  outOfMemory,
  retryAfterSeconds,
  type RpcStatus,
  statusJson,
  statusOfError,
} from '@millrace/transport';
import { admit, admitJson, type Batch, type Lease } from '@millrace/wire';
import type { OtlpHttpConfig } from './config.ts';
import { type Answer, deliver } from './deliver.ts';

/** One of the two forms of an OTLP/HTTP body. */
interface Encoding {
  readonly accepted: HttpReply;
  readonly admit: typeof admit;
  refusal(status: RpcStatus): HttpReply;
}

const protobuf: Encoding = {
  accepted: httpReply(200, 'application/x-protobuf', ''),
  admit,
  refusal: (status) => httpReply(httpStatusOf(status.code), 'application/x-protobuf', encodeStatus(status), retryAfterSeconds(status)),
};
const json: Encoding = {
  accepted: httpReply(200, 'application/json', '{"partialSuccess":{}}'),
  admit: admitJson,
  refusal: (status) => httpReply(httpStatusOf(status.code), 'application/json', statusJson(status), retryAfterSeconds(status)),
};
const wrongMethod = httpReply(405, 'text/plain', '405 method not allowed, supported: [POST]');
const wrongContentType = httpReply(415, 'text/plain', '415 unsupported media type, supported: [application/json, application/x-protobuf]');

function encodingOf(contentType: string): Encoding | undefined {
  if (contentType === 'application/x-protobuf') return protobuf;
  if (contentType === 'application/json') return json;
  const mediaType = contentType.split(';', 1)[0]!.trim().toLowerCase();
  return mediaType === 'application/x-protobuf' ? protobuf : mediaType === 'application/json' ? json : undefined;
}

/** The path of each signal, with a leading slash. */
export function httpPaths(config: OtlpHttpConfig): Record<Signal, string> {
  const rooted = (path: string): string => (path.startsWith('/') ? path : `/${path}`);
  return {
    traces: rooted(config.traces_url_path),
    metrics: rooted(config.metrics_url_path),
    logs: rooted(config.logs_url_path),
    profiles: '/v1development/profiles',
  };
}

/** A route for each signal that has a pipeline. */
export function httpRoutes(config: OtlpHttpConfig, next: ReadonlyMap<Signal, Consumer>): ReadonlyMap<string, HttpRoute> {
  const paths = httpPaths(config);
  return new Map([...next].map(([signal, consumer]) => [paths[signal], new SignalRoute(signal, over(consumer, 'http'))]));
}

class SignalRoute implements HttpRoute, Answer<HttpExchange> {
  readonly #signal: Signal;
  readonly #next: Consumer;

  constructor(signal: Signal, next: Consumer) {
    this.#signal = signal;
    this.#next = next;
  }

  begin(exchange: HttpExchange): void {
    if (exchange.method !== 'POST') return exchange.reply(wrongMethod);
    if (encodingOf(exchange.contentType) === undefined) return exchange.reply(wrongContentType);
    const refusal = this.#next.refusing?.();
    if (refusal !== undefined) this.refused(exchange, refusal);
  }

  receive(exchange: HttpExchange, body: Lease, length: number): void {
    let batch: Batch;
    try {
      batch = encodingOf(exchange.contentType)!.admit(this.#signal, body, 0, length, exchange.client);
    } catch (error) {
      return this.refused(exchange, error);
    }
    deliver(this.#next, batch, exchange, this);
  }

  fail(exchange: HttpExchange, fault: BodyFault, detail: string): void {
    const status = fault === 'no memory' ? outOfMemory : { code: grpcCode.invalidArgument, message: detail };
    exchange.reply(encodingOf(exchange.contentType)!.refusal(status));
  }

  unauthenticated(exchange: HttpExchange, message: string): void {
    const encoding = encodingOf(exchange.contentType) ?? protobuf;
    exchange.reply(encoding.refusal({ code: grpcCode.unauthenticated, message }));
  }

  accepted(exchange: HttpExchange): void {
    exchange.reply(encodingOf(exchange.contentType)!.accepted);
  }

  refused(exchange: HttpExchange, error: unknown): void {
    exchange.reply(encodingOf(exchange.contentType)!.refusal(statusOfError(error)));
  }
}
