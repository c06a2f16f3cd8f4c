import { BufferPool, ByteWriter, MemoryLedger } from '@millrace/wire';
import { fromPlain, toPlain } from '@millrace/wire/plain';
import type { PlainMessage } from '@millrace/wire/plain';
import { describe, expect, it } from '@jest/globals';
import { SpanCursor, SpanStore, TraceTable } from '../src/index.ts';

const ledger = new MemoryLedger(2 ** 30);
const pool = new BufferPool(ledger, { poison: true, retainBytes: 0 });

const traceIdOf = (trace: number): string => trace.toString(16).padStart(32, '0');
const span = (trace: number, name: string, more: object = {}): object => ({ traceId: traceIdOf(trace), name, ...more });
const group = (service: string, scope: string, ...spans: object[]): object => ({
  resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
  scopeSpans: [{ scope: { name: scope }, spans }],
  schemaUrl: `https://${service}`,
});

interface Held {
  readonly store: SpanStore;
  readonly slots: Map<string, number>;
  add(...resourceSpans: object[]): void;
  text(trace: number): unknown;
}

function held(): Held {
  const store = new SpanStore(pool);
  const table = new TraceTable();
  const cursor = new SpanCursor();
  const slots = new Map<string, number>();
  return {
    store,
    slots,
    add: (...resourceSpans) => {
      using batch = fromPlain('traces', { resourceSpans } as unknown as PlainMessage, pool);
      cursor.open(batch);
      while (cursor.next()) {
        let slot = table.find(cursor.traceId);
        if (slot < 0) slot = table.add(cursor.traceId);
        slots.set(Buffer.from(cursor.traceId.buffer).toString('hex'), slot);
        store.append(slot, cursor);
      }
    },
    text: (trace) => {
      const out = new ByteWriter(pool.lease(16));
      const groups = store.assemble(slots.get(traceIdOf(trace))!, out);
      const plain = toPlain('traces', out.buffer.subarray(0, out.position)) as { resourceSpans: unknown[] };
      out.lease!.release();
      expect(groups).toBe(plain.resourceSpans.length);
      return JSON.parse(JSON.stringify(plain, (_, value: unknown) => (Array.isArray(value) && value.length === 0 ? undefined : value)));
    },
  };
}

