import { request as httpRequest, Agent as HttpAgent } from 'node:http';
import { connect } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { grpcPath } from '../load/workload.ts';
import { jaegerRequest, otlpRequest, pointsPerMetric, zipkinRequest } from './payload.ts';
import type { Load } from './scenario.ts';

/** What was sent, in items as the destination counts them (data points). */
export interface Sent {
  acknowledged: number;
  refused: number;
}

/** One stream to a receiver. */
export interface Stream {
  /** What is sent for a body. */
  prepare(body: Buffer): Buffer;
  /** Sends a prepared body; whether it was taken. */
  send(prepared: Buffer): Promise<boolean>;
  close(): void;
}

const distinctBatches = 10;
/** A refused batch is sent again after this, as the testbed's sender does in a loop. */
const retryMs = 50;

/** Sends a load at its rate over one stream until `stop`; a batch that is refused is sent again. */
export function startSender(load: Load, port: number): { readonly sent: Sent; stop(): Promise<void> } {
  const sent: Sent = { acknowledged: 0, refused: 0 };
  const stopping = new AbortController();
  const { signal } = stopping;
  if (load.itemsPerSecond === 0) return { sent, stop: async () => undefined };
  const items = load.itemsPerBatch * (load.signal === 'metrics' ? pointsPerMetric : 1);
  const stream = openStream(load, port);
  const request = load.protocol === 'zipkin' ? zipkinRequest : load.protocol === 'jaeger' ? jaegerRequest : otlpRequest;
  const bodies = Array.from({ length: distinctBatches }, (_, batch) => stream.prepare(request(load, batch)));
  const intervalMs = (1000 * load.itemsPerBatch) / load.itemsPerSecond;
  const run = async (): Promise<void> => {
    const began = performance.now();
    for (let batch = 0; !signal.aborted; batch++) {
      const waitMs = began + batch * intervalMs - performance.now();
      if (waitMs > 1) await delay(waitMs);
      let taken = false;
      while (!signal.aborted && !(taken = await stream.send(bodies[batch % distinctBatches]!))) {
        sent.refused += items;
        await delay(retryMs);
      }
      if (taken) sent.acknowledged += items;
    }
    stream.close();
  };
  const running = run();
  return {
    sent,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Opens a stream to a receiver. Over gRPC, OTLP is compressed with gzip, as the Collector's exporter does when nothing else is said. */
export function openStream({ signal, protocol, compression }: Pick<Load, 'signal' | 'protocol' | 'compression'>, port: number): Stream {
  if (protocol === 'http' || protocol === 'zipkin') return httpStream(signal, protocol, compression, port);
  if (protocol === 'jaeger') return grpcStream('/jaeger.api_v2.CollectorService/PostSpans', false, port);
  return grpcStream(grpcPath({ signal, protocol, itemsPerRequest: 1 }), true, port);
}

/** Unary calls whose messages are framed and compressed beforehand: what compression costs would be the sender's. */
function grpcStream(path: string, isCompressed: boolean, port: number): Stream {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  const headers = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(isCompressed && { 'grpc-encoding': 'gzip' }),
  };
  return {
    prepare(body) {
      const message = isCompressed ? gzipSync(body) : body;
      const prefix = Buffer.alloc(5);
      prefix[0] = isCompressed ? 1 : 0;
      prefix.writeUInt32BE(message.length, 1);
      return Buffer.concat([prefix, message]);
    },
    send: (framed) =>
      new Promise((resolve) => {
        let status: unknown;
        const read = (answer: Record<string, unknown>): void => void (status = answer['grpc-status'] ?? status);
        const call = session.request(headers);
        call.on('response', read).on('trailers', read);
        call.on('error', () => undefined).on('close', () => resolve(status === '0'));
        call.resume().end(framed);
      }),
    close: () => session.close(),
  };
}

function httpStream(signal: string, protocol: 'http' | 'zipkin', compression: Load['compression'], port: number): Stream {
  const isZipkin = protocol === 'zipkin';
  const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 });
  const headers = {
    'content-type': isZipkin ? 'application/json' : 'application/x-protobuf',
    ...(compression !== undefined && { 'content-encoding': compression }),
  };
  const path = isZipkin ? '/api/v2/spans' : `/v1/${signal}`;
  return {
    prepare: (body) => (compression === 'gzip' ? gzipSync(body) : compression === 'zstd' ? zstdCompressSync(body) : body),
    send: (body) =>
      new Promise((resolve) => {
        const options = { agent, port, host: '127.0.0.1', path, method: 'POST', headers: { ...headers, 'content-length': body.length } };
        httpRequest(options, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode! < 300));
        })
          .on('error', () => resolve(false))
          .end(body);
      }),
    close: () => agent.destroy(),
  };
}
