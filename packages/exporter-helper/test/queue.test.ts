import { isPermanent, PipelineError, type Stage } from '@millrace/api';
import { settle, testContext, type TestContext, testHost } from '@millrace/api/testing';
import { createExporter, type ExporterSettings, type Push, type QueueConfig } from '@millrace/exporter-helper';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Batch, type BufferPool, createBatch, noClient } from '@millrace/wire';

const queue: QueueConfig = { enabled: true, num_consumers: 1, queue_size: 3, sizer: 'requests', block_on_overflow: false };

interface Held {
  readonly text: string;
  readonly finish: () => void;
  readonly fail: (error: Error) => void;
}

interface Rig {
  readonly stage: Stage;
  readonly context: TestContext;
  readonly host: ReturnType<typeof testHost>;
  /** Pushes that have not been answered. */
  readonly held: Held[];
  readonly sent: string[];
}

const rigs: Rig[] = [];

async function rig(settings: ExporterSettings = { sending_queue: queue }, budgetBytes?: number): Promise<Rig> {
  const context = testContext({ id: 'test', kind: 'exporter' });
  const host = testHost(budgetBytes);
  const held: Held[] = [];
  const sent: string[] = [];
  const push: Push = (batch, signal) => {
    const text = batch.bytes.toString();
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      held.push({
        text,
        finish: () => {
          // The bytes are still there, whatever the pool did meanwhile.
          sent.push(batch.bytes.toString());
          resolve(undefined);
        },
        fail: reject,
      });
    });
  };
  const stage = createExporter({ context, config: settings, push });
  await stage.start!(host);
  const made = { stage, context, host, held, sent };
  rigs.push(made);
  return made;
}

afterEach(async () => {
  for (const { stage, context, host } of rigs.splice(0)) {
    await stage.shutdown!(AbortSignal.abort());
    expect({ held: context.items.held, leased: host.memory.accounted }).toEqual({ held: 0, leased: 0 });
  }
});

function batchOf(pool: BufferPool, text: string, items = 1): Batch {
  const lease = pool.lease(text.length);
  lease.buffer.write(text);
  return createBatch('traces', lease, 0, text.length, items, noClient);
}

/** Offers a batch and gives the caller's handle up as soon as it may. */
function offer({ stage, host }: Rig, text: string, items = 1): Promise<string> {
  const batch = batchOf(host.pool, text, items);
  try {
    const consumed = stage.consume(batch);
    if (consumed === undefined) {
      batch.release();
      return Promise.resolve('taken at once');
    }
    return consumed.then(
      () => (batch.release(), 'taken'),
      (error: Error) => (batch.release(), error.message),
    );
  } catch (error) {
    batch.release();
    return Promise.resolve((error as Error).message);
  }
}

