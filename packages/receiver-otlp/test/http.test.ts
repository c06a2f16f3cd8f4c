import zlib from 'node:zlib';
import { PipelineError, type Signal } from '@millrace/api';
import { exampleRequest, itemNames } from '@millrace/api/testing';
import { encodeMessageJson, requestMessage } from '@millrace/wire';
import { afterEach, describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import { request } from 'undici';
import { logs, metrics, traces } from '../../../test/payloads.ts';
import { start, stopAll, type Running } from './harness.ts';

const rpc = protobuf.parse(
  'syntax = "proto3"; package google.rpc; message Status { int32 code = 1; string message = 2; repeated bytes details = 3; }',
).root;
const Status = rpc.lookupType('google.rpc.Status');
const protobufType = 'application/x-protobuf';
const jsonType = 'application/json';
const asJson = (signal: 'traces' | 'metrics' | 'logs', bytes: Buffer): Buffer =>
  Buffer.from(encodeMessageJson(requestMessage[signal], bytes));

interface Reply {
  readonly status: number;
  readonly type: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

async function send(
  url: string,
  body: Buffer,
  type = protobufType,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const { method = 'POST', headers = {} } = options;
  const answer = await request(url, { method: method as 'POST', body, headers: { 'content-type': type, ...headers } });
  return {
    status: answer.statusCode,
    type: answer.headers['content-type'] as string | undefined,
    retryAfter: answer.headers['retry-after'] as string | undefined,
    body: Buffer.from(await answer.body.arrayBuffer()),
  };
}

/** The google.rpc.Status in a reply, in either encoding. */
function statusIn(reply: Reply): { code: number; message: string } {
  if (reply.type === jsonType) return JSON.parse(String(reply.body)) as { code: number; message: string };
  const status = Status.toObject(Status.decode(reply.body)) as { code: number; message: string };
  return { code: status.code, message: status.message };
}

afterEach(stopAll);

describe('OTLP over HTTP', () => {
  it('takes protobuf of every signal and answers with an empty response', async () => {
    const { http, sinks } = await start();
    const bodies = { traces: traces(20), metrics: metrics(20), logs: logs(20), profiles: exampleRequest('profiles', 3) };
    for (const [signal, body] of Object.entries(bodies) as [Signal, Buffer][]) {
      const reply = await send(`${http}${signal === 'profiles' ? '/v1development/profiles' : `/v1/${signal}`}`, body);
      expect(reply).toEqual({ status: 200, type: protobufType, retryAfter: undefined, body: Buffer.alloc(0) });
      expect(sinks[signal].requests[0]!.equals(body)).toBe(true);
      expect(sinks[signal].items).toBe(signal === 'profiles' ? 3 : 20);
    }
  });

  it('takes JSON of every signal and answers in JSON', async () => {
    const { http, sinks } = await start();
    for (const signal of ['traces', 'metrics', 'logs'] as const) {
      const body = exampleRequest(signal, 5);
      const reply = await send(`${http}/v1/${signal}`, asJson(signal, body), 'application/json; charset=utf-8');
      expect(reply).toEqual({ status: 200, type: jsonType, retryAfter: undefined, body: Buffer.from('{"partialSuccess":{}}') });
      expect(itemNames(sinks[signal].requests)).toEqual(itemNames([body]));
    }
  });

  it.each([
    ['gzip', zlib.gzipSync],
    ['zstd', zlib.zstdCompressSync],
    ['deflate', zlib.deflateSync],
  ])('takes bodies compressed with %s', async (encoding, compress) => {
    const { http, sinks } = await start();
    const body = traces(100);
    expect((await send(`${http}/v1/traces`, compress(body), protobufType, { headers: { 'content-encoding': encoding } })).status).toBe(200);
    expect(sinks.traces.requests[0]!.equals(body)).toBe(true);
  });

  it('takes an empty request without troubling the pipeline', async () => {
    const { http, sinks } = await start();
    sinks.traces.before = () => {
      throw new Error('called');
    };
    expect((await send(`${http}/v1/traces`, Buffer.alloc(0))).status).toBe(200);
    const reply = await send(`${http}/v1/traces`, Buffer.from('{}'), jsonType);
    expect([reply.status, String(reply.body)]).toEqual([200, '{"partialSuccess":{}}']);
  });

  it('acknowledges only when the pipeline has taken the request', async () => {
    const { http, sinks } = await start();
    let take = (): void => undefined;
    const asked = new Promise<void>((arrived) => {
      sinks.traces.before = () => {
        arrived();
        return new Promise<void>((resolve) => (take = resolve));
      };
    });
    let answered = false;
    const reply = send(`${http}/v1/traces`, traces(5)).finally(() => (answered = true));
    await asked;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answered).toBe(false);
    take();
    expect((await reply).status).toBe(200);
    expect(sinks.traces.items).toBe(5);
  });

  it('wants POST', async () => {
    const { http } = await start();
    for (const method of ['GET', 'PUT']) {
      const reply = await send(`${http}/v1/traces`, Buffer.alloc(0), protobufType, { method });
      expect([reply.status, reply.type, String(reply.body)]).toEqual([405, 'text/plain', '405 method not allowed, supported: [POST]']);
    }
  });

  it.each(['text/plain', 'application/json+x', 'application/protobuf', ''])('does not take content type "%s"', async (type) => {
    const { http } = await start();
    const reply = await send(`${http}/v1/traces`, traces(1), type);
    expect([reply.status, reply.type, String(reply.body)]).toEqual([
      415,
      'text/plain',
      '415 unsupported media type, supported: [application/json, application/x-protobuf]',
    ]);
  });

  it('tells where a body is wrong, in the encoding of the request', async () => {
    const { http } = await start();
    const bad = await send(`${http}/v1/traces`, Buffer.from([0x0a, 0x05, 0x0a]));
    expect([bad.status, bad.type]).toEqual([400, protobufType]);
    expect(statusIn(bad)).toEqual({ code: 3, message: expect.stringMatching(/ at byte \d/) as unknown });
    const json = await send(`${http}/v1/traces`, Buffer.from('{"resourceSpans": 7}'), jsonType);
    expect([json.status, json.type]).toEqual([400, jsonType]);
    expect(statusIn(json)).toEqual({ code: 3, message: expect.stringMatching(/ at byte \d/) as unknown });
  });

  it.each([
    ['retryable', new PipelineError('full', { kind: 'retryable' }), 503, undefined, 14, 'full'],
    ['retryable with a delay', new PipelineError('full', { kind: 'retryable', retryAfterMs: 2100 }), 503, '3', 14, 'full'],
    ['permanent', new PipelineError('bad', { kind: 'permanent' }), 500, undefined, 13, 'Permanent error: bad'],
    ['exhausted', new PipelineError('quota', { kind: 'retryable', grpcCode: 8, retryAfterMs: 1000 }), 429, '1', 8, 'quota'],
    ['not authorized', new PipelineError('who', { kind: 'permanent', grpcCode: 16 }), 401, undefined, 16, 'who'],
    ['no error of a pipeline', new TypeError('bug'), 503, undefined, 14, 'bug'],
  ])('tells that the pipeline’s refusal is %s, at once or later', async (_name, error, status, retryAfter, code, message) => {
    const { http, sinks } = await start();
    for (const later of [false, true]) {
      sinks.logs.before = () => {
        if (later) return Promise.reject(error);
        throw error;
      };
      for (const [type, body] of [[protobufType, logs(3)] as const, [jsonType, asJson('logs', logs(3))] as const]) {
        const reply = await send(`${http}/v1/logs`, body, type);
        expect([reply.status, reply.type, reply.retryAfter]).toEqual([status, type, retryAfter]);
        expect(statusIn(reply)).toMatchObject({ code, message });
      }
    }
    expect(sinks.logs.items).toBe(0);
  });

  it('refuses on the head while the pipeline would refuse everything', async () => {
    const { http, sinks } = await start();
    sinks.traces.refusal = new PipelineError('data refused due to high memory usage', { kind: 'retryable', retryAfterMs: 1000 });
    sinks.traces.before = () => {
      throw new Error('called');
    };
    const reply = await send(`${http}/v1/traces`, traces(1));
    expect([reply.status, reply.retryAfter]).toEqual([503, '1']);
    expect(statusIn(reply)).toEqual({ code: 14, message: 'data refused due to high memory usage' });
    expect((await send(`${http}/v1/logs`, logs(1))).status).toBe(200);
  });

  it('refuses on the head when waiting requests have spent the memory budget', async () => {
    const { http, sinks } = await start({ budgetBytes: 200_000 });
    const release: (() => void)[] = [];
    sinks.traces.before = () => new Promise<void>((resolve) => release.push(resolve));
    const body = traces(100);
    const replies = Array.from({ length: 6 }, async () => send(`${http}/v1/traces`, body));
    const refused = await Promise.race(replies);
    expect([refused.status, refused.retryAfter]).toEqual([503, '1']);
    expect(statusIn(refused)).toEqual({ code: 14, message: 'data refused due to high memory usage' });
    const letGo = setInterval(() => release.splice(0).forEach((resolve) => resolve()), 5);
    const statuses = (await Promise.all(replies)).map((reply) => reply.status);
    clearInterval(letGo);
    expect(sinks.traces.items).toBe(statuses.filter((status) => status === 200).length * 100);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
  });

  it('serves only signals that have a pipeline', async () => {
    const { http } = await start({ signals: ['logs'] });
    expect((await send(`${http}/v1/traces`, traces(1))).status).toBe(404);
    expect((await send(`${http}/v1/logs`, logs(1))).status).toBe(200);
  });

  it('goes on after a client that left while the pipeline was busy', async () => {
    const { http, sinks } = await start();
    const controller = new AbortController();
    let take = (): void => undefined;
    const asked = new Promise<void>((arrived) => {
      sinks.traces.before = () => {
        arrived();
        return new Promise<void>((resolve) => (take = resolve));
      };
    });
    const left = request(`${http}/v1/traces`, {
      method: 'POST',
      body: traces(2),
      headers: { 'content-type': protobufType },
      signal: controller.signal,
    });
    await asked;
    controller.abort();
    await expect(left).rejects.toThrow('aborted');
    take();
    sinks.traces.before = undefined;
    expect((await send(`${http}/v1/traces`, traces(3))).status).toBe(200);
    expect(sinks.traces.items).toBe(5);
  });
});

describe('Settings of protocols.http', () => {
  const url = (test: Running, path = '/v1/traces'): string => `${test.http}${path}`;

  it('paths per signal, with or without a leading slash', async () => {
    const test = await start({ http: { traces_url_path: 'a/b', metrics_url_path: '/m', logs_url_path: '/l' } });
    expect((await send(url(test, '/a/b'), traces(1))).status).toBe(200);
    expect((await send(url(test, '/m'), metrics(1))).status).toBe(200);
    expect((await send(url(test, '/l'), logs(1))).status).toBe(200);
    expect((await send(url(test), traces(1))).status).toBe(404);
  });

  it('max_request_body_size counts the decompressed body', async () => {
    const test = await start({ http: { max_request_body_size: 10_000 } });
    const reply = await send(url(test), zlib.gzipSync(Buffer.alloc(10_001)), jsonType, { headers: { 'content-encoding': 'gzip' } });
    expect([reply.status, statusIn(reply)]).toEqual([400, { code: 3, message: 'http: request body too large' }]);
    expect((await send(url(test), traces(100))).status).toBe(400);
    const unlimited = await start({ http: { max_request_body_size: 0 } });
    expect((await send(url(unlimited), traces(100))).status).toBe(200);
  });

  it('compression_algorithms', async () => {
    const test = await start({ http: { compression_algorithms: ['zstd'] } });
    const reply = await send(url(test), zlib.gzipSync(traces(1)), protobufType, { headers: { 'content-encoding': 'gzip' } });
    expect([reply.status, statusIn(reply)]).toEqual([400, { code: 3, message: 'unsupported Content-Encoding: gzip' }]);
    expect(
      (await send(url(test), zlib.zstdCompressSync(traces(1)), protobufType, { headers: { 'content-encoding': 'zstd' } })).status,
    ).toBe(200);
  });

  it('include_metadata', async () => {
    const seen: unknown[] = [];
    for (const include of [true, false]) {
      const test = await start({ http: { include_metadata: include } });
      test.sinks.traces.before = (batch) => void seen.push(batch.client.metadata.get('x-tenant'), batch.client.address);
      await send(url(test), traces(1), protobufType, { headers: { 'X-Tenant': 'a' } });
    }
    expect(seen).toEqual([['a'], '127.0.0.1', undefined, '127.0.0.1']);
  });

  it('cors, response_headers and keep_alives_enabled', async () => {
    const test = await start({
      http: {
        cors: { allowed_origins: ['https://*.example.com'], exposed_headers: ['X-Served-By'], allowed_headers: ['x-key'], max_age: 60 },
        response_headers: { 'X-Served-By': 'millrace' },
        keep_alives_enabled: false,
      },
    });
    const answer = await request(url(test), {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': jsonType, origin: 'https://a.example.com' },
    });
    await answer.body.dump();
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example.com',
      'access-control-expose-headers': 'X-Served-By',
      'x-served-by': 'millrace',
      connection: 'close',
    });
    const preflight = await request(url(test), {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example.com', 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-key' },
    });
    await preflight.body.dump();
    expect(preflight.headers).toMatchObject({ 'access-control-allow-headers': 'x-key', 'access-control-max-age': '60' });
  });

  it('transport', async () => {
    const test = await start({ http: { endpoint: ':0', transport: 'tcp4' } });
    expect(test.http).toMatch(/^http:\/\/0\.0\.0\.0:/);
  });
});
