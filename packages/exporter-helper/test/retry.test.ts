import { isPermanent, PipelineError, type Stage } from '@millrace/api';
import { FakeClock, settle, testContext, testHost } from '@millrace/api/testing';
import { createExporter, type ExporterSettings, type PushResult, type RetryConfig } from '@millrace/exporter-helper';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Batch, createBatch, noClient, type Signal } from '@millrace/wire';

const retry: RetryConfig = {
  enabled: true,
  initial_interval: '5s',
  randomization_factor: 0,
  multiplier: 1.5,
  max_interval: '30s',
  max_elapsed_time: '5m',
};
const queue = { enabled: true, num_consumers: 10, queue_size: 1000, sizer: 'requests', block_on_overflow: false } as const;

let clock: FakeClock;
let context: ReturnType<typeof testContext>;
let host: ReturnType<typeof testHost>;
let stage: Stage;
/** When each attempt was made, in seconds since the start. */
let attempts: number[];
/** What attempts answer, one after the other; the last stays. */
let answers: ((batch: Batch, signal: AbortSignal) => PushResult | Promise<PushResult>)[];

const fail = (error: Error) => (): never => {
  throw error;
};
const take = (): undefined => undefined;
const temporary = fail(new PipelineError('try later', { kind: 'retryable' }));

beforeEach(() => {
  clock = new FakeClock();
  context = testContext({ id: 'test', kind: 'exporter', clock });
  host = testHost();
  attempts = [];
  answers = [take];
});

afterEach(async () => {
  await stage.shutdown!(AbortSignal.abort());
  expect({ held: context.items.held, leased: host.memory.accounted, timers: clock.pending }).toEqual({ held: 0, leased: 0, timers: 0 });
});

async function start(settings: ExporterSettings = { retry_on_failure: retry, sending_queue: queue }): Promise<void> {
  const startedAt = clock.now();
  stage = createExporter({
    context,
    config: settings,
    push: async (batch, signal) => {
      attempts.push((clock.now() - startedAt) / 1000);
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      return answer(batch, signal);
    },
  });
  await stage.start!(host);
}

function batchOf(items: number, signal: Signal = 'traces'): Batch {
  return createBatch(signal, host.pool.lease(100), 0, 100, items, noClient);
}

function offer(items = 10, signal: Signal = 'traces'): Promise<unknown> {
  const batch = batchOf(items, signal);
  return Promise.resolve(stage.consume(batch)).finally(() => batch.release());
}

describe('retry_on_failure', () => {
  it('sends again after growing pauses up to max_interval', async () => {
    answers = [temporary];
    await start({ retry_on_failure: { ...retry, max_elapsed_time: '0s' }, sending_queue: queue });
    await offer();
    await clock.advance(200_000);
    expect(attempts.slice(0, 8)).toEqual([0, 5, 12.5, 23.75, 40.625, 65.9375, 95.9375, 125.9375]);
    expect(context.lines[0]).toEqual({
      level: 'info',
      message: 'Exporting failed. Will retry the request after interval.',
      attributes: { error: 'try later', interval: '5.000s' },
    });
  });

  it('delivers once the destination is well again', async () => {
    answers = [temporary, fail(new Error('any other error')), take];
    await start();
    await offer();
    await clock.advance(12_500);
    expect(attempts).toEqual([0, 5, 12.5]);
    expect(context.items).toMatchObject({ absorbed: 10, dropped: {}, held: 0 });
  });

  it('spreads the pauses within randomization_factor', async () => {
    answers = [temporary];
    await start({
      retry_on_failure: { ...retry, randomization_factor: 0.5, multiplier: 1, max_elapsed_time: '0s' },
      sending_queue: queue,
    });
    await offer();
    await clock.advance(1_000_000);
    const pauses = attempts.slice(1).map((at, i) => at - attempts[i]!);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2.5);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(7.5);
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(2);
  });

  it('waits as long as the destination asks when that is longer', async () => {
    answers = [
      fail(new PipelineError('slow down', { kind: 'retryable', retryAfterMs: 20_000 })),
      fail(new PipelineError('slow down', { kind: 'retryable', retryAfterMs: 1000 })),
      take,
    ];
    await start();
    await offer();
    await clock.advance(60_000);
    expect(attempts).toEqual([0, 20, 27.5]);
  });

  it('gives up when the next attempt would come after max_elapsed_time', async () => {
    answers = [temporary];
    await start({ retry_on_failure: { ...retry, max_elapsed_time: '30s' }, sending_queue: queue });
    await offer();
    await clock.advance(60_000);
    expect(attempts).toEqual([0, 5, 12.5, 23.75]);
    expect(context.items).toMatchObject({ dropped: { retries_exhausted: 10 }, absorbed: 0, held: 0 });
    expect(context.lines.at(-1)).toEqual({
      level: 'error',
      message: 'Exporting failed. Dropping data.',
      attributes: { error: 'no more retries left: try later', dropped_items: 10 },
    });
  });

  it('does not try again what is refused for good', async () => {
    answers = [fail(new PipelineError('bad data', { kind: 'permanent' }))];
    await start();
    await offer();
    await clock.advance(60_000);
    expect(attempts).toEqual([0]);
    expect(context.items.dropped).toEqual({ permanent: 10 });
    expect(context.lines.at(-1)!.attributes).toEqual({ error: 'not retryable error: Permanent error: bad data', dropped_items: 10 });
  });

  it('sends only the remainder again', async () => {
    const seen: number[] = [];
    const error = new PipelineError('the second half later', { kind: 'retryable' });
    answers = [
      (batch) => (seen.push(batch.items), { remainder: batchOf(4), error }),
      (batch) => (seen.push(batch.items), { remainder: batchOf(3), error }),
      (batch) => void seen.push(batch.items),
    ];
    await start();
    await offer();
    await clock.advance(60_000);
    expect(seen).toEqual([10, 4, 3]);
    expect(context.items).toMatchObject({ absorbed: 10, dropped: {} });
  });

  it('counts what of a remainder was delivered and what was dropped', async () => {
    answers = [
      () => ({ remainder: batchOf(4), error: new PipelineError('the rest later', { kind: 'retryable' }) }),
      fail(new PipelineError('bad rest', { kind: 'permanent' })),
    ];
    await start();
    await offer();
    await clock.advance(60_000);
    expect(context.items).toMatchObject({ absorbed: 6, dropped: { permanent: 4 } });
    expect(context.lines.at(-1)!.attributes).toMatchObject({ dropped_items: 4 });
  });
});

