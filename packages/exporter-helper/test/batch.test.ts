import { type FakeClock, settle } from '@millrace/api/testing';
import type { BatchingConfig, ExporterSettings, QueueConfig } from '@millrace/exporter-helper';
import type { Client } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { permanent, queue, range, type Rig, rig } from './rig.ts';

const batching: BatchingConfig = { enabled: true, flush_timeout: '200ms', min_size: 20, max_size: 0, partition: { metadata_keys: [] } };
const withBatch = (batch: Partial<BatchingConfig> = {}, more: Partial<QueueConfig> = {}): ExporterSettings => ({
  sending_queue: { ...queue, ...more, batch: { ...batching, ...batch } },
});

const advance = ({ context }: Rig, ms: number): Promise<void> => (context.clock as FakeClock).advance(ms);

/** Shuts down and sees that every item and byte is accounted for. */
async function close(r: Rig, absorbed: number, dropped: Record<string, number> = {}): Promise<void> {
  const stopped = r.stage.shutdown!(new AbortController().signal) as Promise<void>;
  await settle();
  for (const attempt of r.attempts) attempt.answer();
  for (let i = 0; i < 5; i++) {
    await settle();
    for (const attempt of r.attempts) attempt.answer();
  }
  await stopped;
  expect(r.context.items).toMatchObject({ absorbed, dropped, held: 0 });
  expect(r.host.memory.accounted).toBe(0);
  expect((r.context.clock as FakeClock).pending).toBe(0);
}

describe('batch in the sending queue', () => {
  it('merges batches in order until they have min_size', async () => {
    const r = await rig(withBatch());
    expect(await r.offer(0)).toBe('taken at once');
    await settle();
    expect(r.sent()).toEqual([]);
    await r.offer(10, 15);
    await settle();
    expect(r.sent()).toEqual([range(0, 25)]);
    await close(r, 25);
  });

  it('sends what it has after flush_timeout', async () => {
    const r = await rig(withBatch());
    await r.offer(0, 3);
    await advance(r, 199);
    expect(r.sent()).toEqual([]);
    await advance(r, 1);
    expect(r.sent()).toEqual([range(0, 3)]);
    await r.offer(3, 4);
    await advance(r, 200);
    r.attempts[0]!.answer();
    await settle();
    expect(r.sent()).toEqual([range(0, 3), range(3, 4)]);
    await close(r, 7);
  });

  it('splits at max_size and keeps a small rest for the next batch', async () => {
    const r = await rig(withBatch({ max_size: 30 }, { num_consumers: 10 }));
    await r.offer(0, 75);
    await settle();
    expect(r.sent()).toEqual([range(0, 30), range(30, 30)]);
    await r.offer(75, 10);
    await settle();
    expect(r.sent()[2]).toEqual(range(60, 25));
    await close(r, 85);
  });

  it('counts bytes with sizer bytes, which the sizer of the queue sets, too', async () => {
    for (const settings of [
      withBatch({ sizer: 'bytes', min_size: 500, max_size: 700 }),
      withBatch({ min_size: 500, max_size: 700 }, { sizer: 'bytes', queue_size: 10_000 }),
    ]) {
      const r = await rig(settings);
      for (let i = 0; i < 12; i++) await r.offer(i * 5, 5);
      for (let done = 0; done < r.attempts.length; done++) {
        r.attempts[done]!.answer();
        await settle();
      }
      expect(r.sent().length).toBeGreaterThan(3);
      expect(r.sent().flat()).toEqual(range(0, r.sent().flat().length));
      await close(r, 60);
      expect(r.sent().flat()).toEqual(range(0, 60));
    }
  });

  it('keeps the data of different metadata_keys apart, and only these of the client', async () => {
    const client = (tenant: string | undefined, other: string): Client => ({
      metadata: new Map([...(tenant === undefined ? [] : [['x-tenant', [tenant]] as const]), ['other', [other]]]),
      address: '10.0.0.1',
    });
    const r = await rig(withBatch({ partition: { metadata_keys: ['X-Tenant'] } }, { num_consumers: 10 }));
    await r.offer(0, 10, client('a', '1'));
    await r.offer(10, 10, client('b', '1'));
    await r.offer(20, 10, client('a', '2'));
    await r.offer(30, 10, client(undefined, '2'));
    await r.offer(40, 10, client('', '2'));
    await settle();
    expect(r.sent()).toEqual([[...range(0, 10), ...range(20, 10)]]);
    await advance(r, 200);
    expect(r.sent().slice(1)).toEqual([range(10, 10), range(30, 10), range(40, 10)]);
    expect(r.attempts.map(({ client: sent }) => sent)).toEqual([
      { metadata: new Map([['x-tenant', ['a']]]) },
      { metadata: new Map([['x-tenant', ['b']]]) },
      { metadata: new Map() },
      { metadata: new Map([['x-tenant', ['']]]) },
    ]);
    await close(r, 50);
  });

  it('passes on without a copy what is large enough by itself', async () => {
    const r = await rig(withBatch());
    await r.offer(0, 20);
    await settle();
    const before = r.host.memory.accounted;
    expect(r.sent()).toEqual([range(0, 20)]);
    expect(before).toBe(4096);
    await close(r, 20);
  });

  it('frees the room of a batch when all of its parts are through', async () => {
    const r = await rig(withBatch({ min_size: 10, max_size: 10 }, { sizer: 'items', queue_size: 40, num_consumers: 10 }));
    await r.offer(0, 40);
    await settle();
    expect(r.sent()).toHaveLength(4);
    r.attempts[0]!.answer();
    await settle();
    expect(await r.offer(40, 1)).toBe('sending queue is full');
    for (const attempt of r.attempts) attempt.answer();
    await settle();
    expect(await r.offer(40, 1)).toBe('taken at once');
    await close(r, 41);
  });

  it('counts what fails for good once, and only that', async () => {
    const r = await rig(withBatch({ min_size: 10, max_size: 10 }, { num_consumers: 2 }));
    await r.offer(0, 20);
    await settle();
    r.attempts[0]!.fail(permanent());
    r.attempts[1]!.answer();
    await settle();
    await close(r, 10, { permanent: 10 });
  });

  it('sends what it has at once when the byte budget is spent', async () => {
    const r = await rig(withBatch({}, { num_consumers: 2 }), { budgetBytes: 8192 });
    const other = r.host.pool.lease(8192);
    await r.offer(0, 3);
    await settle();
    expect(r.sent()).toEqual([range(0, 3)]);
    other.release();
    await close(r, 3);
  });

  it('gives up what waits for company when the time for the shutdown is over', async () => {
    const r = await rig(withBatch());
    await r.offer(0, 20);
    await r.offer(20, 25);
    await r.offer(45, 5);
    await settle();
    await r.stage.shutdown!(AbortSignal.abort());
    expect(r.context.items).toMatchObject({ absorbed: 0, dropped: { shutdown: 50 }, held: 0 });
    expect(r.host.memory.accounted).toBe(0);
  });

  it('does nothing with enabled: false', async () => {
    const r = await rig(withBatch({ enabled: false }));
    await r.offer(0, 3);
    await settle();
    expect(r.sent()).toEqual([range(0, 3)]);
    await close(r, 3);
  });

  it('takes empty batches and passes profiles on as they are', async () => {
    const empty = await rig(withBatch());
    expect(await empty.offer(0, 0)).toBe('taken at once');
    await settle();
    expect(empty.sent()).toEqual([]);
    await close(empty, 0);
    const profiles = await rig(withBatch({}, { num_consumers: 2 }), { signal: 'profiles' });
    await profiles.offer(0, 1);
    await profiles.offer(1, 1);
    await settle();
    expect(profiles.sent()).toEqual([[0], [1]]);
    await close(profiles, 2);
  });
});