describe('A SpanStore', () => {
  it('gives back the spans of a trace in their order, under the resources and scopes that they came with', () => {
    const { add, text, store, slots } = held();
    add(group('a', 's', span(1, 'one'), span(2, 'x'), span(1, 'two')), group('b', 's', span(1, 'three')));
    add(group('b', 's', span(1, 'four')), group('b', 't', span(1, 'five'), span(2, 'y')));
    expect(text(1)).toEqual({
      resourceSpans: [
        group('a', 's', span(1, 'one'), span(1, 'two')),
        {
          ...group('b', 's'),
          scopeSpans: [
            { scope: { name: 's' }, spans: [span(1, 'three'), span(1, 'four')] },
            { scope: { name: 't' }, spans: [span(1, 'five')] },
          ],
        },
      ],
    });
    expect(text(2)).toEqual({ resourceSpans: [group('a', 's', span(2, 'x')), group('b', 't', span(2, 'y'))] });
    expect(store.spans(slots.get(traceIdOf(1))!)).toBe(5);
    for (const slot of slots.values()) store.clear(slot);
    expect(ledger.accounted).toBe(0);
  });

  it('counts the bytes of a trace as a request, give or take a few', () => {
    const { add, store, slots } = held();
    for (let i = 0; i < 10; i++) add(group(`service-${i % 2}`, 's', span(1, 'x'.repeat(300 * i))));
    const slot = slots.get(traceIdOf(1))!;
    const out = new ByteWriter(pool.lease(16));
    store.assemble(slot, out);
    expect(Math.abs(store.sizeBytes(slot) - out.position)).toBeLessThan(100);
    out.lease!.release();
    store.clear(slot);
    expect([store.spans(slot), store.sizeBytes(slot)]).toEqual([0, 0]);
  });

  it('gives memory back with the last trace in it, and holds spans of any size', () => {
    const { add, text, store, slots } = held();
    const traces = 300;
    for (let round = 0; round < 5; round++)
      for (let trace = 0; trace < traces; trace++) add(group('a', 's', span(trace, `${round} ${'x'.repeat(trace)}`)));
    add(group('a', 's', span(7, 'y'.repeat(600_000))));
    // What comes behind a span that is larger than a chunk.
    for (const trace of [8, 9, 8]) add(group('a', 's', span(trace, 'z')));
    expect(ledger.accounted).toBeGreaterThan(traces * 5 * 150);
    for (let trace = 0; trace < traces; trace++) {
      const { resourceSpans } = text(trace) as { resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[] };
      const names = resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans.map(({ name }) => name)));
      const expected = Array.from({ length: 5 }, (_, round) => `${round} ${'x'.repeat(trace)}`);
      const added: Record<number, string[]> = { 7: ['y'.repeat(600_000)], 8: ['z', 'z'], 9: ['z'] };
      expect(names).toEqual([...expected, ...(added[trace] ?? [])]);
      store.clear(slots.get(traceIdOf(trace))!);
    }
    expect(ledger.accounted).toBe(0);
    add(group('a', 's', span(1, 'again')));
    expect(text(1)).toEqual({ resourceSpans: [group('a', 's', span(1, 'again'))] });
    store.clear(slots.get(traceIdOf(1))!);
    expect(ledger.accounted).toBe(0);
  });

  it('holds what a map of lists would, whatever comes and goes in whatever sizes', () => {
    const { add, text, store, slots } = held();
    const expected = new Map<number, string[]>();
    let state = 7;
    const next = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const sizes = [1, 50, 300, 2_000, 90_000, 262_000, 262_144, 400_000];
    for (let step = 0; step < 1_500; step++) {
      const trace = next(12);
      if (next(4) > 0) {
        const name = String(step).padEnd(sizes[Math.min(next(8), next(8), next(8))]!, '.');
        add(group(`service-${next(3)}`, `scope-${next(2)}`, span(trace, name)));
        expected.set(trace, [...(expected.get(trace) ?? []), name]);
      } else if (expected.has(trace)) {
        const { resourceSpans } = text(trace) as { resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[] };
        expect(resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans.map(({ name }) => name)))).toEqual(expected.get(trace));
        store.clear(slots.get(traceIdOf(trace))!);
        expected.delete(trace);
      }
    }
    for (const trace of expected.keys()) store.clear(slots.get(traceIdOf(trace))!);
    expect(ledger.accounted).toBe(0);
  });

  it('keeps fields that it does not know, and spans without an id together', () => {
    const { add, text, store, slots } = held();
    add({ scopeSpans: [{ spans: [{ name: 'no id' }, { name: 'nor this' }] }] });
    add({
      resource: {},
      scopeSpans: [{ scope: {}, spans: [{ name: 'empty', links: [{ traceState: 'x' }] }] }, { scope: { name: 'none' } }],
    });
    expect(text(0)).toEqual({
      resourceSpans: [
        { scopeSpans: [{ spans: [{ name: 'no id' }, { name: 'nor this' }] }] },
        { resource: {}, scopeSpans: [{ scope: {}, spans: [{ name: 'empty', links: [{ traceState: 'x' }] }] }] },
      ],
    });
    store.clear(slots.get(traceIdOf(0))!);
    expect(store.assemble(slots.get(traceIdOf(0))!, new ByteWriter())).toBe(0);
    expect(store.spans(12_345)).toBe(0);
    expect(store.sizeBytes(12_345)).toBe(0);
  });

  it('knows headers once, however often they come', () => {
    const { add, store, slots } = held();
    add(group('a', 's', span(1, 'x')));
    const { stateBytes } = store;
    for (let i = 0; i < 100; i++) add(group('a', 's', span(1, 'x')));
    expect(store.stateBytes).toBe(stateBytes);
    store.clear(slots.get(traceIdOf(1))!);
    expect(store.stateBytes).toBeLessThan(stateBytes);
  });
});

describe('A SpanCursor', () => {
  it('tells spans without a parent', () => {
    const cursor = new SpanCursor();
    const spans = [{}, { parentSpanId: '0000000000000001' }, { parentSpanId: '0000000000000000' }, { name: 'x', parentSpanId: '' }];
    using batch = fromPlain('traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] } as unknown as PlainMessage, pool);
    cursor.open(batch);
    const roots: boolean[] = [];
    while (cursor.next()) roots.push(cursor.isRoot);
    expect(roots).toEqual([true, false, true, true]);
  });
});
