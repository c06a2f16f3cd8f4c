import { PipelineError } from '@millrace/api';
import type { Batch, Client, Consumed, Stage } from '@millrace/api';
import { configOf, exampleBatch, FakeClock, itemNames, noDeadline, passTime, Sink, testContext, testHost } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const mib = 1024 * 1024;
const retryable = new PipelineError('not now', { kind: 'retryable' });
const permanent = new PipelineError('never', { kind: 'permanent' });
const fullText = 'batch is full: the next component does not accept data';

/** A sink that remembers the size and client of every batch. */
class BatchSink extends Sink {
  readonly sizes: number[] = [];
  readonly clients: Client[] = [];

  override consume(batch: Batch): Consumed {
    const { items, client } = batch;
    const note = (): void => {
      this.sizes.push(items);
      this.clients.push(client);
    };
    const consumed = super.consume(batch);
    if (consumed === undefined) note();
    return consumed?.then(note);
  }

  get names(): string[] {
    return itemNames(this.requests);
  }
}

function started(settings: object = {}, budgetBytes = 256 * mib) {
  const sink = new BatchSink();
  const context = testContext({ id: 'batch', clock: new FakeClock() });
  const stage: Stage = factory.create!(configOf(factory, settings), sink, context);
  const host = testHost(budgetBytes);
  void stage.start?.(host);
  let sent = 0;
  /** Sends the next `items` items. */
  const send = (items: number, client?: Client): Consumed => {
    using batch = exampleBatch(host.pool, 'traces', items, sent, client);
    const consumed = stage.consume(batch);
    sent += items;
    return consumed;
  };
  const stop = (): Promise<void> => passTime(context.clock, Promise.resolve(stage.shutdown?.(noDeadline())));
  return { stage, sink, host, clock: context.clock as FakeClock, items: context.items, lines: context.lines, send, stop, sent: () => sent };
}

/** Sends until the processor does not take data at once; returns what it said. */
function fill(send: (items: number) => Consumed): Consumed {
  for (;;) {
    const consumed = send(1_000);
    if (consumed !== undefined) return consumed;
  }
}

/** A promise to decide on. */
const open = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

describe('batch, sizes and times', () => {
  it('sends when it has send_batch_size items', async () => {
    const { send, sink, clock, stop } = started({ send_batch_size: 100 });
    for (let i = 0; i < 9; i++) void send(30);
    expect(sink.sizes).toEqual([120, 120]);
    expect(clock.pending).toBe(1);
    await stop();
    expect(sink.sizes).toEqual([120, 120, 30]);
    expect(sink.names).toHaveLength(270);
  });

  it('sends what it has after the timeout, with a timer only while it has something', async () => {
    const { send, sink, clock } = started();
    expect(clock.pending).toBe(0);
    void send(10);
    await clock.advance(199);
    expect(sink.sizes).toEqual([]);
    void send(10);
    await clock.advance(1);
    expect(sink.sizes).toEqual([20]);
    expect(clock.pending).toBe(0);
  });

  it.each([[{ timeout: '0s' }], [{ send_batch_size: 0 }]])('forwards at once with %j', (settings) => {
    const { send, sink, clock } = started(settings);
    void send(10);
    void send(3);
    expect(sink.sizes).toEqual([10, 3]);
    expect(clock.pending).toBe(0);
  });

  it('splits at exactly send_batch_max_size and keeps what is no batch yet', async () => {
    const { send, sink, clock } = started({ send_batch_size: 100, send_batch_max_size: 100 });
    void send(60);
    void send(190);
    expect(sink.sizes).toEqual([100, 100]);
    await clock.advance(200);
    expect(sink.sizes).toEqual([100, 100, 50]);
    expect(sink.names).toEqual([...new Set(sink.names)].sort());
  });

  it('sends a rest of send_batch_size items at once', () => {
    const { send, sink } = started({ send_batch_size: 100, send_batch_max_size: 150 });
    void send(250);
    expect(sink.sizes).toEqual([150, 100]);
  });

  it('splits what it forwards at once', () => {
    const { send, sink } = started({ send_batch_size: 0, send_batch_max_size: 4 });
    void send(10);
    expect(sink.sizes).toEqual([4, 4, 2]);
  });

  it('passes a batch that is large enough on as it is', () => {
    const { send, sink, host } = started({ send_batch_size: 100 });
    void send(100);
    expect(sink.sizes).toEqual([100]);
    expect(host.memory.accounted).toBe(0);
  });

  it('takes empty batches and sends none', async () => {
    const { send, sink, clock, stop } = started();
    expect(send(0)).toBeUndefined();
    expect(clock.pending).toBe(0);
    await stop();
    expect(sink.sizes).toEqual([]);
  });

  it('sends early when the memory budget is spent', () => {
    const { send, sink, host } = started({}, mib);
    void send(10);
    expect(sink.sizes).toEqual([]);
    using _spent = host.pool.lease(mib);
    void send(10);
    expect(sink.sizes).toEqual([20]);
  });
});

