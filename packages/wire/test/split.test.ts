import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Accumulator, admitBytes, type Batch, itemMessages, merge, noClient, split } from '@millrace/wire';
import { logs, metrics, traces } from '../../../test/payloads.ts';
import { message } from './arbitrary.ts';
import { check } from './check.ts';
import { countItems, expectSame, meaning, request, signals, testPool, type TestSignal } from './meaning.ts';
import { encode, type PlainMessage, type ReferenceField, type } from './reference.ts';

const pool = testPool();
const admitted = (signal: TestSignal, bytes: Uint8Array): Batch => admitBytes(signal, bytes, noClient, pool);
const payloads = { traces, metrics, logs };

/** The fields of a message that are items or hold items further down. */
function childrenOf(name: string): readonly ReferenceField[] {
  const values = ['KeyValue', 'AnyValue'];
  return type(name)!.filter(
    ({ message: inner }) => inner !== undefined && (itemMessages.has(inner) || (!values.includes(inner) && childrenOf(inner).length > 0)),
  );
}

interface Unit {
  readonly isItem: boolean;
  readonly path: readonly PlainMessage[];
}

/** Every item with all that describes it, from the request down, and every message that could hold items and has none. */
function flatten(name: string, plain: PlainMessage, above: readonly PlainMessage[] = []): Unit[] {
  const children = childrenOf(name);
  const header = Object.fromEntries(Object.entries(plain).filter(([field]) => !children.some((child) => child.name === field)));
  const below = children.flatMap((child) => {
    const found = plain[child.name];
    const all = (found === undefined ? [] : child.repeated ? found : [found]) as PlainMessage[];
    const path = [...above, { ...header, child: child.name }];
    return all.flatMap((each): Unit[] =>
      itemMessages.has(child.message!) ? [{ isItem: true, path: [...path, each] }] : flatten(child.message!, each, path),
    );
  });
  return above.length === 0 || below.length > 0 ? below : [{ isItem: false, path: [...above, plain] }];
}

const flat = (signal: TestSignal, batch: Batch): Unit[] => flatten(request(signal), meaning(signal, batch.bytes));

describe.each(signals)('split %s', (signal) => {
  it('keeps every item with all that describes it, in order, within the limits', () => {
    let parted = 0;
    check(
      120,
      fc.property(
        message(request(signal)),
        fc.option(fc.integer({ min: 1, max: 4 })),
        fc.option(fc.integer({ min: 1, max: 1500 })),
        (plain, items, bytes) => {
          const limit = { ...(items !== null && { items }), ...(bytes !== null && { bytes }) };
          using batch = admitted(signal, encode(signal, plain));
          const parts = split(batch, limit);
          if (parts.length > 1) parted++;
          expectSame(
            parts.flatMap((part) => flat(signal, part)),
            flat(signal, batch),
          );
          expect(parts.reduce((sum, part) => sum + part.items, 0)).toBe(batch.items);
          for (const part of parts) {
            expect(part.items).toBe(countItems(signal, part.bytes));
            if (items !== null) expect(part.items).toBeLessThanOrEqual(items);
            // What is too large is one item, or one message without items.
            if (bytes !== null && part.sizeBytes > bytes) expect(part.items === 0 ? 1 : flat(signal, part).length).toBe(1);
            using again = admitted(signal, part.bytes);
            expectSame(Buffer.from(again.bytes), Buffer.from(part.bytes));
            part.release();
          }
        },
      ),
    );
    expect(parted).toBeGreaterThan(20);
  });

  it('fills the parts', () => {
    using batch = admitted(signal, payloads[signal](1000));
    const byItems = split(batch, { items: 300 });
    expect(byItems.map((part) => part.items)).toEqual([300, 300, 300, 100]);
    const byBytes = split(batch, { bytes: 20_000 });
    for (const part of byBytes.slice(0, -1)) expect(part.sizeBytes).toBeGreaterThan(20_000 - 1500);
    for (const part of [...byItems, ...byBytes]) part.release();
  });

  it('holds a batch that is within the limits', () => {
    const before = pool.ledger.accounted;
    const batch = admitted(signal, payloads[signal](10));
    const [only, ...others] = split(batch, { items: 10, bytes: batch.sizeBytes });
    expect(others).toEqual([]);
    batch.release();
    expect(only!.items).toBe(10);
    only!.release();
    expect(pool.ledger.accounted).toBe(before);
  });

  it('is undone by merge, item by item', () => {
    using batch = admitted(signal, payloads[signal](100));
    const parts = split(batch, { items: 7 });
    using whole = merge(parts, noClient);
    expect(whole.items).toBe(100);
    expectSame(flat(signal, whole), flat(signal, batch));
    for (const part of parts) part.release();
  });
});

