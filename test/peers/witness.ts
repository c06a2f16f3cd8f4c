import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { decodeJson } from '../../packages/wire/test/json-reference.ts';
import { decode } from '../../packages/wire/test/reference.ts';
import { requestMessage } from '@millrace/wire';
import { allSignals, itemsOf, type Signal } from './items.ts';

const services: Record<Signal, string> = {
  traces: 'trace.v1.TraceService',
  metrics: 'metrics.v1.MetricsService',
  logs: 'logs.v1.LogsService',
};

/** An OTLP destination made of other people's parts (node:http, @grpc/grpc-js, a reference decoder) that remembers every item. */
export interface Witness {
  /** `http://127.0.0.1:port`, for OTLP over HTTP. */
  readonly httpUrl: string;
  /** `http://127.0.0.1:port`, for gRPC. */
  readonly grpcUrl: string;
  /** Everything received for a signal, sorted. */
  items(signal: Signal): string[];
  close(): Promise<void>;
}

/** Starts a witness on free ports. */
export async function startWitness(): Promise<Witness> {
  const received: Record<Signal, string[]> = { traces: [], metrics: [], logs: [] };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const signal = allSignals.find((each) => request.url === `/v1/${each}`)!;
      const encoding = request.headers['content-encoding'] ?? 'identity';
      const body = Buffer.concat(chunks);
      const plain = encoding === 'gzip' ? gunzipSync(body) : encoding === 'zstd' ? zstdDecompressSync(body) : body;
      const json = request.headers['content-type'] === 'application/json';
      received[signal].push(...itemsOf(signal, json ? decodeJson(requestMessage[signal], plain) : decode(signal, plain)));
      response.writeHead(200, { 'content-type': request.headers['content-type'] }).end(json ? '{}' : '');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  const grpcServer = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  const raw = (bytes: Buffer): Buffer => bytes;
  for (const signal of allSignals) {
    const method = {
      path: `/opentelemetry.proto.collector.${services[signal]}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    };
    grpcServer.addService(
      { Export: method },
      {
        Export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
          received[signal].push(...itemsOf(signal, decode(signal, call.request)));
          done(null, Buffer.alloc(0));
        },
      },
    );
  }
  const grpcPort = await promisify(grpcServer.bindAsync.bind(grpcServer))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());

  return {
    httpUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    items: (signal) => received[signal].toSorted(),
    async close() {
      grpcServer.forceShutdown();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
