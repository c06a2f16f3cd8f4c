import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import { BufferPool, MemoryLedger, requestMessage } from '@millrace/wire';
import { varint } from './arbitrary.ts';
import { decode, type PlainMessage } from './reference.ts';

/** The signals whose bytes are interpreted. */
export const signals = ['traces', 'metrics', 'logs'] as const;
/** One of `signals`. */
export type TestSignal = (typeof signals)[number];

/** The short name of a signal's request. */
export const request = (signal: TestSignal): string => requestMessage[signal];

/** A pool whose released buffers are overwritten. */
export function testPool(): BufferPool {
  return new BufferPool(new MemoryLedger(2 ** 30), { poison: true });
}

/** Strict equality of large values; the slow comparison that shows the difference is made only when there is one. */
export function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toStrictEqual(expected);
}

interface Unknown {
  no: number;
  wireType: number;
  data: Uint8Array;
}

/** Without superfluous varint bytes, which are no part of the meaning. */
function canonical({ no, wireType, data }: Unknown): Unknown {
  if (wireType !== 0 && wireType !== 2) return { no, wireType, data };
  let value = 0;
  let end = 0;
  for (let scale = 1; ; scale *= 128) {
    value += (data[end]! & 127) * scale;
    if (data[end++]! < 128) break;
  }
  return { no, wireType, data: Buffer.concat([varint(value), data.subarray(end)]) };
}

function clean(value: unknown, unknowns: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => clean(each, unknowns));
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]): [string, unknown][] => {
      if (name !== '$unknown') return [[name, clean(field, unknowns)]];
      return unknowns
        ? [[name, (field as Unknown[]).map(canonical).map((each) => ({ ...each, data: Buffer.from(each.data).toString('hex') }))]]
        : [];
    }),
  );
}

/** What the bytes mean according to the reference, in a form to compare: byte strings in hex; unknown fields left out on request. */
export function meaning(signal: TestSignal, bytes: Uint8Array, unknowns = true): PlainMessage {
  return clean(decode(signal, bytes), unknowns) as PlainMessage;
}

/** Items of a request according to the reference. */
export function countItems(signal: TestSignal, bytes: Uint8Array): number {
  const lists = (value: unknown, ...names: string[]): unknown[] => {
    const [name, ...rest] = names;
    if (name === undefined) return [value];
    const found = (value as PlainMessage)[name];
    return (Array.isArray(found) ? found : found === undefined ? [] : [found]).flatMap((each) => lists(each, ...rest));
  };
  const message = decode(signal, bytes);
  if (signal === 'traces') return lists(message, 'resourceSpans', 'scopeSpans', 'spans').length;
  if (signal === 'logs') return lists(message, 'resourceLogs', 'scopeLogs', 'logRecords').length;
  return ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'].flatMap((data) =>
    lists(message, 'resourceMetrics', 'scopeMetrics', 'metrics', data, 'dataPoints'),
  ).length;
}
