import { PipelineError } from '@millrace/api';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { type Batch, thriftBatch } from '../../trace-format/test/jaeger-model.ts';
import { binary, i32, list, string, struct } from '../../trace-format/test/thrift-writer.ts';
import { Sink } from '@millrace/api/testing';
import { post, start, stopAll } from './harness.ts';
import { spansOf } from '../../trace-format/test/flat-spans.ts';

afterEach(stopAll);

const batch: Batch = {
  service: 's',
  spans: [{ traceId: 'ff', spanId: '0000000000000001', name: 'n', startMicros: 1n, durationMicros: 1n }],
};
const body = binary(thriftBatch(batch));

class RefusingSink extends Sink {
  refusal: PipelineError | undefined;
  refusing(): PipelineError | undefined {
    return this.refusal;
  }
}

describe('POST /api/traces', () => {
  it.each([
    ['application/x-thrift', 202, ''],
    ['application/vnd.apache.thrift.binary; charset=x', 202, ''],
    ['application/json', 400, 'Unsupported content type: application/json\n'],
    ['', 400, 'Cannot parse content type: mime: no media type\n'],
  ])('with content type "%s" is answered with %d', async (contentType, status, text) => {
    const { endpoints } = await start({ thrift_http: {} });
    expect(await post(endpoints['thrift_http']!, body, contentType)).toEqual({ status, text });
  });

  it('takes no other method and knows no other path', async () => {
    const { endpoints } = await start({ thrift_http: {} });
    const url = `http://${endpoints['thrift_http']}`;
    expect((await request(`${url}/api/traces`)).statusCode).toBe(405);
    expect((await request(`${url}/api/other`, { method: 'POST' })).statusCode).toBe(404);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'unexpected end of data at byte 0'],
    ['half of it', body.subarray(0, body.length - 9), 'unexpected end of data'],
    ['a list of a billion spans', Buffer.from([15, 0, 2, 12, 0x3b, 0x9a, 0xca, 0]), 'a size of 1000000000 with 0 bytes left at byte 4'],
    ['a negative size', Buffer.from([11, 0, 1, 0xff, 0xff, 0xff, 0xff]), 'a size of -1 with 0 bytes left at byte 3'],
    [
      'a span without its name',
      binary(struct({ 1: struct({ 1: string('s') }), 2: list('struct', [struct({ 7: i32(1) })]) })),
      'of Span is not set',
    ],
    ['deep nesting', Buffer.from([...Array.from({ length: 200 }, () => [12, 0, 9]).flat(), 0]), 'nested deeper than 64'],
    ['a type that does not exist', Buffer.from([7, 0, 9]), 'illegal type 7'],
  ])('refuses %s with the place', async (_name, bad, reason) => {
    const { endpoints } = await start({ thrift_http: {} });
    const { status, text } = await post(endpoints['thrift_http']!, bad);
    expect(status).toBe(400);
    expect(text).toContain('Unable to process request body: ');
    expect(text).toContain(reason);
    expect(text).toMatch(/ at byte \d+\n$/);
  });

  it.each([
    ['now', new PipelineError('full', { kind: 'retryable', retryAfterMs: 1500 }), 503, '2'],
    ['for good', new PipelineError('bad', { kind: 'permanent' }), 500, undefined],
  ])('tells that the pipeline does not take it %s', async (_name, error, status, retryAfter) => {
    const sink = new RefusingSink();
    const { endpoints } = await start({ thrift_http: {} }, sink);
    sink.refusal = error;
    const early = await request(`http://${endpoints['thrift_http']}/api/traces`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-thrift' },
    });
    expect([early.statusCode, early.headers['retry-after']]).toEqual([status, retryAfter]);
    expect(await early.body.text()).toBe(`Cannot submit Jaeger batch: ${error.message}\n`);
    sink.refusal = undefined;
    sink.before = () => Promise.reject(error);
    expect((await post(endpoints['thrift_http']!, body)).status).toBe(status);
  });

  it('refuses what is too large, cannot be unpacked, or has no memory', async () => {
    const small = await start({ thrift_http: { max_request_body_size: 10 } });
    expect(await post(small.endpoints['thrift_http']!, body)).toEqual({
      status: 413,
      text: 'Unable to process request body: http: request body too large\n',
    });
    const packed = await request(`http://${small.endpoints['thrift_http']}/api/traces`, {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'application/x-thrift', 'content-encoding': 'br' },
    });
    expect(packed.statusCode).toBe(400);
    await packed.body.dump();
    const poor = await start({ thrift_http: {} }, new Sink(), 100);
    expect(await post(poor.endpoints['thrift_http']!, Buffer.alloc(200))).toMatchObject({ status: 503 });
  });

  it('does not start where another listens, and leaves nothing behind', async () => {
    const { endpoints } = await start({ thrift_http: {} });
    await expect(start({ thrift_compact: {}, thrift_http: { endpoint: endpoints['thrift_http']! } })).rejects.toThrow(
      /address already in use/,
    );
  });

  it('takes tags of unknown types for a text that says so', async () => {
    const { sink, endpoints } = await start({ thrift_http: {} });
    const odd = struct({ 1: string('odd'), 2: i32(9) });
    const process = struct({ 1: string('s'), 2: list('struct', [odd]) });
    await post(endpoints['thrift_http']!, binary(thriftBatch(batch, process)));
    expect(spansOf(sink.requests[0]!)[0]!['resource']).toEqual({ odd: '<Unknown Jaeger TagType "<UNSET>">', 'service.name': 's' });
  });
});