describe('wait_for_result', () => {
  const waiting: ExporterSettings = { sending_queue: { ...queue, wait_for_result: true } };

  it('lets the sender wait until its batch is delivered', async () => {
    const r = await rig(waiting);
    const outcome = r.offer(0);
    const state = { settled: false };
    void outcome.then(() => (state.settled = true));
    await settle();
    expect(state.settled).toBe(false);
    r.attempts[0]!.answer();
    expect(await outcome).toBe('taken');
    await close(r, 10);
  });

  it('gives the batch back when it fails, and drops nothing', async () => {
    const r = await rig(waiting);
    const outcome = r.offer(0);
    await settle();
    r.attempts[0]!.fail(permanent('no such tenant'));
    expect(await outcome).toBe('no such tenant');
    expect(r.context.lines.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining('Rejecting data.') });
    await close(r, 0);
  });

  it('fails everybody whose items were in a merged batch, and balances what was delivered', async () => {
    const r = await rig({
      sending_queue: { ...queue, num_consumers: 4, wait_for_result: true, batch: { ...batching, min_size: 15, max_size: 15 } },
    });
    const outcomes = [r.offer(0, 10), r.offer(10, 10), r.offer(20, 10)];
    await settle();
    expect(r.sent()).toEqual([range(0, 15), range(15, 15)]);
    r.attempts[0]!.answer();
    r.attempts[1]!.fail(new Error('connection refused'));
    expect(await Promise.all(outcomes)).toEqual(['taken', 'connection refused', 'connection refused']);
    // Five of the second batch came in addition: its sender offers all ten again.
    expect(r.context.items.created).toBe(5);
    await close(r, 15);
  });

  it('refuses at the end of the shutdown', async () => {
    const r = await rig(waiting);
    const outcomes = [r.offer(0), r.offer(10)];
    await settle();
    await r.stage.shutdown!(AbortSignal.abort());
    expect(await Promise.all(outcomes)).toEqual(['interrupted due to shutdown: shutdown deadline exceeded', 'sending queue is stopped']);
    expect(r.context.items).toMatchObject({ absorbed: 0, dropped: {}, held: 0 });
  });
});
