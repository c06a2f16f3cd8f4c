import { describe, expect, it } from '@jest/globals';
import { admitBytes, maxGroupDepth, maxValueDepth, noClient, type Signal, signals, WireError } from '@millrace/wire';
import { varint } from './arbitrary.ts';
import { expectSame, testPool } from './meaning.ts';
import { decode, type PlainMessage } from './reference.ts';

const pool = testPool();

const len = (number: number, ...content: (Buffer | string)[]): Buffer => {
  const inner = Buffer.concat(content.map((each) => Buffer.from(each)));
  return Buffer.concat([varint(number * 8 + 2), varint(inner.length), inner]);
};
const int = (number: number, value: number): Buffer => Buffer.concat([varint(number * 8), varint(value)]);
const fixed = (number: number, value: bigint): Buffer => {
  const raw = Buffer.alloc(8);
  raw.writeBigUInt64LE(value);
  return Buffer.concat([varint(number * 8 + 1), raw]);
};
const group = (number: number, ...content: Buffer[]): Buffer => Buffer.concat([varint(number * 8 + 3), ...content, varint(number * 8 + 4)]);
const span = (...content: Buffer[]): Buffer => len(1, len(2, len(2, ...content)));
const attribute = (...value: Buffer[]): Buffer => span(len(9, len(1, 'k'), len(2, ...value)));
const point = (data: number, ...content: Buffer[]): Buffer => len(1, len(2, len(2, len(data, len(1, ...content)))));
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function refuse(signal: Signal, body: Buffer): WireError {
  try {
    admitBytes(signal, body, noClient, pool).release();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

function take(signal: Signal, body: Buffer): { message: PlainMessage; bytes: Buffer; items: number } {
  using batch = admitBytes(signal, body, noClient, pool);
  return { message: signal === 'profiles' ? {} : decode(signal, batch.bytes), bytes: Buffer.from(batch.bytes), items: batch.items };
}

/** The only span of a request. */
function onlySpan(body: Buffer): PlainMessage {
  const { message } = take('traces', body);
  type Nested = { resourceSpans: { scopeSpans: { spans: PlainMessage[] }[] }[] };
  return (message as Nested).resourceSpans[0]!.scopeSpans[0]!.spans[0]!;
}

const inSpan = 'resource_spans.scope_spans.spans';
const nested = (levels: number): Buffer => {
  let value = len(1, 'leaf');
  for (let level = 1; level < levels; level++) value = len(5, len(1, value));
  return attribute(value);
};
const nestedInMaps = (levels: number): Buffer => {
  let value = int(3, 1);
  for (let level = 1; level < levels; level++) value = len(6, len(1, len(1, 'k'), len(2, value)));
  return len(1, len(2, len(2, len(5, value))));
};
const groups = (levels: number): Buffer => {
  let inner: Buffer = Buffer.alloc(0);
  for (let level = 0; level < levels; level++) inner = group(20, inner);
  return inner;
};

describe('what is no legal encoding is refused with its place', () => {
  it.each<[string, Signal, Buffer, string, number, string]>([
    ['a tag that is cut off', 'traces', hex('80'), 'truncated varint', 0, ''],
    ['a length that is cut off', 'traces', hex('0a'), 'truncated length', 1, 'resource_spans'],
    ['a long length that is cut off', 'traces', hex('0a80'), 'truncated varint', 1, 'resource_spans'],
    ['a length beyond the end', 'traces', hex('0a 01'), 'length beyond the end of the message', 1, 'resource_spans'],
    [
      'a length beyond the parent',
      'traces',
      hex('0a 02 12 01 00'),
      'length beyond the end of the message',
      3,
      'resource_spans.scope_spans',
    ],
    ['a length of 2 GiB', 'traces', hex('0a 80 80 80 80 08'), 'length of 2 GiB or more', 1, 'resource_spans'],
    ['a length of 64 bits', 'logs', hex('0a ff ff ff ff ff ff ff ff ff 01'), 'length of 2 GiB or more', 1, 'resource_logs'],
    [
      'a varint of 11 bytes',
      'traces',
      span(hex('30 80 80 80 80 80 80 80 80 80 80 00')),
      'varint longer than 10 bytes',
      7,
      `${inSpan}.kind`,
    ],
    ['a value that is cut off', 'traces', span(hex('30')), 'truncated varint', 7, `${inSpan}.kind`],
    ['a 64-bit number that is cut off', 'traces', span(hex('39 00')), 'truncated number', 6, `${inSpan}.start_time_unix_nano`],
    ['a 32-bit number that is cut off', 'traces', span(hex('85 01 00')), 'truncated number', 6, `${inSpan}.flags`],
    ['field number 0', 'traces', span(hex('02 00')), 'field number 0', 6, inSpan],
    ['a padded field number 0', 'traces', span(hex('82 00 00')), 'field number 0', 6, inSpan],
    ['field number 0 in a group', 'traces', span(group(20, hex('00 00'))), 'field number 0', 8, inSpan],
    ['a field number of 2^29', 'traces', span(hex('80 80 80 80 10 00')), 'field number of 2^29 or more', 6, inSpan],
    ['the wrong wire type', 'traces', span(hex('28 00')), 'wire type 0 is not the one of this field', 6, `${inSpan}.name`],
    ['a group in place of a message', 'traces', group(1), 'wire type 3 is not the one of this field', 0, 'resource_spans'],
    ['wire type 6', 'traces', span(hex('a6 01')), 'wire type 6 does not exist', 6, inSpan],
    ['wire type 7', 'traces', hex('a7 01'), 'wire type 7 does not exist', 0, ''],
    ['a group that does not end', 'traces', span(hex('a3 01')), 'unterminated group', 8, inSpan],
    ['a group that ends as another', 'traces', span(hex('a3 01 ac 01')), 'group ends with the tag of field 21', 8, inSpan],
    ['a group that ends beyond its parent', 'traces', Buffer.concat([span(hex('a3 01')), hex('a4 01')]), 'unterminated group', 8, inSpan],
    ['the end of no group', 'traces', span(hex('a4 01')), 'end of group 20 without its start', 6, inSpan],
    ['an unknown value that is cut off', 'traces', hex('a1 01 00'), 'truncated number', 2, ''],
    ['an unknown 32-bit value that is cut off', 'traces', hex('a5 01 00'), 'truncated number', 2, ''],
    ['a trace id of 15 bytes', 'traces', span(len(1, Buffer.alloc(15))), 'id of 15 bytes instead of 16', 8, `${inSpan}.trace_id`],
    ['a span id of 16 bytes', 'traces', span(len(2, Buffer.alloc(16))), 'id of 16 bytes instead of 8', 8, `${inSpan}.span_id`],
    ['a parent id of 1 byte', 'traces', span(len(4, 'x')), 'id of 1 bytes instead of 8', 8, `${inSpan}.parent_span_id`],
    [
      'packed numbers of 7 bytes',
      'metrics',
      point(9, len(6, Buffer.alloc(7))),
      'packed 64-bit numbers of 7 bytes',
      12,
      'resource_metrics.scope_metrics.metrics.histogram.data_points.bucket_counts',
    ],
    [
      'a packed varint that is cut off',
      'metrics',
      point(10, len(8, len(2, hex('80')))),
      'truncated varint',
      14,
      'resource_metrics.scope_metrics.metrics.exponential_histogram.data_points.positive.bucket_counts',
    ],
    [
      'a key that is too long',
      'traces',
      span(len(9, hex('0a 05 6b'))),
      'length beyond the end of the message',
      9,
      `${inSpan}.attributes.key`,
    ],
    ['a value in an attribute', 'traces', attribute(hex('18 80')), 'truncated varint', 14, `${inSpan}.attributes.value.int_value`],
  ])('%s', (_, signal, body, reason, byteOffset, fieldPath) => {
    const error = refuse(signal, body);
    expect({ reason: error.reason, byteOffset: error.byteOffset, fieldPath: error.fieldPath }).toEqual({ reason, byteOffset, fieldPath });
    expect(error.message).toBe(`${reason} at byte ${byteOffset}${fieldPath === '' ? '' : ` in ${fieldPath}`}`);
  });

  it('values nested deeper than the bound, in arrays and in maps', () => {
    expect(refuse('traces', nested(maxValueDepth + 1)).reason).toBe('values nested deeper than 64');
    expect(refuse('logs', nestedInMaps(maxValueDepth + 1)).reason).toBe('values nested deeper than 64');
    expect(refuse('traces', nested(2000)).reason).toBe('values nested deeper than 64');
    expect(take('traces', nested(maxValueDepth)).items).toBe(1);
    expect(take('logs', nestedInMaps(maxValueDepth)).items).toBe(1);
  });

  it('groups nested deeper than the bound', () => {
    expect(refuse('traces', groups(maxGroupDepth + 1)).reason).toBe('groups nested deeper than 100');
    expect(refuse('traces', Buffer.alloc(1_000_000, hex('a301'))).reason).toBe('groups nested deeper than 100');
    expect(take('traces', groups(maxGroupDepth)).bytes).toEqual(groups(maxGroupDepth));
  });

  it('at every cut of a body, unless the cut is between two fields of the request', () => {
    const body = Buffer.concat([attribute(int(3, 5)), attribute(len(1, 'text'))]);
    const cut = attribute(int(3, 5)).length;
    for (let end = 1; end < body.length; end++) {
      if (end === cut) continue;
      expect(refuse('traces', body.subarray(0, end)).byteOffset).toBeLessThanOrEqual(end);
    }
    expect(take('traces', body.subarray(0, cut)).items).toBe(1);
  });
});

describe('every legal oddity is accepted', () => {
  it('padded tags, lengths and values of up to 10 bytes', () => {
    const padded = hex('8a 80 80 80 80 80 80 80 80 00');
    const body = Buffer.concat([padded, hex('86 80 80 80 80 80 80 80 80 00'), hex('12 04 12 02 30 02')]);
    expect(onlySpan(body)).toEqual({ kind: 2 });
    expect(take('traces', body).bytes).toEqual(span(int(6, 2)));
    expect(take('traces', span(hex('30 82 80 80 00'))).bytes).toEqual(span(int(6, 2)));
    // The tenth byte has one bit; what is above it means nothing.
    expect(take('traces', attribute(hex('18 80 80 80 80 80 80 80 80 80 7f'))).bytes).toEqual(
      attribute(hex('18 80 80 80 80 80 80 80 80 80 01')),
    );
  });

  it('submessages in several pieces are merged, scalars in them taken from the last', () => {
    const body = len(1, len(1, int(2, 3)), len(2, len(2, len(5, 'x'))), len(1, len(1, len(1, 'k'))), len(1, int(2, 4)), len(1));
    expect(take('traces', body).message).toEqual({
      resourceSpans: [{ resource: { attributes: [{ key: 'k' }], droppedAttributesCount: 4 }, scopeSpans: [{ spans: [{ name: 'x' }] }] }],
    });
  });

  it('headers after the children come out before them', () => {
    const resource = len(1, len(1, len(1, 'k')));
    const scope = len(1, len(1, 'lib'));
    const body = len(1, len(2, len(2, len(5, 'x')), scope), resource);
    expect(take('traces', body).bytes).toEqual(len(1, resource, len(2, scope, len(2, len(5, 'x')))));
    const metric = len(1, len(2, len(2, len(5, len(1)), len(1, 'name'))));
    expect(take('metrics', metric).bytes).toEqual(len(1, len(2, len(2, len(1, 'name'), len(5, len(1))))));
  });

  it('schema URLs, temporality and metadata after the children stay where they are', () => {
    const body = len(1, len(2, len(2, len(7, len(1), int(2, 2), int(3, 1)), len(12)), len(3, 'url')), len(3, 'url'));
    expect(take('metrics', body).bytes).toEqual(body);
  });

  it('numbers in single pieces and several packed runs are packed', () => {
    const bounds = (values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from(new Float64Array([value]).buffer)));
    const body = point(9, hex('39'), bounds([1]), len(7, bounds([2, 3])), hex('39'), bounds([4]), fixed(6, 9n));
    expect(take('metrics', body).bytes).toEqual(point(9, len(6, fixed(6, 9n).subarray(1)), len(7, bounds([1, 2, 3, 4]))));
    const buckets = point(10, len(8, int(2, 300), len(2, hex('01 02')), int(2, 7)));
    expect(take('metrics', buckets).bytes).toEqual(point(10, len(8, len(2, hex('ac02 01 02 07')))));
    const many = point(10, len(8, ...Array.from({ length: 20_000 }, () => int(2, 1))));
    expectSame(take('metrics', many).bytes, point(10, len(8, len(2, Buffer.alloc(20_000, 1)))));
  });

  it('of a oneof the last member stays; message members merge only while no other comes between', () => {
    const list = (text: string): Buffer => len(5, len(1, len(1, text)));
    const value = (body: Buffer): unknown => (onlySpan(body) as { attributes: { value: unknown }[] }).attributes[0]!.value;
    expect(value(attribute(len(1, 'a'), int(3, 7)))).toEqual({ intValue: 7n });
    expect(value(attribute(list('a'), list('b')))).toEqual({ arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } });
    expect(value(attribute(list('a'), int(2, 1), list('b')))).toEqual({ arrayValue: { values: [{ stringValue: 'b' }] } });
  });

  it('points in the data that a oneof loses are not counted', () => {
    const body = len(1, len(2, len(2, len(5, len(1), len(1)), len(7, len(1)))));
    const { items, message } = take('metrics', body);
    expect(items).toBe(1);
    expect(message).toEqual({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ sum: { dataPoints: [{}] } }] }] }] });
  });

  it('a value before its key', () => {
    const body = span(len(9, len(2, int(2, 1)), len(1, 'k')));
    expect(take('traces', body).bytes).toEqual(attribute(int(2, 1)));
  });

  it('unknown fields and groups at every level, kept as they are', () => {
    const unknown = Buffer.concat([
      group(20, int(1, 5), group(3), hex('8a 80 00 01 78')),
      int(17, 300),
      len(2 ** 29 - 1, 'text'),
      fixed(40, 5n),
    ]);
    const body = Buffer.concat([
      unknown,
      len(1, unknown, len(1, unknown), len(2, unknown, len(1, unknown), len(2, unknown, len(9, len(1, 'k'), unknown)))),
    ]);
    expect(take('traces', body).bytes).toEqual(body);
    const odd = Buffer.concat([len(1, len(2, unknown, len(2, unknown)), unknown, len(1, unknown)), unknown]);
    expect(take('traces', odd).bytes).toEqual(Buffer.concat([len(1, len(1, unknown), len(2, len(2, unknown), unknown), unknown), unknown]));
  });

  it('empty bodies and empty messages', () => {
    expect(take('traces', Buffer.alloc(0))).toEqual({ message: {}, bytes: Buffer.alloc(0), items: 0 });
    expect(take('logs', len(1))).toEqual({ message: { resourceLogs: [{}] }, bytes: len(1), items: 0 });
    expect(take('metrics', point(11)).items).toBe(1);
    expect(take('traces', attribute()).items).toBe(1);
  });

  it('ids of no bytes, text that is no UTF-8, unknown enum values', () => {
    const body = span(len(1), len(2), len(4), len(5, hex('ff fe')), int(6, 99));
    expect(take('traces', body).bytes).toEqual(body);
  });

  it('a submessage in very many pieces', () => {
    const body = len(1, ...Array.from({ length: 5000 }, (_, i) => len(1, int(2, i % 100))), len(2));
    expect(take('traces', body).bytes).toEqual(len(1, len(1, int(2, 99)), len(2)));
  });

  it('a body that grows when it is rewritten', () => {
    const points = (...content: Buffer[]): Buffer =>
      len(1, len(2, len(2, len(10, ...Array.from({ length: 3000 }, () => len(1, ...content))))));
    const batch = take('metrics', points(len(8, int(2, 5))));
    expect(batch.items).toBe(3000);
    expectSame(batch.bytes, points(len(8, len(2, hex('05')))));
    expect(batch.bytes.length).toBeGreaterThan(points(len(8, int(2, 5))).length);
  });

  it('a merged submessage that outgrows its pieces', () => {
    const long = 'x'.repeat(100);
    const pieces = [len(1, len(1, long)), len(1, len(2, long))];
    expect(take('traces', len(1, len(2, ...pieces))).bytes).toEqual(len(1, len(2, len(1, len(1, long), len(2, long)))));
  });
});

describe('profiles', () => {
  it('are counted by their entries and checked at the top level only', () => {
    const body = Buffer.concat([len(1, hex('ff ff')), hex('92 00'), hex('00'), len(1), int(9, 4)]);
    expect(take('profiles', body)).toEqual({ message: {}, bytes: body, items: 2 });
    expect(refuse('profiles', hex('0a 05')).message).toBe('length beyond the end of the message at byte 1 in resource_profiles');
    expect(refuse('profiles', hex('08 05')).reason).toBe('wire type 0 is not the one of this field');
  });
});

describe('admit and its lease', () => {
  it.each(signals)('%s: a refused body leaves nothing in the ledger', (signal) => {
    const before = pool.ledger.accounted;
    refuse(signal, hex('0a 05'));
    expect(pool.ledger.accounted).toBe(before);
  });

  it('a rewritten body gives its first lease back', () => {
    const before = pool.ledger.accounted;
    const batch = admitBytes('traces', span(hex('30 82 00')), noClient, pool);
    expect(pool.ledger.accounted).toBe(before + 4096);
    batch.release();
    expect(pool.ledger.accounted).toBe(before);
  });
});
