import { PipelineError, type Stage } from '@millrace/api';
import { FakeClock, settle, testContext, testHost } from '@millrace/api/testing';
import { createExporter, type ExporterOptions, type PushResult } from '@millrace/exporter-helper';
import { describe, expect, it } from '@jest/globals';
import { createBatch, noClient } from '@millrace/wire';

const config = {
  retry_on_failure: {
    enabled: true,
    initial_interval: '5s',
    randomization_factor: 0,
    multiplier: 1.5,
    max_interval: '30s',
    max_elapsed_time: '5m',
  },
  sending_queue: { enabled: true, num_consumers: 1, queue_size: 10, sizer: 'requests', block_on_overflow: false },
} as const;

const patient = new AbortController().signal;
const temporary = new PipelineError('try later', { kind: 'retryable' });

function rig(push: ExporterOptions['push'], more: Partial<ExporterOptions> = {}) {
  const context = testContext({ kind: 'exporter', clock: new FakeClock() });
  const host = testHost();
  const stage = createExporter({ context, config, push, ...more });
  const offer = (): Promise<unknown> => {
    const batch = createBatch('logs', host.pool.lease(10), 0, 10, 10, noClient);
    return (async () => stage.consume(batch))().then(
      () => (batch.release(), 'taken'),
      (error: Error) => (batch.release(), error.message),
    );
  };
  const books = (): object => ({ held: context.items.held, leased: host.memory.accounted, ...context.items.dropped });
  return { context, host, stage, offer, books };
}

const hang = (signal: AbortSignal): Promise<PushResult> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('shutdown of an exporter', () => {
  it('cuts the waiting for a retry and tries everything queued once', async () => {
    let attempts = 0;
    const r = rig(async () => {
      attempts++;
      throw temporary;
    });
    await r.stage.start!(r.host);
    for (let i = 0; i < 4; i++) await r.offer();
    await settle();
    expect(attempts).toBe(1);
    await r.stage.shutdown!(patient);
    expect(attempts).toBe(4);
    expect(r.books()).toEqual({ held: 0, leased: 0, shutdown: 40 });
    expect(r.context.lines.at(-1)!.attributes).toMatchObject({ error: 'interrupted due to shutdown: try later' });
  });

  it('delivers what is queued when the destination takes it, then closes once', async () => {
    const events: string[] = [];
    let release: () => void = () => {};
    const r = rig(
      async () => {
        await new Promise<void>((resolve) => (release = resolve));
        events.push('push');
        return undefined;
      },
      { shutdown: () => void events.push('close') },
    );
    await r.stage.start!(r.host);
    await r.offer();
    await r.offer();
    const first = r.stage.shutdown!(patient);
    const second = r.stage.shutdown!(patient);
    await settle();
    expect(await r.offer()).toBe('sending queue is stopped');
    expect(r.stage.refusing!()?.message).toBe('sending queue is stopped');
    release();
    await settle();
    release();
    await Promise.all([first, second]);
    await r.stage.shutdown!(patient);
    expect(events).toEqual(['push', 'push', 'close']);
    expect(r.context.items.absorbed).toBe(20);
    expect(r.books()).toEqual({ held: 0, leased: 0 });
  });

  it('drops the rest, counted, when its time is up', async () => {
    const r = rig((_batch, signal) => hang(signal));
    await r.stage.start!(r.host);
    for (let i = 0; i < 3; i++) await r.offer();
    const time = new AbortController();
    const ended = r.stage.shutdown!(time.signal);
    await settle();
    expect(r.context.items.held).toBe(30);
    time.abort();
    await ended;
    expect(r.books()).toEqual({ held: 0, leased: 0, shutdown: 30 });
  });

  it('hurries when a second call has less time', async () => {
    const r = rig((_batch, signal) => hang(signal));
    await r.stage.start!(r.host);
    await r.offer();
    const first = r.stage.shutdown!(patient);
    await r.stage.shutdown!(AbortSignal.abort());
    await first;
    expect(r.books()).toEqual({ held: 0, leased: 0, shutdown: 10 });
  });

  it('takes those in who wait for room, or refuses them when its time is up', async () => {
    let release: () => void = () => {};
    const blocking = { ...config, sending_queue: { ...config.sending_queue, queue_size: 1, block_on_overflow: true } };
    const r = rig(
      (_batch, signal) => Promise.race([hang(signal), new Promise<undefined>((resolve) => (release = () => resolve(undefined)))]),
      {
        config: blocking,
      },
    );
    await r.stage.start!(r.host);
    const offers = [r.offer(), r.offer(), r.offer()];
    const time = new AbortController();
    const ended = r.stage.shutdown!(time.signal);
    await settle();
    release();
    expect(await offers[1]).toBe('taken');
    time.abort();
    expect(await offers[2]).toBe('sending queue is stopped');
    await ended;
    expect(r.context.items.absorbed).toBe(10);
    expect(r.books()).toEqual({ held: 0, leased: 0, shutdown: 10 });
  });

  it('waits for pushes that run without a queue', async () => {
    let release: () => void = () => {};
    let closed = false;
    const r = rig(() => new Promise((resolve) => (release = () => resolve(undefined))), {
      config: {},
      shutdown: () => void (closed = true),
    });
    await r.stage.start!(r.host);
    const offered = r.offer();
    const ended = r.stage.shutdown!(patient);
    await settle();
    expect(closed).toBe(false);
    release();
    await ended;
    expect(await offered).toBe('taken');
    expect(closed).toBe(true);
  });

  it('is safe without start', async () => {
    let closed = false;
    const r = rig(async () => undefined, { shutdown: () => void (closed = true) });
    await r.stage.shutdown!(patient);
    await r.stage.shutdown!(patient);
    expect(closed).toBe(false);
  });

  it('reports what goes wrong at start', async () => {
    const r = rig(async () => undefined, { start: () => Promise.reject(new Error('no such file')) });
    await expect((r.stage as Required<Stage>).start(r.host)).rejects.toThrow('no such file');
  });
});