describe('split', () => {
  it('refuses limits below 1', () => {
    using batch = admitted('logs', logs(2));
    expect(() => split(batch, { items: 0 })).toThrow('split limits must be at least 1');
    expect(() => split(batch, { bytes: Number.NaN })).toThrow(RangeError);
  });

  it('never cuts profiles', () => {
    using batch = admitBytes('profiles', Buffer.from([10, 0, 10, 0]), noClient, pool);
    const parts = split(batch, { items: 1, bytes: 1 });
    expect(parts.map((part) => part.items)).toEqual([2]);
    parts[0]!.release();
  });

  it('stops where repeated headers would fill the memory', () => {
    const attributes = [{ key: 'k', value: { stringValue: 'x'.repeat(2 * 2 ** 20) } }];
    const spans = Array.from({ length: 200 }, () => ({ name: 'n' }));
    using batch = admitted('traces', encode('traces', { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] }));
    for (const limit of [{ items: 1 }, { bytes: 1000 }]) {
      const parts = split(batch, limit);
      expect(parts.reduce((sum, part) => sum + part.items, 0)).toBe(200);
      expect(parts.reduce((sum, part) => sum + part.sizeBytes, 0)).toBeLessThan(40 * 2 ** 20);
      expect(parts.slice(0, -1).every((part) => part.items === 1)).toBe(true);
      expect(parts.length).toBeGreaterThan(10);
      for (const part of parts) part.release();
    }
  });

  it('keeps the client', () => {
    const client = { metadata: new Map([['tenant', ['a']]]), address: '10.0.0.1' };
    using batch = admitBytes('logs', logs(4), client, pool);
    const parts = split(batch, { items: 2 });
    for (const part of parts) {
      expect(part.client).toBe(client);
      part.release();
    }
  });
});

describe('merge', () => {
  it.each(signals)('puts the %s of all batches into one, in order', (signal) => {
    check(
      40,
      fc.property(fc.array(message(request(signal)), { minLength: 1, maxLength: 4 }), (plains) => {
        const batches = plains.map((plain) => admitted(signal, encode(signal, plain)));
        using merged = merge(batches, noClient);
        expectSame(Buffer.from(merged.bytes), Buffer.concat(batches.map((batch) => batch.bytes)));
        expect(merged.items).toBe(countItems(signal, merged.bytes));
        using again = admitted(signal, merged.bytes);
        expectSame(Buffer.from(again.bytes), Buffer.from(merged.bytes));
        for (const batch of batches) batch.release();
      }),
    );
  });

  it('holds a single batch and gives it the new client', () => {
    const batch = admitBytes('logs', logs(1), noClient, pool);
    const client = { metadata: new Map<string, string[]>() };
    using merged = merge([batch], client);
    batch.release();
    expect(merged.client).toBe(client);
    expect(merged.bytes).toEqual(logs(1));
  });

  it('refuses what cannot be merged', () => {
    using log = admitted('logs', logs(1));
    using span = admitted('traces', traces(1));
    using profile = admitBytes('profiles', Buffer.from([10, 0]), noClient, pool);
    using released = admitted('logs', logs(1));
    released.release();
    const before = pool.ledger.accounted;
    expect(() => merge([], noClient)).toThrow('merging no batches');
    expect(() => merge([log, span], noClient)).toThrow('merging logs with traces');
    expect(() => merge([profile, profile], noClient)).toThrow('profiles cannot be merged');
    expect(() => merge([log, released], noClient)).toThrow('after its release');
    expect(pool.ledger.accounted).toBe(before);
  });
});

describe('an accumulator', () => {
  it.each(signals)('gives back the %s it was given, as one batch', (signal) => {
    check(
      30,
      fc.property(fc.array(message(request(signal)), { maxLength: 6 }), (plains) => {
        const accumulator = new Accumulator(signal, pool);
        for (const round of [1, 2]) {
          const expected: Buffer[] = [];
          for (const plain of plains) {
            using batch = admitted(signal, encode(signal, plain));
            accumulator.append(batch);
            expected.push(Buffer.from(batch.bytes));
          }
          const bytes = Buffer.concat(expected);
          expect({ round, size: accumulator.sizeBytes, items: accumulator.items }).toEqual({
            round,
            size: bytes.length,
            items: countItems(signal, bytes),
          });
          using taken = accumulator.take(noClient);
          expectSame(taken === undefined ? Buffer.alloc(0) : Buffer.from(taken.bytes), bytes);
          expect({ size: accumulator.sizeBytes, items: accumulator.items }).toEqual({ size: 0, items: 0 });
        }
      }),
    );
  });

  it('leases at once what it needed before', () => {
    const own = testPool();
    const accumulator = new Accumulator('logs', own);
    using batch = admitBytes('logs', logs(100), noClient, own);
    const fill = (): number[] => {
      const sizes: number[] = [];
      for (let n = 0; n < 8; n++) {
        accumulator.append(batch);
        sizes.push(own.ledger.accounted);
      }
      accumulator.take(noClient)!.release();
      return sizes;
    };
    expect(new Set(fill()).size).toBeGreaterThan(2);
    expect(new Set(fill()).size).toBe(1);
  });

  it('forgets and releases on discard', () => {
    const own = testPool();
    const accumulator = new Accumulator('logs', own);
    {
      using batch = admitBytes('logs', logs(3), noClient, own);
      accumulator.append(batch);
    }
    accumulator.discard();
    expect({ items: accumulator.items, taken: accumulator.take(noClient), accounted: own.ledger.accounted }).toEqual({
      items: 0,
      taken: undefined,
      accounted: 0,
    });
    accumulator.discard();
  });

  it('refuses another signal and profiles', () => {
    using batch = admitted('traces', traces(1));
    expect(() => new Accumulator('logs', pool).append(batch)).toThrow('appending traces to logs');
    expect(() => new Accumulator('profiles', pool)).toThrow('profiles cannot be merged');
  });
});
