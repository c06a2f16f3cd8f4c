import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { decodeMessageJson, encodeMessageJson } from '@millrace/wire';

import { check } from './check.ts';
import { jsonText } from './json-text.ts';
import { knownMessage } from './known-message.ts';
import { decode, encode } from './reference.ts';
import type { PlainMessage } from './reference.ts';

const requests = ['ExportTraceServiceRequest', 'ExportMetricsServiceRequest', 'ExportLogsServiceRequest'];

function written(message: string, plain: PlainMessage): string {
  return encodeMessageJson(message, encode(message, plain));
}

describe('protobuf written as OTLP/JSON', () => {
  it.each(requests)('is the JSON of what the reference decodes: %s', (message) => {
    check(
      80,
      fc.property(knownMessage(message), (plain) => {
        const bytes = encode(message, plain);
        expect(JSON.parse(encodeMessageJson(message, bytes))).toEqual(JSON.parse(jsonText(message, decode(message, bytes))));
      }),
    );
  });

  it.each(requests)('reads back to the same bytes: %s', (message) => {
    check(
      80,
      fc.property(knownMessage(message), (plain) => {
        const bytes = encode(message, plain);
        expect(decodeMessageJson(message, encodeMessageJson(message, bytes)).equals(bytes)).toBe(true);
      }),
    );
  });

  it('has names in lowerCamelCase, ids in hex, 64-bit integers as strings and enums as numbers, in the order of the bytes', () => {
    const plain = {
      traceId: Buffer.from('5B8EFFF798038103D269B633813FC60C', 'hex'),
      spanId: Buffer.from('EEE19B7EC3C1B174', 'hex'),
      name: 'a "quoted"\n\\ name',
      kind: 2,
      startTimeUnixNano: 1544712660000000001n,
      attributes: [
        { key: 'i', value: { intValue: -(2n ** 63n) } },
        { key: 'b', value: { bytesValue: Uint8Array.of(0xfb, 0xff) } },
        { key: 'e', value: {} },
      ],
      droppedAttributesCount: 4294967295,
      status: { code: 2 },
    };
    expect(written('Span', plain)).toBe(
      '{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"a \\"quoted\\"\\n\\\\ name","kind":2,' +
        '"startTimeUnixNano":"1544712660000000001","attributes":[{"key":"i","value":{"intValue":"-9223372036854775808"}},' +
        '{"key":"b","value":{"bytesValue":"+/8="}},{"key":"e","value":{}}],"droppedAttributesCount":4294967295,"status":{"code":2}}',
    );
  });

  it.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-1, '-1'],
    [0.1, '0.1'],
    [1e15, '1000000000000000'],
    [123456789012345, '123456789012345'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [NaN, '"NaN"'],
    [Infinity, '"Infinity"'],
    [-Infinity, '"-Infinity"'],
  ])('writes the double %d as %s', (value, text) => {
    expect(written('AnyValue', { doubleValue: value })).toBe(`{"doubleValue":${text}}`);
  });

  it.each([0n, 9n, 10n, 999999999n, 1000000000n, 10n ** 15n, 2n ** 53n, 10n ** 18n, 2n ** 63n, 2n ** 64n - 1n])(
    'writes the 64-bit integer %d',
    (count) => {
      expect(written('Buckets', { bucketCounts: [count] })).toBe(`{"bucketCounts":["${count}"]}`);
    },
  );

  it('leaves out defaults that say nothing and keeps those that do', () => {
    expect(written('HistogramDataPoint', { count: 0n, sum: 0, min: -0, attributes: [], flags: 0 })).toBe('{"sum":0,"min":-0}');
    expect(encodeMessageJson('Span', Buffer.of(0x0a, 0, 0x2a, 0, 0x30, 0, 0x3d + 4, ...new Uint8Array(8), 0x7a, 0))).toBe('{"status":{}}');
    expect(encodeMessageJson('Histogram', Buffer.of())).toBe('{}');
    expect(encodeMessageJson('HistogramDataPoint', Buffer.of(0x32, 0))).toBe('{}');
  });

  it('drops unknown fields of every wire type', () => {
    const group = [0xfb, 0x01, 0x08, 1, 0xfb, 0x01, 0xfc, 0x01, 0x12, 1, 0x55, 0xfc, 0x01];
    const unknown = [0xf8, 0x01, 0x80, 1, 0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0xfa, 0x01, 2, 9, 9, ...group, 0xfd, 0x01, 1, 2, 3, 4];
    expect(encodeMessageJson('KeyValue', Buffer.from([...unknown, 0x0a, 1, 0x6b, ...unknown]))).toBe('{"key":"k"}');
  });

  it('gathers a list whose elements stand apart', () => {
    const parts = [
      { attributes: [{ key: 'a' }] },
      { name: 'n', events: [{ name: 'e' }] },
      { attributes: [{ key: 'b' }] },
      { events: [{ name: 'f' }] },
    ];
    const bytes = Buffer.concat(parts.map((part) => encode('Span', part)));
    expect(encodeMessageJson('Span', bytes)).toBe(
      '{"attributes":[{"key":"a"},{"key":"b"}],"name":"n","events":[{"name":"e"},{"name":"f"}]}',
    );
  });

  it('is valid JSON and UTF-8 whatever bytes a string has', () => {
    const bad = [[0xff], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0xc0, 0x80], [0x61, 0x80, 0x0a, 0xe2, 0x82, 0xac]];
    for (const bytes of bad) {
      const json = encodeMessageJson('AnyValue', Buffer.from([0x0a, bytes.length, ...bytes]));
      expect(JSON.parse(json)).toEqual({ stringValue: Buffer.from(bytes).toString() });
    }
    const controls = Buffer.from(Array.from({ length: 128 }, (_, c) => c));
    expect(JSON.parse(encodeMessageJson('AnyValue', Buffer.concat([Buffer.of(0x0a, 0x80, 1), controls])))).toEqual({
      stringValue: controls.toString(),
    });
  });

  it('makes room for text that is much longer than the bytes', () => {
    const text = '\u0001'.repeat(5000);
    expect(JSON.parse(written('AnyValue', { stringValue: text }))).toEqual({ stringValue: text });
    const counts = Array.from({ length: 5000 }, () => 2n ** 64n - 1n);
    expect(JSON.parse(written('HistogramDataPoint', { bucketCounts: counts }))).toEqual({ bucketCounts: counts.map(String) });
    expect(JSON.parse(written('ArrayValue', { values: Array.from({ length: 5000 }, () => ({})) })).values).toHaveLength(5000);
  });

  it('writes the empty response of the protocol', () => {
    expect(encodeMessageJson('ExportTraceServiceResponse', Buffer.of(0x0a, 0))).toBe('{"partialSuccess":{}}');
  });
});
