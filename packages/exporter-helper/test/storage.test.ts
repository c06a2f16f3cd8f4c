import { type FakeClock, settle } from '@millrace/api/testing';
import { exporterScope, type ExporterSettings, type QueueConfig } from '@millrace/exporter-helper';
import { PipelineError } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import { FakeStorage, permanent, queue, range, retry, type Rig, rig, temporary } from './rig.ts';

const stored = (more: Partial<QueueConfig> = {}): ExporterSettings => ({
  retry_on_failure: retry,
  sending_queue: { ...queue, storage: 'disk', ...more },
});
const open = (storage: FakeStorage, more: Partial<QueueConfig> = {}, budgetBytes?: number): Promise<Rig> =>
  rig(stored(more), { storage, ...(budgetBytes !== undefined && { budgetBytes }) });

/** Answers everything until nothing more is asked. */
async function deliver(r: Rig): Promise<void> {
  await settle();
  for (let done = 0; done < r.attempts.length; done++) {
    r.attempts[done]!.answer();
    await settle();
  }
}

const stop = (r: Rig): Promise<void> => Promise.resolve(r.stage.shutdown!(new AbortController().signal));

describe('a queue with storage', () => {
  it('takes a batch when the storage has it, and forgets it there when it is delivered', async () => {
    const storage = new FakeStorage();
    const gate = Promise.withResolvers<void>();
    storage.gate = gate.promise;
    const r = await open(storage);
    const state = { taken: false };
    const offered = r.offer(0).then((outcome) => {
      state.taken = true;
      return outcome;
    });
    await settle();
    expect([state.taken, r.attempts.length]).toEqual([false, 0]);
    gate.resolve();
    expect(await offered).toBe('taken');
    await settle();
    expect([r.sent(), storage.itemsOf('traces')]).toEqual([[range(0, 10)], 10]);
    await deliver(r);
    expect(storage.itemsOf('traces')).toBe(0);
    await stop(r);
    expect(storage.closed).toBe(1);
    expect(storage.owners).toMatchObject([{ kind: 'exporter', id: 'test', name: 'traces', signal: 'traces' }]);
    expect(r.context.items).toMatchObject({ absorbed: 10, dropped: {}, held: 0 });
    expect(r.host.memory.accounted).toBe(0);
  });

  it('sends what an earlier run left first, in order', async () => {
    const storage = new FakeStorage();
    const first = await open(storage, { queue_size: 100 });
    for (let i = 0; i < 40; i++) expect(await first.offer(i * 10)).toBe('taken');
    await settle();
    first.attempts[0]!.answer();
    await settle();
    // One more is being sent: it is interrupted, and the shutdown does not try the others.
    const stopped = stop(first);
    first.attempts[1]!.fail(temporary());
    await stopped;
    expect(first.attempts).toHaveLength(2);
    expect(first.context.items).toMatchObject({ absorbed: 10, dropped: {}, held: 390 });
    expect(first.host.memory.accounted).toBe(0);

    const second = await open(storage, { queue_size: 100 });
    expect(second.context.lines).toContainEqual({
      level: 'info',
      message: 'Queued what an earlier run left in the storage.',
      attributes: { batches: 39 },
    });
    await second.offer(1000);
    await deliver(second);
    expect(second.sent()).toEqual([...Array.from({ length: 39 }, (_, i) => range(10 + i * 10, 10)), range(1000, 10)]);
    await stop(second);
    expect(second.context.items).toMatchObject({ created: 390, absorbed: 400, dropped: {}, held: 0 });
    expect(storage.itemsOf('traces')).toBe(0);
  });

  it('keeps order when there is no memory to keep batches in', async () => {
    const storage = new FakeStorage();
    const r = await open(storage, { queue_size: 100 }, 8192);
    const other = r.host.pool.lease(4096);
    for (let i = 0; i < 50; i++) expect(await r.offer(i * 10)).toBe('taken');
    other.release();
    await deliver(r);
    expect(r.sent()).toEqual(Array.from({ length: 50 }, (_, i) => range(i * 10, 10)));
    await stop(r);
    expect(r.host.memory.accounted).toBe(0);
  });

  it('refuses for the moment what the storage cannot take, and counts it as not enqueued', async () => {
    const storage = new FakeStorage();
    const r = await open(storage, { queue_size: 1 });
    storage.failAppend = new PipelineError('no space left on device', { kind: 'retryable' });
    expect(await r.offer(0)).toBe('no space left on device');
    expect(r.context.lines.at(-1)).toMatchObject({
      message: expect.stringMatching(/^Exporting failed. Rejecting data./),
      attributes: { rejected_items: 10 },
    });
    storage.failAppend = undefined;
    // Its room is free again.
    expect(await r.offer(0)).toBe('taken');
    expect(await r.offer(10)).toBe('sending queue is full');
    await deliver(r);
    await stop(r);
    expect(r.context.items).toMatchObject({ absorbed: 10, dropped: {}, held: 0 });
  });

  it('lets senders wait for room with block_on_overflow, and refuses them at the shutdown', async () => {
    const storage = new FakeStorage();
    const r = await open(storage, { queue_size: 1, block_on_overflow: true });
    const outcomes = [r.offer(0), r.offer(10), r.offer(20)];
    await settle();
    r.attempts[0]!.answer();
    await settle();
    const stopped = stop(r);
    r.attempts[1]!.answer();
    await stopped;
    expect(await Promise.all(outcomes)).toEqual(['taken', 'taken', 'sending queue is stopped']);
  });

  it('keeps a batch that is written during the shutdown', async () => {
    const storage = new FakeStorage();
    const gate = Promise.withResolvers<void>();
    storage.gate = gate.promise;
    const r = await open(storage);
    const offered = r.offer(0);
    await settle();
    const stopped = stop(r);
    gate.resolve();
    await stopped;
    expect(await offered).toBe('taken');
    expect([r.attempts.length, storage.itemsOf('traces'), r.context.items.held]).toEqual([0, 10, 10]);
  });

  it('forgets what fails for good, and counts it', async () => {
    const storage = new FakeStorage();
    const r = await open(storage);
    await r.offer(0);
    await settle();
    r.attempts[0]!.fail(permanent());
    await settle();
    expect(storage.itemsOf('traces')).toBe(0);
    expect(r.context.items).toMatchObject({ dropped: { permanent: 10 }, held: 0 });
    await stop(r);
  });

  it('drops and counts what the storage damaged, and leaves there what it cannot read for now', async () => {
    const storage = new FakeStorage();
    const first = await open(storage);
    for (let i = 0; i < 2; i++) await first.offer(i * 10);
    const stopped = stop(first);
    first.attempts[0]!.fail(temporary());
    await stopped;
    storage.failRead = temporary('input/output error');
    const second = await open(storage);
    await settle();
    expect(second.context.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { message: 'A stored batch cannot be read.', attributes: { kept_items: 10 } },
      { message: 'A stored batch cannot be read.', attributes: { kept_items: 10 } },
    ]);
    await stop(second);
    expect(second.context.items).toMatchObject({ created: 20, dropped: {}, held: 20 });
    storage.failRead = permanent('the record at byte 16 is damaged');
    const third = await open(storage);
    await settle();
    await stop(third);
    expect(third.context.items).toMatchObject({ created: 20, dropped: { storage_damaged: 20 }, held: 0 });
    expect(storage.itemsOf('traces')).toBe(0);
  });

  it('acknowledges a batch that is merged and split when all of its items are through', async () => {
    const storage = new FakeStorage();
    const batch = { enabled: true, flush_timeout: '200ms', min_size: 15, max_size: 15, partition: { metadata_keys: [] } };
    const r = await open(storage, { num_consumers: 4, batch });
    for (let i = 0; i < 3; i++) await r.offer(i * 10);
    await settle();
    expect(r.sent()).toEqual([range(0, 15), range(15, 15)]);
    r.attempts[1]!.answer();
    await settle();
    // The second batch has five items in the first request.
    expect(storage.itemsOf('traces')).toBe(20);
    const stopped = stop(r);
    r.attempts[0]!.fail(temporary());
    await stopped;
    expect(storage.itemsOf('traces')).toBe(20);
    expect(r.context.items).toMatchObject({ absorbed: 15, dropped: {}, held: 15 });
    const again = await open(storage, { num_consumers: 4, batch });
    await (again.context.clock as FakeClock).advance(200);
    await deliver(again);
    await stop(again);
    expect(again.sent()).toEqual([range(0, 15), range(15, 5)]);
    expect(again.context.items).toMatchObject({ created: 20, absorbed: 20, held: 0 });
  });

  it('keeps what waits for company at the shutdown', async () => {
    const storage = new FakeStorage();
    const batch = { enabled: true, flush_timeout: '200ms', min_size: 100, max_size: 0, partition: { metadata_keys: [] } };
    const r = await open(storage, { batch });
    await r.offer(0);
    await settle();
    await stop(r);
    expect([storage.itemsOf('traces'), r.attempts.length, r.context.items.held, r.host.memory.accounted]).toEqual([10, 0, 10, 0]);
  });

  it('does not start without its storage', async () => {
    await expect(rig(stored())).rejects.toThrow('extension "disk" not found');
    await expect(rig(stored({ storage: 'other' }), { storage: new FakeStorage() })).rejects.toThrow(
      'requested extension is not a storage extension: other',
    );
  });

  it('shuts down without a start', async () => {
    const { createExporter } = await import('@millrace/exporter-helper');
    const { testContext } = await import('@millrace/api/testing');
    const stage = createExporter({ context: testContext({ kind: 'exporter' }), config: stored(), push: () => Promise.resolve(undefined) });
    await stage.shutdown!(new AbortController().signal);
    expect(stage.refusing!()?.message).toBe('sending queue is stopped');
  });

  it('lives once in the process', () => {
    expect(exporterScope(stored())).toBe('process');
    expect(exporterScope({ sending_queue: { ...queue, dead_letter: 'disk' } })).toBe('process');
    expect(exporterScope({ sending_queue: { ...queue, enabled: false, storage: 'disk' } })).toBe('worker');
    expect(exporterScope({})).toBe('worker');
  });
});

