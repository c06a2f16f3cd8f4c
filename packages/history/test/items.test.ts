import { afterAll, describe, expect, it } from '@jest/globals';
import { BufferPool, MemoryLedger, admitJson, noClient } from '@millrace/wire';
import type { HistoryStore, ItemSignal } from '../src/index.ts';
import { hourMs, newDirectory, open, removeDirectories, startMs, StillClock } from './rig.ts';

afterAll(removeDirectories);

const pool = new BufferPool(new MemoryLedger(Infinity));
const nanos = (timeMs: number): string => `${timeMs}000000`;
const attributes = (values: Record<string, string>): object[] =>
  Object.entries(values).map(([key, value]) => ({ key, value: { stringValue: value } }));

async function append(store: HistoryStore, signal: ItemSignal, request: object): Promise<void> {
  const text = Buffer.from(JSON.stringify(request));
  const lease = pool.lease(text.length);
  text.copy(lease.buffer);
  using batch = admitJson(signal, lease, 0, text.length, noClient);
  await store.append({ items: { signal, bytes: new Uint8Array(batch.bytes), count: batch.items } });
}

interface TestSpan {
  readonly trace: number;
  readonly service: string;
  readonly name?: string;
  readonly afterMs: number;
  readonly durationMs: number;
  readonly attributes?: Record<string, string>;
}

const traceId = (number: number): string => number.toString(16).padStart(32, 'a');

const appendSpan = (
  store: HistoryStore,
  { trace, service, name = 'op', afterMs, durationMs, attributes: values = {} }: TestSpan,
): Promise<void> =>
  append(store, 'traces', {
    resourceSpans: [
      {
        resource: { attributes: attributes({ 'service.name': service, zone: 'eu' }) },
        scopeSpans: [
          {
            spans: [
              {
                traceId: traceId(trace),
                spanId: afterMs.toString(16).padStart(16, 'b'),
                name,
                kind: 2,
                startTimeUnixNano: nanos(startMs + afterMs),
                endTimeUnixNano: nanos(startMs + afterMs + durationMs),
                attributes: attributes(values),
                status: { code: 2, message: 'oh' },
                events: [{ name: 'event', timeUnixNano: nanos(startMs + afterMs), attributes: attributes({ a: 'b' }) }],
              },
            ],
          },
        ],
      },
    ],
  });

const appendLog = (store: HistoryStore, trace: number, service: string, afterMs: number, body: string): Promise<void> =>
  append(store, 'logs', {
    resourceLogs: [
      {
        resource: { attributes: attributes({ 'service.name': service }) },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: nanos(startMs + afterMs),
                traceId: traceId(trace),
                spanId: 'c'.repeat(16),
                severityNumber: 9,
                severityText: 'INFO',
                eventName: 'told',
                body: { stringValue: body },
                attributes: attributes({ tenant: String(trace) }),
              },
            ],
          },
        ],
      },
    ],
  });

describe('Recent traces', () => {
  it('are found by id, service, name, attributes, duration and time, the newest first', async () => {
    const { store } = await open();
    await appendSpan(store, { trace: 1, service: 'web', afterMs: 0, durationMs: 100, attributes: { tenant: 'a' } });
    await appendSpan(store, { trace: 1, service: 'db', name: 'query', afterMs: 10, durationMs: 50 });
    await appendSpan(store, { trace: 2, service: 'web', afterMs: 5000, durationMs: 2000, attributes: { tenant: 'b', zone: 'us' } });
    const found = async (query: object): Promise<number[]> =>
      (await store.traces.search(query)).items.map((span) => span.startMs - startMs);
    expect(await found({})).toEqual([5000, 10, 0]);
    expect(await found({ traceId: traceId(1) })).toEqual([10, 0]);
    expect(await found({ service: 'web' })).toEqual([5000, 0]);
    expect(await found({ name: 'query' })).toEqual([10]);
    expect(await found({ attributes: { tenant: 'b' } })).toEqual([5000]);
    // The resource says so, unless the span says something else.
    expect(await found({ attributes: { zone: 'eu' } })).toEqual([10, 0]);
    expect(await found({ minDurationMs: 90 })).toEqual([5000, 0]);
    expect(await found({ maxDurationMs: 90 })).toEqual([10]);
    expect(await found({ startMs: startMs + 105 })).toEqual([5000]);
    expect(await found({ endMs: startMs + 9 })).toEqual([0]);
    expect(await store.traces.search({ limit: 2 })).toMatchObject({ items: [{ startMs: startMs + 5000 }, {}], complete: false });
    expect((await store.traces.search({ limit: 3 })).complete).toBe(true);
    const trace = await store.traces.byId(traceId(1));
    expect(trace.map(({ name }) => name)).toEqual(['op', 'query']);
    expect(trace[0]).toEqual({
      traceId: traceId(1),
      spanId: '0'.padStart(16, 'b'),
      parentSpanId: '',
      name: 'op',
      kind: 2,
      service: 'web',
      startMs,
      durationMs: 100,
      status: 2,
      statusMessage: 'oh',
      attributes: { tenant: 'a' },
      resource: { 'service.name': 'web', zone: 'eu' },
      events: [{ name: 'event', timeMs: startMs, attributes: { a: 'b' } }],
    });
    expect(await store.traces.byId('00')).toEqual([]);
    await store.close();
  });

  it('are kept as long, and as many, as they may be', async () => {
    const clock = new StillClock();
    const items = { traces: { retentionMs: hourMs, maxSizeBytes: 4000 }, logs: { retentionMs: hourMs, maxSizeBytes: 4000 } };
    const { store } = await open({ clock, items, directory: newDirectory() });
    for (let i = 0; i < 60; i++) await appendSpan(store, { trace: i, service: 'web', afterMs: i * 1000, durationMs: 1 });
    await store.maintain();
    const kept = (await store.info()).items[0]!;
    expect(kept.sizeBytes).toBeLessThanOrEqual(4000);
    expect(kept.items).toBeLessThan(60);
    expect((await store.traces.search({ limit: 1 })).items[0]!.startMs).toBe(startMs + 59_000);
    expect(await store.traces.byId(traceId(0))).toEqual([]);
    clock.nowMs += 2 * hourMs;
    await store.maintain();
    expect((await store.traces.search({})).items).toEqual([]);
    await store.close();
  });
});

describe('Recent logs', () => {
  it('are found like traces', async () => {
    const { store } = await open({ threads: true });
    await appendLog(store, 1, 'web', 0, 'one');
    await appendLog(store, 2, 'db', 1000, 'two');
    const found = async (query: object): Promise<unknown[]> => (await store.logs.search(query)).items.map(({ body }) => body);
    expect(await found({})).toEqual(['two', 'one']);
    expect(await found({ service: 'web' })).toEqual(['one']);
    expect(await found({ name: 'told', attributes: { tenant: '2' } })).toEqual(['two']);
    expect(await found({ name: 'other' })).toEqual([]);
    expect(await store.logs.byId(traceId(2))).toEqual([
      {
        timeMs: startMs + 1000,
        traceId: traceId(2),
        spanId: 'c'.repeat(16),
        service: 'db',
        severityNumber: 9,
        severityText: 'INFO',
        eventName: 'told',
        body: 'two',
        attributes: { tenant: '2' },
        resource: { 'service.name': 'db' },
      },
    ]);
    await store.close();
  });
});
