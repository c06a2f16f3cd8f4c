import { connect } from 'node:http2';
import { createServer } from 'node:net';
import type { Signal } from '@millrace/api';
import { type Answer, configOf, receiverContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { factory } from '../src/index.ts';

const test = { describe, it, expect };

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe('over HTTP', () => {
  receiverContract(test, factory, async () => {
    const endpoint = `127.0.0.1:${await freePort()}`;
    return {
      config: configOf(factory, { protocols: { http: { endpoint } } }),
      send: async (signal: Signal, body: Buffer): Promise<Answer> => {
        const answer = await request(`http://${endpoint}/v1/${signal}`, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/x-protobuf' },
        });
        await answer.body.dump();
        return answer.statusCode === 200 ? 'taken' : answer.statusCode === 503 ? 'retryable' : 'permanent';
      },
    };
  });
});

const services: Readonly<Record<string, string>> = {
  traces: 'trace.v1.TraceService',
  metrics: 'metrics.v1.MetricsService',
  logs: 'logs.v1.LogsService',
};

describe('over gRPC', () => {
  receiverContract(test, factory, async () => {
    const endpoint = `127.0.0.1:${await freePort()}`;
    return {
      config: configOf(factory, { protocols: { grpc: { endpoint } } }),
      send: (signal: Signal, body: Buffer): Promise<Answer> =>
        new Promise((resolve, reject) => {
          const session = connect(`http://${endpoint}`);
          session.on('error', reject);
          const stream = session.request({
            ':method': 'POST',
            ':path': `/opentelemetry.proto.collector.${services[signal]}/Export`,
            'content-type': 'application/grpc',
          });
          let status: unknown;
          stream.on('response', (headers) => (status = headers['grpc-status']));
          stream.on('trailers', (headers) => (status ??= headers['grpc-status']));
          stream.resume().on('close', () => {
            session.close();
            resolve(status === '0' ? 'taken' : status === '14' ? 'retryable' : 'permanent');
          });
          const prefix = Buffer.alloc(5);
          prefix.writeUInt32BE(body.length, 1);
          stream.end(Buffer.concat([prefix, body]));
        }),
    };
  });
});
