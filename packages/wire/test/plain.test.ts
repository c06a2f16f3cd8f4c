import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BufferPool, MemoryLedger } from '@millrace/wire';
import { fromPlain, toPlain } from '@millrace/wire/plain';
import type { PlainMessage } from '@millrace/wire/plain';

import { check } from './check.ts';
import { knownMessage } from './known-message.ts';
import { decode, encode, type } from './reference.ts';

const signals = [
  ['traces', 'ExportTraceServiceRequest'],
  ['metrics', 'ExportMetricsServiceRequest'],
  ['logs', 'ExportLogsServiceRequest'],
] as const;

const pool = new BufferPool(new MemoryLedger(1 << 30), { poison: true });

/** The reference's object in our form: ids in hex, lists always there. */
function expected(message: string, plain: Record<string, unknown>): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const field of type(message)!) {
    const value = plain[field.name];
    const one = (each: unknown): unknown => {
      if (field.message !== undefined) return expected(field.message, each as Record<string, unknown>);
      return /(?:^t|T)raceId$|(?:^s|S)panId$/.test(field.name) ? Buffer.from(each as Uint8Array).toString('hex') : each;
    };
    if (field.repeated) object[field.name] = ((value as unknown[] | undefined) ?? []).map(one);
    else if (value !== undefined) object[field.name] = one(value);
  }
  return object;
}

const group = [0xfb, 0x01, 0x08, 1, 0xfb, 0x01, 0xfc, 0x01, 0xfc, 0x01];
const unknown = Buffer.from([
  0xf8,
  0x01,
  0x80,
  1,
  0xf9,
  0x01,
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  0xfa,
  0x01,
  2,
  9,
  9,
  ...group,
  0xfd,
  0x01,
  1,
  2,
  3,
  4,
]);

describe('the object form', () => {
  it.each(signals)('is what the reference decodes, and makes the same batch again: %s', (signal, message) => {
    check(
      80,
      fc.property(knownMessage(message), (plain) => {
        const bytes = encode(signal, plain);
        const object = toPlain(signal, bytes);
        expect(object).toEqual(expected(message, decode(signal, bytes)));
        {
          using batch = fromPlain(signal, object, pool);
          expect(Buffer.from(batch.bytes).equals(bytes)).toBe(true);
          expect(toPlain(signal, batch)).toEqual(object);
        }
        expect(pool.ledger.accounted).toBe(0);
      }),
    );
  });

  it('leaves unknown fields out', () => {
    expect(toPlain('logs', Buffer.concat([unknown, encode('logs', {}), unknown]))).toEqual({ resourceLogs: [] });
  });

  it('takes whole numbers for 64-bit integers and counts items', () => {
    using batch = fromPlain('traces', { resourceSpans: [{ scopeSpans: [{ spans: [{ startTimeUnixNano: 5, name: undefined }] }] }] }, pool);
    expect(batch.items).toBe(1);
    expect(decode('traces', batch.bytes)).toEqual({ resourceSpans: [{ scopeSpans: [{ spans: [{ startTimeUnixNano: 5n }] }] }] });
  });

  it('grows with what is written', () => {
    const spans = Array.from({ length: 3000 }, (_, i) => ({ name: `span ${i}`.repeat(10) }));
    using batch = fromPlain('traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] }, pool);
    expect(decode('traces', batch.bytes)).toEqual({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  });

  it.each<[PlainMessage, string]>([
    [{ nam: '' }, 'unknown field resourceSpans.scopeSpans.spans.nam'],
    [{ name: 5 }, 'name must be a string'],
    [{ name: ['a'] }, 'name must not be a list'],
    [{ events: {} }, 'events must be a list'],
    [{ status: 'ok' }, 'status must be an object'],
    [{ traceId: 'xyz' }, 'traceId must be hexadecimal'],
    [{ kind: 1.5 }, 'kind must be an integer'],
    [{ kind: 2 ** 31 }, 'kind is out of range of enum'],
    [{ startTimeUnixNano: -1n }, 'startTimeUnixNano is out of range of fixed64'],
    [{ attributes: [{ value: { doubleValue: 1n } }] }, 'doubleValue must be a number'],
    [{ attributes: [{ value: { boolValue: 1 } }] }, 'boolValue must be a boolean'],
    [{ attributes: [{ value: { bytesValue: 'AA==' } }] }, 'bytesValue must be bytes'],
    [{ traceId: '00' }, 'id of 1 bytes instead of 16'],
  ])('refuses %j: %s', (span, message) => {
    expect(() => fromPlain('traces', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }, pool)).toThrow(message);
    expect(pool.ledger.accounted).toBe(0);
  });
});