describe('dead letters', () => {
  const dead = { sending_queue: { ...queue, dead_letter: 'disk' } } as const;

  it('get what fails for good, and nothing else', async () => {
    const storage = new FakeStorage();
    const r = await rig({ ...dead, retry_on_failure: { ...retry!, max_elapsed_time: '500ms' } }, { storage });
    for (let i = 0; i < 3; i++) await r.offer(i * 10);
    await settle();
    r.attempts[0]!.fail(permanent());
    await settle();
    r.attempts[1]!.fail(temporary());
    await settle();
    r.attempts[2]!.answer();
    await settle();
    expect(storage.itemsOf('traces_dead_letter')).toBe(20);
    expect(storage.owners).toMatchObject([{ name: 'traces_dead_letter', appendOnly: true }]);
    expect(r.context.items).toMatchObject({ absorbed: 10, dropped: { dead_letter: 20 }, held: 0 });
    expect(r.context.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { message: 'Exporting failed. Keeping data as dead letters.', attributes: { dropped_items: 10 } },
      { message: 'Exporting failed. Keeping data as dead letters.', attributes: { dropped_items: 10 } },
    ]);
    await r.offer(30);
    await r.stage.shutdown!(AbortSignal.abort());
    expect(r.context.items.dropped).toEqual({ dead_letter: 20, shutdown: 10 });
    expect([storage.closed, r.host.memory.accounted]).toEqual([1, 0]);
  });

  it('are dropped as anything else when they cannot be kept', async () => {
    const storage = new FakeStorage();
    const r = await rig(dead, { storage });
    storage.failAppend = temporary('storage is full');
    await r.offer(0);
    await settle();
    r.attempts[0]!.fail(permanent());
    await settle();
    expect(r.context.items.dropped).toEqual({ permanent: 10 });
    expect(r.context.lines.map(({ message }) => message)).toContain('Writing dead letters failed.');
    await stop(r);
  });
});
