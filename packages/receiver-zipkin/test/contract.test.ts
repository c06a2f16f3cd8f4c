import { createServer } from 'node:net';
import { type Answer, configOf, itemNames, receiverContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { binary, i64, list, string, struct } from '../../trace-format/test/thrift-writer.ts';
import { protoSpans } from '../../trace-format/test/zipkin-model.ts';
import { factory } from '../src/index.ts';
import { post } from './harness.ts';

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const id = (index: number): string => String(index + 1).padStart(16, '0');

const formats: Readonly<Record<string, (names: readonly string[]) => readonly [path: string, body: Buffer | string, contentType: string]>> =
  {
    'v2 JSON': (names) => ['v2', JSON.stringify(names.map((name, i) => ({ traceId: id(i), id: id(i), name }))), 'application/json'],
    'v2 protobuf': (names) => ['v2', protoSpans(names.map((name, i) => ({ traceId: id(i), id: id(i), name }))), 'application/x-protobuf'],
    'v1 JSON': (names) => ['v1', JSON.stringify(names.map((name, i) => ({ traceId: id(i), id: id(i), name }))), 'application/json'],
    'v1 Thrift': (names) => [
      'v1',
      binary(
        list(
          'struct',
          names.map((name, i) => struct({ 1: i64(BigInt(i + 1)), 3: string(name), 4: i64(1n) })),
        ),
      ),
      'application/x-thrift',
    ],
  };

describe.each(Object.entries(formats))('%s', (_name, encode) => {
  receiverContract({ describe, it, expect }, factory, async () => {
    const endpoint = `127.0.0.1:${await freePort()}`;
    return {
      config: configOf(factory, { endpoint }),
      send: async (_signal, request): Promise<Answer> => {
        const [path, body, contentType] = encode(itemNames([request]));
        const { status } = await post(`http://${endpoint}/api/${path}/spans`, body, contentType);
        return status === 202 ? 'taken' : status === 500 ? 'retryable' : 'permanent';
      },
    };
  });
});
