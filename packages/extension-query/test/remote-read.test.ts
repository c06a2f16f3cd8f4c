import { afterEach, describe, expect, it } from '@jest/globals';
import { createCompressor, protoFields } from '@millrace/transport';
import { labelsOf, markStale, MemorySource } from '../../promql/test/memory-source.ts';
import { ProtoWriter } from '../src/proto-writer.ts';
import { startQuery } from './start-query.ts';
import type { Running } from './start-query.ts';

const values = Float64Array.of(1.5, -2, 3);
markStale(values, 2);
const series = { labels: labelsOf({ __name__: 'load', job: 'api' }), timestampsMs: Float64Array.of(-5, 1000, 1_700_000_000_000), values };
const native = {
  schema: -1,
  zeroThreshold: 0.5,
  zeroCount: 1,
  count: 4,
  sum: 9,
  positive: { spans: [-3, 1, 2, 1], counts: [1, 2] },
  negative: { spans: [], counts: [] },
  gauge: true,
};
const waits = {
  labels: labelsOf({ __name__: 'waits' }),
  timestampsMs: Float64Array.of(7),
  values: Float64Array.of(0),
  histograms: [native],
};

let running: Running | undefined;

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

interface Field {
  readonly number: number;
  readonly value: number | string | readonly Field[] | undefined;
}

/** The fields of a message, of which some are messages themselves. */
function fields(bytes: Buffer, ...nested: readonly (readonly number[])[]): Field[] {
  const [here = [], ...below] = nested;
  return [...protoFields(bytes)].map(({ number, value }) => {
    if (!Buffer.isBuffer(value)) return { number, value };
    return { number, value: here.includes(number) ? fields(value, ...below) : value.toString('latin1') };
  });
}

/** Sends a compressed request. */
function send(compressed: Buffer): Promise<Response> {
  return fetch(running!.url + '/api/v1/read', {
    method: 'POST',
    headers: { 'Content-Encoding': 'snappy', 'Content-Type': 'application/x-protobuf' },
    body: new Uint8Array(compressed),
  });
}

async function read(request: ProtoWriter, settings: object = {}): Promise<Response> {
  running = await startQuery({ history: new MemorySource([series, waits]) }, 0, settings);
  return send(await createCompressor('snappy')!(request.bytes()));
}

function queryOf(startMs: number, endMs: number, type: number, name: string, value: string): ProtoWriter {
  return new ProtoWriter()
    .integer(1, startMs)
    .integer(2, endMs)
    .message(3, new ProtoWriter().integer(1, type).text(2, name).text(3, value));
}

describe('/api/v1/read', () => {
  it('answers each query with its series, snappy-compressed', async () => {
    const request = new ProtoWriter()
      .message(1, queryOf(-10, 1_700_000_000_000, 0, '__name__', 'load'))
      .message(1, queryOf(0, 5, 2, 'job', 'w.*'));
    const response = await read(request.integer(2, 1).integer(2, 0));
    expect(response.headers.get('content-encoding')).toBe('snappy');
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
    const message = decompress(Buffer.from(await response.arrayBuffer()));
    const result = fields(message, [1], [1], [1, 2]);
    expect(result).toHaveLength(2);
    expect(result[1]).toEqual({ number: 1, value: [] });
    const [timeSeries] = result[0]!.value as readonly Field[];
    const label = (name: string, value: string): Field => ({ number: 1, value: [{ number: 1, value: name }, { number: 2, value }] }); // prettier-ignore
    const sample = (timeMs: number): Field => ({ number: 2, value: [{ number: 1, value: undefined }, { number: 2, value: timeMs }] }); // prettier-ignore
    const expected = [label('__name__', 'load'), label('job', 'api'), sample(-5), sample(1000), sample(1_700_000_000_000)];
    expect(timeSeries!.value).toEqual(expected);
    const marker = Buffer.from([2, 0, 0, 0, 0, 0, 0xf0, 0x7f]);
    expect(message.includes(marker)).toBe(true);
  });

  it('has native histograms', async () => {
    const response = await read(new ProtoWriter().message(1, queryOf(0, 10, 1, 'job', 'api')));
    const message = decompress(Buffer.from(await response.arrayBuffer()));
    const [result] = fields(message, [1], [1], [4], [11]);
    const histogram = ((result!.value as readonly Field[])[0]!.value as readonly Field[]).find(({ number }) => number === 4)!
      .value as readonly Field[];
    expect(histogram.filter(({ value }) => value !== undefined && typeof value !== 'string')).toEqual([
      { number: 4, value: 1 },
      { number: 11, value: [{ number: 1, value: 5 }, { number: 2, value: 1 }] }, // prettier-ignore
      { number: 11, value: [{ number: 1, value: 4 }, { number: 2, value: 1 }] }, // prettier-ignore
      { number: 14, value: 3 },
      { number: 15, value: 7 },
    ]);
  });

  it.each([
    ['is no protobuf', Buffer.from([0x0a, 0x50]), 'unexpected EOF'],
    [
      'asks for a response that there is not',
      new ProtoWriter().integer(2, 1).bytes(),
      'server does not support any of the requested response types: 1; supported: [SAMPLES]',
    ],
    ['has an unknown matcher', new ProtoWriter().message(1, queryOf(0, 1, 9, 'a', 'b')).bytes(), 'invalid matcher type'],
  ])('refuses what %s', async (_what, bytes, error) => {
    running = await startQuery({ history: new MemorySource([series]) }, 0);
    const response = await send(await createCompressor('snappy')!(bytes));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ status: 'error', errorType: 'bad_data', error });
  });

  it('refuses more samples than it may hold', async () => {
    const response = await read(new ProtoWriter().message(1, queryOf(-10, 1_700_000_000_000, 0, '__name__', 'load')), { max_samples: 2 });
    expect(await response.json()).toMatchObject({ error: 'exceeded sample limit (2)' });
  });
});

/** The block format of snappy. */
function decompress(bytes: Buffer): Buffer {
  let at = 0;
  let [size, shift] = [0, 0];
  for (let byte = 0x80; byte >= 0x80; shift += 7) {
    byte = bytes[at++]!;
    size += (byte & 0x7f) * 2 ** shift;
  }
  const out = Buffer.alloc(size);
  let length = 0;
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    if ((tag & 3) === 0) {
      let count = tag >> 2;
      if (count >= 60) {
        const width = count - 59;
        count = bytes.readUIntLE(at, width);
        at += width;
      }
      length += bytes.copy(out, length, at, at + count + 1);
      at += count + 1;
      continue;
    }
    const isShort = (tag & 3) === 1;
    const count = isShort ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const distance = isShort ? ((tag >> 5) << 8) | bytes[at]! : bytes.readUIntLE(at, (tag & 3) === 2 ? 2 : 4);
    at += isShort ? 1 : (tag & 3) === 2 ? 2 : 4;
    for (let i = 0; i < count; i++, length++) out[length] = out[length - distance]!;
  }
  return out;
}
