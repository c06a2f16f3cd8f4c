import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BufferPool, MemoryLedger, WireError, admitJson, encodeJson, noClient } from '@millrace/wire';
import type { Batch, Encoded, Lease } from '@millrace/wire';

import { check } from './check.ts';
import { jsonText, picks } from './json-text.ts';
import { knownMessage } from './known-message.ts';
import { decode, encode } from './reference.ts';
import type { PlainMessage } from './reference.ts';

const requests = [
  ['traces', 'ExportTraceServiceRequest'],
  ['metrics', 'ExportMetricsServiceRequest'],
  ['logs', 'ExportLogsServiceRequest'],
] as const;

const pool = new BufferPool(new MemoryLedger(1 << 30), { poison: true });

/** A lease with the text at a place that is not its start, and other bytes behind it. */
function leased(json: string): [Lease, number, number] {
  const lease = pool.lease(Buffer.byteLength(json) + 64);
  lease.buffer.fill(0x5d);
  return [lease, 7, 7 + lease.buffer.write(json, 7)];
}

function textOf({ lease, length }: Encoded): string {
  using text = lease;
  return text.buffer.toString('utf8', 0, length);
}

function itemsOf(plain: PlainMessage): number {
  const children = [
    'resourceSpans',
    'scopeSpans',
    'spans',
    'resourceMetrics',
    'scopeMetrics',
    'metrics',
    'dataPoints',
    'resourceLogs',
    'scopeLogs',
    'logRecords',
  ];
  const data = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
  let items = 0;
  for (const [name, value] of Object.entries(plain)) {
    if (['spans', 'dataPoints', 'logRecords'].includes(name)) items += (value as unknown[]).length;
    else if (children.includes(name)) for (const each of value as PlainMessage[]) items += itemsOf(each);
    else if (data.includes(name)) items += itemsOf(value as PlainMessage);
  }
  return items;
}

describe('a batch of OTLP/JSON', () => {
  it.each(requests)('holds what the text says, counted, and gives every buffer back: %s', (signal, message) => {
    check(
      80,
      fc.property(knownMessage(message), fc.integer(), (plain, seed) => {
        const settled = decode(signal, encode(signal, plain));
        {
          using batch: Batch = admitJson(signal, ...leased(jsonText(message, plain, picks(seed))), noClient);
          expect(decode(signal, batch.bytes)).toEqual(settled);
          expect(batch.items).toBe(itemsOf(settled));
          expect(JSON.parse(textOf(encodeJson(batch)))).toEqual(JSON.parse(jsonText(message, settled)));
        }
        expect(pool.ledger.accounted).toBe(0);
      }),
    );
  });

  it('is well formed even where the text repeats members and puts children first', () => {
    const json = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","name":"b","status":{"message":"m"},"status":{"code":2}}],"scope":{"name":"s"}}],
      "resource":{"attributes":[{"value":{"stringValue":"x","intValue":1},"key":"k"}]},"resource":{"droppedAttributesCount":1}}]}`;
    using batch = admitJson('traces', ...leased(json), noClient);
    const attributes = [{ key: 'k', value: { intValue: 1n } }];
    const scopeSpans = [{ scope: { name: 's' }, spans: [{ name: 'b', status: { message: 'm', code: 2 } }] }];
    expect(Buffer.from(batch.bytes)).toEqual(
      encode('traces', { resourceSpans: [{ resource: { attributes, droppedAttributesCount: 1 }, scopeSpans }] }),
    );
    expect(batch.items).toBe(1);
  });

  it('is refused with the offset in the text, which is given back', () => {
    let error: unknown;
    try {
      admitJson('logs', ...leased('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"spanId":"0"}]}]}]}'), noClient);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(WireError);
    expect((error as WireError).message).toBe('expected 16 hexadecimal digits at byte 56 in resourceLogs.scopeLogs.logRecords.spanId');
    expect(pool.ledger.accounted).toBe(0);
  });

  it('is refused for profiles, which have no JSON form', () => {
    expect(() => admitJson('profiles', ...leased('{}'), noClient)).toThrow(WireError);
    expect(pool.ledger.accounted).toBe(0);
  });
});