describe('partial success', () => {
  it.each([
    ['traces', 'dropped_spans'],
    ['metrics', 'dropped_data_points'],
    ['logs', 'dropped_log_records'],
    ['profiles', 'dropped_profiles'],
  ] as const)('of %s counts rejected items as dropped and is not retried', async (signal, name) => {
    answers = [() => ({ rejectedItems: 3, message: 'too old' })];
    await start();
    await offer(10, signal);
    await clock.advance(60_000);
    expect(attempts).toEqual([0]);
    expect(context.items).toMatchObject({ absorbed: 7, dropped: { partial_success: 3 } });
    expect(context.lines).toEqual([{ level: 'warn', message: 'Partial success response', attributes: { message: 'too old', [name]: 3 } }]);
  });

  it.each([
    [1000, 0, 10],
    [-5, 10, 0],
    [0, 10, 0],
  ])('that claims %d rejected items of 10 keeps the accounts balanced', async (rejectedItems, absorbed, dropped) => {
    answers = [() => ({ rejectedItems, message: 'odd' })];
    await start();
    await offer();
    await settle();
    expect(context.items.absorbed).toBe(absorbed);
    expect(context.items.dropped['partial_success'] ?? 0).toBe(dropped);
  });
});

describe('timeout', () => {
  const hang = (_batch: Batch, signal: AbortSignal): Promise<PushResult> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  it('ends an attempt, which is made again', async () => {
    answers = [hang, take];
    await start({ timeout: '2s', retry_on_failure: retry, sending_queue: queue });
    await offer();
    await clock.advance(7000);
    expect(attempts).toEqual([0, 7]);
    expect(context.lines[0]!.attributes).toMatchObject({ error: 'context deadline exceeded' });
    expect(context.items.absorbed).toBe(10);
  });

  it('of zero never ends one', async () => {
    answers = [hang];
    await start({ timeout: '0s', retry_on_failure: retry, sending_queue: queue });
    await offer();
    await clock.advance(3_600_000);
    expect(attempts).toEqual([0]);
  });
});

describe('an exporter without a queue', () => {
  const settings: ExporterSettings = { retry_on_failure: retry, sending_queue: { ...queue, enabled: false } };

  it('settles with the push, retries included', async () => {
    answers = [temporary, take];
    await start(settings);
    let settled = false;
    const offered = offer().then(() => (settled = true));
    await clock.advance(4999);
    expect(settled).toBe(false);
    await clock.advance(1);
    await offered;
    expect(context.items).toMatchObject({ absorbed: 10, dropped: {}, held: 0 });
    expect(stage.refusing!()).toBeUndefined();
  });

  it('gives a permanent error back to the caller and counts nothing as dropped', async () => {
    answers = [fail(new PipelineError('bad data', { kind: 'permanent', grpcCode: 3 }))];
    await start(settings);
    const error: unknown = await offer().catch((reason: unknown) => reason);
    expect(isPermanent(error)).toBe(true);
    expect(error).toMatchObject({ message: 'not retryable error: bad data', grpcCode: 3 });
    expect(context.items).toMatchObject({ absorbed: 0, dropped: {} });
    expect(context.lines).toEqual([
      {
        level: 'error',
        message: 'Exporting failed. Rejecting data. Try enabling sending_queue to survive temporary failures.',
        attributes: { error: 'not retryable error: Permanent error: bad data', rejected_items: 10 },
      },
    ]);
  });

  it('gives the error back untouched when nothing is retried', async () => {
    const error = new PipelineError('slow down', { kind: 'retryable', retryAfterMs: 3000 });
    answers = [fail(error)];
    await start({});
    await expect(offer()).rejects.toBe(error);
    expect(context.lines[0]!.message).toBe(
      'Exporting failed. Rejecting data. Try enabling retry_on_failure config option to retry on retryable errors. Try enabling sending_queue to survive temporary failures.',
    );
  });

  it('tells the caller of a shutdown while it waits for a retry', async () => {
    answers = [temporary];
    await start(settings);
    const offered = offer().catch((reason: unknown) => reason);
    await settle();
    await stage.shutdown!(new AbortController().signal);
    expect(await offered).toMatchObject({ kind: 'retryable', message: 'interrupted due to shutdown: try later' });
    expect(context.items.dropped).toEqual({});
  });
});
