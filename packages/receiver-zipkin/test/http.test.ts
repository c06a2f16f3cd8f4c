import { gzipSync } from 'node:zlib';
import { PipelineError } from '@millrace/api';
import { configOf, Sink } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { factory } from '../src/index.ts';
import { post, start, stopAll } from './harness.ts';

afterEach(stopAll);

const body = JSON.stringify([{ traceId: 'ff', id: '1' }]);

class RefusingSink extends Sink {
  refusal: PipelineError | undefined;
  refusing(): PipelineError | undefined {
    return this.refusal;
  }
}

describe('receiver zipkin', () => {
  it("has the Collector's defaults, and checks its endpoint", () => {
    const config = configOf(factory);
    expect(config).toMatchObject({
      endpoint: 'localhost:9411',
      transport: 'tcp',
      parse_string_tags: false,
      max_request_body_size: 20_971_520,
    });
    expect(factory.validateConfig!(config)).toEqual([]);
    expect(factory.validateConfig!(configOf(factory, { endpoint: 'localhost' }))).toEqual([
      'endpoint: address localhost: missing port in address',
    ]);
  });

  it('takes POST on its two paths only, with any query', async () => {
    const { url } = await start();
    expect((await request(`${url}/api/v2/spans`)).statusCode).toBe(405);
    expect((await post(`${url}/api/v3/spans`, body)).status).toBe(404);
    expect((await post(`${url}/api/v2/spans?x=y`, body)).status).toBe(202);
  });

  it('takes gzip', async () => {
    const { url, sink } = await start();
    const answer = await request(`${url}/api/v2/spans`, { method: 'POST', body: gzipSync(body), headers: { 'content-encoding': 'gzip' } });
    expect(answer.statusCode).toBe(202);
    expect(sink.items).toBe(1);
  });

  it.each([
    ['now', new PipelineError('full', { kind: 'retryable' }), { status: 500, text: '"Internal Server Error"' }],
    ['for good', new PipelineError('bad', { kind: 'permanent' }), { status: 400, text: '"Bad Request"' }],
  ])('tells that the pipeline does not take it %s', async (_name, error, answer) => {
    const sink = new RefusingSink();
    const { url } = await start({}, sink);
    sink.refusal = error;
    expect(await post(`${url}/api/v2/spans`, body)).toEqual(answer);
    sink.refusal = undefined;
    sink.before = () => {
      throw error;
    };
    expect(await post(`${url}/api/v2/spans`, body)).toEqual(answer);
  });

  it('refuses what is too large, cannot be unpacked, or has no memory', async () => {
    const small = await start({ max_request_body_size: 10 });
    expect(await post(`${small.url}/api/v2/spans`, body)).toEqual({ status: 413, text: 'http: request body too large\n' });
    const packed = await request(`${small.url}/api/v2/spans`, { method: 'POST', body: 'x', headers: { 'content-encoding': 'br' } });
    expect([packed.statusCode, await packed.body.text()]).toEqual([400, 'unsupported Content-Encoding: br\n']);
    const poor = await start({}, new Sink(), 100);
    expect((await post(`${poor.url}/api/v2/spans`, Buffer.alloc(200))).status).toBe(503);
  });
});