describe('batch, when the next component refuses', () => {
  it('offers a refused batch again, ever more slowly, until it is taken', async () => {
    const { send, sink, clock, items } = started({ send_batch_size: 10 });
    const offers: number[] = [];
    sink.before = () => {
      offers.push(clock.now());
      if (offers.length < 9) throw retryable;
      return undefined;
    };
    expect(send(10)).toBeUndefined();
    expect(items.held).toBe(10);
    await clock.advance(10_000);
    expect(offers.slice(1).map((at, i) => at - offers[i])).toEqual([20, 40, 80, 160, 320, 640, 1_000, 1_000]);
    expect(sink.sizes).toEqual([10]);
    expect(items.held).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('waits as long as the next component asks', async () => {
    const { send, sink, clock } = started({ send_batch_size: 10 });
    let calls = 0;
    sink.before = () => {
      if (calls++ === 0) throw new PipelineError('later', { kind: 'retryable', retryAfterMs: 30_000 });
      return undefined;
    };
    void send(10);
    await clock.advance(29_999);
    expect(calls).toBe(1);
    await clock.advance(1);
    expect(calls).toBe(2);
    expect(sink.items).toBe(10);
  });

  it('keeps the order and loses nothing when refusals come at random', async () => {
    const { send, sink, sent, stop } = started({ send_batch_size: 20 });
    let call = 0;
    sink.before = () => {
      call++;
      if (call % 3 === 1) throw retryable;
      if (call % 5 === 0) return Promise.reject(retryable);
      return call % 2 === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined;
    };
    for (let i = 0; i < 100; i++) await send(7);
    await stop();
    expect(sink.names).toHaveLength(sent());
    expect(sink.names).toEqual(sink.names.toSorted());
  });

  it('drops and counts only what is refused for good', async () => {
    const { send, sink, items, lines, stop } = started({ send_batch_size: 10 });
    let calls = 0;
    sink.before = () => (calls++ % 2 === 0 ? Promise.reject(permanent) : undefined);
    for (let i = 0; i < 4; i++) void send(10);
    await stop();
    expect(sink.items).toBe(20);
    expect(items.dropped).toEqual({ permanent: 20 });
    expect(items.held).toBe(0);
    expect(lines).toContainEqual({
      level: 'warn',
      message: 'Sender failed',
      attributes: { error: 'PipelineError: never', dropped_items: 10 },
    });
  });

  it('refuses data when its buffer is full, and takes it again when the next component does', async () => {
    const { stage, send, sink, clock, host, sent, stop } = started();
    sink.before = () => {
      throw retryable;
    };
    expect(() => fill(send)).toThrow(fullText);
    expect(stage.refusing?.()).toMatchObject({ message: fullText, kind: 'retryable' });
    expect(host.memory.accounted).toBeGreaterThan(3 * mib);
    expect(host.memory.accounted).toBeLessThan(10 * mib);
    sink.before = undefined;
    await clock.advance(1_000);
    expect(stage.refusing?.()).toBeUndefined();
    void send(1);
    await stop();
    expect(sink.names).toHaveLength(sent());
    expect(host.memory.accounted).toBe(0);
  });

  it('fills its buffer no further than the memory budget', () => {
    const { send, sink, host } = started({ send_batch_size: 100 }, mib);
    sink.before = () => {
      throw retryable;
    };
    expect(() => fill(send)).toThrow(fullText);
    expect(host.memory.accounted).toBeLessThan(2 * mib);
  });
});

describe('batch, when the next component blocks', () => {
  it('goes on filling, with one batch on offer at a time', async () => {
    const { send, sink, clock } = started({ send_batch_size: 10 });
    const first = open();
    let offered = 0;
    sink.before = () => (offered++ === 0 ? first.promise : undefined);
    for (let i = 0; i < 5; i++) expect(send(10)).toBeUndefined();
    expect(offered).toBe(1);
    first.resolve();
    await clock.advance(0);
    expect(sink.sizes).toEqual([10, 10, 10, 10, 10]);
  });

  it('makes whole batches of what comes meanwhile, whatever the timeout', async () => {
    const { send, sink, clock } = started({ send_batch_size: 100 });
    const first = open();
    sink.before = () => first.promise;
    void send(100);
    for (let i = 0; i < 3; i++) {
      void send(30);
      await clock.advance(1_000);
    }
    sink.before = undefined;
    first.resolve();
    await clock.advance(0);
    expect(sink.sizes).toEqual([100, 90]);
  });

  it('lets senders wait for admission, in order, in a full buffer', async () => {
    const { stage, send, sink, clock, sent, stop } = started();
    const first = open();
    sink.before = () => first.promise;
    const admitted: number[] = [];
    const waiting = [fill(send), send(1_000), send(1_000)].map(async (consumed, i) => {
      await consumed;
      admitted.push(i);
    });
    expect(stage.refusing?.()).toBeUndefined();
    await clock.advance(60_000);
    expect(admitted).toEqual([]);
    sink.before = undefined;
    first.resolve();
    await Promise.all(waiting);
    expect(admitted).toEqual([0, 1, 2]);
    await stop();
    expect(sink.names).toHaveLength(sent());
    expect(sink.names).toEqual(sink.names.toSorted());
  });

  it('refuses more waiting senders than a quarter of its bound', async () => {
    const { stage, send, sink, host, sent, stop } = started();
    const first = open();
    sink.before = () => first.promise;
    const waiting = [Promise.resolve(fill(send))];
    expect(() => {
      for (;;) waiting.push(Promise.resolve(send(1_000)));
    }).toThrow(fullText);
    expect(stage.refusing?.()).toMatchObject({ message: fullText });
    expect(host.memory.accounted).toBeLessThan(12 * mib);
    sink.before = undefined;
    first.resolve();
    await Promise.all(waiting);
    await stop();
    expect(sink.names).toHaveLength(sent());
  });

  it('refuses the waiting senders when the next component refuses', async () => {
    const { send, sink, host, items, stop } = started();
    const first = open();
    sink.before = () => first.promise;
    const waiting = fill(send);
    sink.before = () => {
      throw retryable;
    };
    first.reject(retryable);
    await expect(waiting).rejects.toThrow(fullText);
    sink.before = undefined;
    const { held } = items;
    await stop();
    expect(sink.items).toBe(held);
    expect(host.memory.accounted).toBe(0);
  });

  it.each([
    ['takes it', 18, 0],
    ['refuses it', 28, 10],
  ])('drops the rest when time is up, and books what is still with the next component when that %s', async (_what, dropped, refused) => {
    const { stage, send, sink, host, items, clock } = started({ send_batch_size: 10 });
    const first = open();
    sink.before = () => first.promise;
    void send(10);
    void send(15);
    void send(3);
    const timeUp = new AbortController();
    const stopped = stage.shutdown?.(timeUp.signal);
    timeUp.abort();
    await stopped;
    expect(items.dropped).toEqual({ shutdown: 18 });
    expect(items.held).toBe(10);
    if (refused > 0) first.reject(retryable);
    else first.resolve();
    await clock.advance(0);
    expect(items.dropped).toEqual({ shutdown: dropped });
    expect(sink.items).toBe(10 - refused);
    expect(items.held).toBe(0);
    expect(host.memory.accounted).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe('batch, by metadata', () => {
  const from = (metadata: Record<string, string[]>): Client => ({ metadata: new Map(Object.entries(metadata)), address: '192.0.2.1' });

  it('sends batches of one combination of values, with a client of just these', async () => {
    const { send, sink, stop } = started({ metadata_keys: ['Tenant', 'token'] });
    void send(1, from({ tenant: ['a'], other: ['x'] }));
    void send(2, from({ tenant: ['b'] }));
    void send(4, from({ tenant: ['a'], other: ['y'] }));
    void send(8, from({ tenant: ['a'], token: ['b'] }));
    void send(16, from({ tenant: ['a', 'b'] }));
    void send(32, from({}));
    void send(64);
    await stop();
    const sent = sink.sizes.map((size, i) => [size, Object.fromEntries(sink.clients[i].metadata)]);
    expect(sent).toEqual([
      [5, { tenant: ['a'] }],
      [2, { tenant: ['b'] }],
      [8, { tenant: ['a'], token: ['b'] }],
      [16, { tenant: ['a', 'b'] }],
      [96, {}],
    ]);
    expect(sink.clients.map((client) => client.address)).toEqual(Array.from({ length: 5 }, () => undefined));
  });

  it('sends batches without a client when there are no metadata keys', () => {
    const { send, sink } = started({ send_batch_size: 1 });
    void send(1, from({ tenant: ['a'] }));
    expect(sink.clients[0].metadata.size).toBe(0);
  });

  it('refuses further combinations for good, until others are idle', async () => {
    const { send, sink, clock, stage, stop } = started({ metadata_keys: ['tenant'], metadata_cardinality_limit: 2 });
    void send(1, from({ tenant: ['a'] }));
    void send(1, from({ tenant: ['b'] }));
    expect(() => send(1, from({ tenant: ['c'] }))).toThrow(
      expect.objectContaining({ message: 'too many batcher metadata-value combinations', kind: 'permanent' }),
    );
    expect(stage.refusing?.()).toBeUndefined();
    await clock.advance(200);
    expect(() => send(1, from({ tenant: ['c'] }))).toThrow('too many');
    await clock.advance(60_000);
    void send(1, from({ tenant: ['c'] }));
    await stop();
    expect(sink.items).toBe(3);
  });

  it('takes any number of combinations with a limit of 0', async () => {
    const { send, sink, stop } = started({ metadata_keys: ['tenant'], metadata_cardinality_limit: 0 });
    for (let i = 0; i < 20; i++) void send(1, from({ tenant: [String(i)] }));
    await stop();
    expect(sink.sizes).toHaveLength(20);
  });
});

describe('batch, its lifecycle', () => {
  it('refuses data for now before its start and after its shutdown', async () => {
    const { send, stop } = started();
    await stop();
    expect(() => send(1)).toThrow(expect.objectContaining({ message: 'batch is not running', kind: 'retryable' }));
    const stage = factory.create!(configOf(factory), new Sink(), testContext());
    using batch = exampleBatch(testHost().pool, 'traces', 1);
    expect(() => stage.consume(batch)).toThrow('batch is not running');
  });

  it('admits the waiting senders while it drains', async () => {
    const { send, sink, sent, stop } = started();
    const first = open();
    sink.before = () => first.promise;
    const waiting = fill(send);
    const stopped = stop();
    sink.before = undefined;
    first.resolve();
    await waiting;
    await stopped;
    expect(sink.names).toHaveLength(sent());
  });
});
