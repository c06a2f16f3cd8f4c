import { createServer } from 'node:net';
import { type Answer, configOf, itemNames, receiverContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { type Batch, postSpans, thriftBatch } from '../../trace-format/test/jaeger-model.ts';
import { binary } from '../../trace-format/test/thrift-writer.ts';
import { factory } from '../src/index.ts';
import { call, post } from './harness.ts';

const test = { describe, it, expect };

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The items of an OTLP request as spans of Jaeger. */
function batchOf(request: Buffer): Batch {
  const span = { traceId: 'ff', startMicros: 1n, durationMicros: 1n };
  return { service: 's', spans: itemNames([request]).map((name, i) => ({ ...span, name, spanId: String(i + 1).padStart(16, '0') })) };
}

describe('over HTTP', () => {
  receiverContract(test, factory, async () => {
    const endpoint = `127.0.0.1:${await freePort()}`;
    return {
      config: configOf(factory, { protocols: { thrift_http: { endpoint } } }),
      send: async (_signal, request): Promise<Answer> => {
        const { status } = await post(endpoint, binary(thriftBatch(batchOf(request))));
        return status === 202 ? 'taken' : status === 503 ? 'retryable' : 'permanent';
      },
    };
  });
});

describe('over gRPC', () => {
  receiverContract(test, factory, async () => {
    const endpoint = `127.0.0.1:${await freePort()}`;
    return {
      config: configOf(factory, { protocols: { grpc: { endpoint } } }),
      send: async (_signal, request): Promise<Answer> => {
        const { code } = await call(endpoint, postSpans(batchOf(request)));
        return code === 0 ? 'taken' : code === 14 ? 'retryable' : 'permanent';
      },
    };
  });
});

describe('over UDP', () => {
  receiverContract(test, factory, async () => ({
    config: configOf(factory, {
      protocols: { thrift_compact: { endpoint: '127.0.0.1:0' }, thrift_binary: { endpoint: '127.0.0.1:0' } },
    }),
  }));
});