describe('the sending queue', () => {
  it('takes batches at once and sends them in order', async () => {
    const r = await rig();
    for (const text of ['a', 'b', 'c']) expect(await offer(r, text, 10)).toBe('taken at once');
    expect(r.context.items.held).toBe(30);
    for (let i = 0; i < 3; i++) {
      await settle();
      r.held[i]!.finish();
    }
    await settle();
    expect(r.sent).toEqual(['a', 'b', 'c']);
    expect(r.context.items).toMatchObject({ absorbed: 30, held: 0, dropped: {} });
  });

  it('keeps bytes alive that the caller has given up', async () => {
    const r = await rig();
    await offer(r, 'kept');
    batchOf(r.host.pool, 'xxxx').release();
    r.held[0]!.finish();
    await settle();
    expect(r.sent).toEqual(['kept']);
  });

  it('sends num_consumers batches at a time', async () => {
    const r = await rig({ sending_queue: { ...queue, num_consumers: 2 } });
    for (const text of ['a', 'b', 'c']) await offer(r, text);
    expect(r.held.map((push) => push.text)).toEqual(['a', 'b']);
    r.held[1]!.finish();
    await settle();
    expect(r.held.map((push) => push.text)).toEqual(['a', 'b', 'c']);
  });

  it('says in the log that it is full when it refuses a batch before the batch is read', async () => {
    const r = await rig();
    for (const text of ['a', 'b', 'c']) await offer(r, text);
    expect(r.stage.refusing!()).toBeDefined();
    expect(r.context.lines).toContainEqual({
      level: 'error',
      message: expect.stringMatching(/^Exporting failed\. Rejecting data\./),
      attributes: { error: 'sending queue is full' },
    });
    for (const push of r.held) push.finish();
  });

  it('refuses retryably when it is full, with batches that are being sent counted', async () => {
    const r = await rig();
    for (const text of ['a', 'b', 'c']) await offer(r, text);
    expect(await offer(r, 'd', 7)).toBe('sending queue is full');
    expect(isPermanent(r.stage.refusing!())).toBe(false);
    expect(r.stage.refusing!()?.message).toBe('sending queue is full');
    expect(r.context.lines).toContainEqual({
      level: 'error',
      message: expect.stringMatching(/^Exporting failed\. Rejecting data\./),
      attributes: { error: 'sending queue is full', rejected_items: 7 },
    });
    r.held[0]!.finish();
    await settle();
    expect(r.stage.refusing!()).toBeUndefined();
    expect(await offer(r, 'd')).toBe('taken at once');
    expect(r.context.items.dropped).toEqual({});
  });

  it.each([
    ['items', 10, [4, 4, 4], ['taken at once', 'taken at once', 'sending queue is full']],
    ['bytes', 10, [1, 1, 1], ['taken at once', 'taken at once', 'sending queue is full']],
    ['requests', 1, [500, 1, 1], ['taken at once', 'sending queue is full', 'sending queue is full']],
  ] as const)('counts %s', async (sizer, queue_size, items, outcomes) => {
    const r = await rig({ sending_queue: { ...queue, sizer, queue_size } });
    const texts = ['aaaa', 'bbbb', 'cccc'];
    expect(await Promise.all(items.map((count, i) => offer(r, texts[i]!, count)))).toEqual(outcomes);
  });

  it('refuses for good what can never fit', async () => {
    const r = await rig({ sending_queue: { ...queue, sizer: 'items', queue_size: 10 } });
    const batch = batchOf(r.host.pool, 'a', 11);
    const error: unknown = await (async () => r.stage.consume(batch))().catch((reason: unknown) => reason);
    batch.release();
    expect(isPermanent(error)).toBe(true);
    expect((error as Error).message).toBe('element size too large');
  });

  it('ignores what has no size', async () => {
    const r = await rig({ sending_queue: { ...queue, sizer: 'items' } });
    expect(await offer(r, 'a', 0)).toBe('taken at once');
    expect(r.held).toHaveLength(0);
  });

  it('lets callers wait in line with block_on_overflow', async () => {
    const r = await rig({ sending_queue: { ...queue, queue_size: 1, block_on_overflow: true } });
    expect(r.stage.refusing!()).toBeUndefined();
    const order: string[] = [];
    const offers = ['a', 'b', 'c', 'd'].map((text) => offer(r, text).then((outcome) => order.push(`${text} ${outcome}`)));
    await settle();
    expect(order).toEqual(['a taken at once']);
    expect(r.stage.refusing!()).toBeUndefined();
    for (let i = 0; i < 4; i++) {
      r.held[i]!.finish();
      await settle();
    }
    await Promise.all(offers);
    expect(order).toEqual(['a taken at once', 'b taken', 'c taken', 'd taken']);
    expect(r.sent).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is full when the byte budget is spent, but never so that nothing is sent', async () => {
    const r = await rig({ sending_queue: { ...queue, queue_size: 100, num_consumers: 2 } }, 4 * 4096);
    const other = r.host.pool.lease(4 * 4096);
    expect(await offer(r, 'a')).toBe('taken at once');
    expect(await offer(r, 'b')).toBe('taken at once');
    expect(await offer(r, 'c')).toBe('sending queue is full');
    other.release();
    expect(await offer(r, 'd')).toBe('taken at once');
  });

  it('does not let more callers wait than the byte budget has room for', async () => {
    const r = await rig({ sending_queue: { ...queue, queue_size: 1, block_on_overflow: true } }, 3 * 4096);
    const outcomes = ['a', 'b', 'c', 'd'].map((text) => offer(r, text));
    expect(await outcomes[2]).toBe('sending queue is full');
    expect(await outcomes[3]).toBe('sending queue is full');
    const other = r.host.pool.lease(4096);
    expect(r.stage.refusing!()?.message).toBe('sending queue is full');
    other.release();
    r.held[0]!.finish();
    expect(await outcomes[1]).toBe('taken');
  });

  it('holds thousands of batches and sends each once', async () => {
    const r = await rig({ sending_queue: { ...queue, queue_size: 5000, num_consumers: 7 } });
    const texts = Array.from({ length: 3000 }, (_, i) => `batch ${i}`);
    for (const text of texts) await offer(r, text);
    for (let i = 0; i < texts.length; i++) {
      while (r.held[i] === undefined) await settle();
      r.held[i]!.finish();
    }
    await settle();
    expect(r.sent).toEqual(texts);
  });

  it('drops and counts what fails for good', async () => {
    const r = await rig();
    await offer(r, 'a', 10);
    r.held[0]!.fail(new PipelineError('no such tenant', { kind: 'permanent' }));
    await settle();
    expect(r.context.items).toMatchObject({ dropped: { permanent: 10 }, absorbed: 0, held: 0 });
    expect(r.context.lines).toContainEqual({
      level: 'error',
      message: 'Exporting failed. Dropping data. Try enabling retry_on_failure config option to retry on retryable errors.',
      attributes: { error: 'Permanent error: no such tenant', dropped_items: 10 },
    });
  });

  it('drops and counts what fails for the moment when there is no retry', async () => {
    const r = await rig();
    await offer(r, 'a', 10);
    r.held[0]!.fail(new Error('connection refused'));
    await settle();
    expect(r.context.items.dropped).toEqual({ retry_disabled: 10 });
  });

  it('says a repeated line only so often, and how many it left out', async () => {
    const r = await rig({ sending_queue: { ...queue, queue_size: 1 } });
    await offer(r, 'a');
    for (let i = 0; i < 50; i++) await offer(r, 'more');
    expect(r.context.lines.filter((line) => line.message.startsWith('Exporting failed. Rejecting data.'))).toHaveLength(10);
    await (r.context.clock as unknown as { advance(ms: number): Promise<void> }).advance(10_000);
    await offer(r, 'more');
    expect(r.context.lines.at(-1)!.attributes).toEqual({ error: 'sending queue is full', rejected_items: 1, suppressed: 40 });
  });
});
