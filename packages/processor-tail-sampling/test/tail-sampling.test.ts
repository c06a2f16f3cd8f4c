import { Sink } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { lab, span, texts } from './lab.ts';

const route = [{ name: 'live', type: 'string_attribute', string_attribute: { key: 'route', values: ['/live'] } }];
const live = texts({ route: '/live' });

describe('tail_sampling', () => {
  it('decides about a trace when decision_wait is over, and about the next one later', async () => {
    const { clock, send, out, context, stop } = await lab({ decision_wait: '10s' });
    await send(span(1), span(2), span(1));
    await clock.advance(5_000);
    await send(span(1), span(3));
    await clock.advance(4_900);
    expect(out()).toEqual([]);
    expect(context.items.held).toBe(5);
    await clock.advance(200);
    expect(out()).toEqual(['t1 t1 t1 t2']);
    await clock.advance(5_000);
    expect(out()).toEqual(['t1 t1 t1 t2', 't3']);
    expect([context.items.held, clock.pending]).toEqual([0, 0]);
    await stop();
  });

  it('decides earlier about a trace whose root has come, and never later', async () => {
    const settings = { decision_wait: '10s', decision_wait_after_root_received: '2s' };
    const { clock, send, out, stop } = await lab(settings);
    const child = { parentSpanId: '0000000000000009' };
    await send(span(1, child), span(2, child));
    await clock.advance(1_000);
    await send(span(1), span(3, child));
    await clock.advance(2_100);
    expect(out()).toEqual(['t1 t1']);
    await clock.advance(6_000);
    await send(span(2));
    await clock.advance(1_000);
    expect(out()).toEqual(['t1 t1', 't2 t2']);
    await clock.advance(1_000);
    expect(out()).toEqual(['t1 t1', 't2 t2', 't3']);
    await stop();
  });

  it('lets late spans share the fate of their trace', async () => {
    const { clock, send, out, context, metrics, stop } = await lab({ decision_wait: '1s', policies: route });
    await send(span(1, live), span(2));
    await clock.advance(1_100);
    expect(out()).toEqual(['t1']);
    await clock.advance(5_000);
    await send(span(1), span(2), span(1));
    expect(out()).toEqual(['t1', 't1 t1']);
    expect(context.items.dropped).toEqual({ not_sampled: 2 });
    expect(context.items.held).toBe(0);
    expect(await metrics()).toMatchObject({ sampling_late_span_age: 3, sampling_traces_on_memory: 2 });
    await stop();
  });

  it('remembers decisions beyond the life of the traces in caches, of which the least used entry goes first', async () => {
    const decision_cache = { sampled_cache_size: 2, non_sampled_cache_size: 1 };
    const { clock, send, out, context, metrics, stop } = await lab({ decision_wait: '1s', policies: route, decision_cache });
    await send(span(1, live), span(2, live), span(8), span(9));
    await clock.advance(1_100);
    expect(await metrics()).toMatchObject({ sampling_traces_on_memory: 0, sampling_trace_removal_age: 4 });
    await send(span(1));
    await send(span(3, live), span(9));
    await clock.advance(1_100);
    await send(span(1), span(9), span(3));
    expect(out()).toEqual(['t1 t2', 't1', 't3', 't1 t3']);
    // What is remembered no more is decided about anew.
    await send(span(2), span(8, live));
    await clock.advance(1_100);
    expect(out().at(-1)).toBe('t8');
    expect(await metrics()).toMatchObject({
      'early_releases_from_cache_decision true': 3,
      'early_releases_from_cache_decision false': 2,
    });
    expect(context.items.dropped).toEqual({ not_sampled: 5 });
    await stop();
  });

  it('gives up the oldest trace when there are more than num_traces', async () => {
    const { clock, send, out, context, metrics, stop } = await lab({ decision_wait: '1s', num_traces: 2 });
    await send(span(1), span(1), span(2), span(3));
    expect(context.items.dropped).toEqual({ evicted: 2 });
    expect(context.items.held).toBe(2);
    await clock.advance(1_100);
    expect(out()).toEqual(['t2 t3']);
    await send(span(4));
    await clock.advance(1_100);
    expect(out()).toEqual(['t2 t3', 't4']);
    expect(await metrics()).toMatchObject({
      sampling_trace_dropped_too_early: 1,
      new_trace_id_received: 4,
      sampling_traces_on_memory: 2,
      sampling_trace_removal_age: 2,
    });
    expect(context.items.dropped).toEqual({ evicted: 2 });
    await stop();
  });

  it('makes senders wait with block_on_overflow, in their order, and gives up no trace', async () => {
    const { clock, send, out, context, stop } = await lab({ decision_wait: '1s', num_traces: 2, block_on_overflow: true });
    const taken: number[] = [];
    await send(span(1), span(2));
    const sent = [
      send(span(1), span(3)).then(() => taken.push(3)),
      send(span(4)).then(() => taken.push(4)),
      send(span(5), span(6), span(7)).then(() => taken.push(5)),
    ];
    await clock.advance(900);
    expect(taken).toEqual([]);
    await clock.advance(200);
    expect(taken).toEqual([3, 4]);
    await clock.advance(2_500);
    await Promise.all(sent);
    expect(out()).toEqual(['t1 t2', 't1', 't3 t4', 't5 t6 t7']);
    expect(context.items.dropped).toEqual({});
    expect(context.items.held).toBe(0);
    await stop();
  });

  it('refuses those that wait when it stops', async () => {
    const { send, out, stop, host } = await lab({ num_traces: 1, block_on_overflow: true });
    await send(span(1));
    const waiting = send(span(2));
    const refused = expect(waiting).rejects.toMatchObject({ kind: 'retryable', message: 'tail_sampling is not running' });
    await stop();
    await refused;
    await expect(send(span(3))).rejects.toMatchObject({ kind: 'retryable' });
    expect(out()).toEqual(['t1']);
    expect(host.memory.accounted).toBe(0);
  });

  it('drops a trace that grows beyond maximum_trace_size_bytes, with what comes of it later', async () => {
    const { clock, send, out, context, metrics, stop } = await lab({ decision_wait: '1s', maximum_trace_size_bytes: 1_000 });
    const large = texts({ text: 'x'.repeat(400) });
    await send(span(1, large), span(2, large));
    await send(span(1, large), span(1, large), span(1, large));
    expect(context.items.dropped).toEqual({ too_large: 3, not_sampled: 1 });
    await clock.advance(1_100);
    expect(out()).toEqual(['t2']);
    expect(await metrics()).toMatchObject({ traces_dropped_too_large: 1 });
    expect((await metrics())['sampling_late_span_age']).toBeUndefined();
    await stop();
  });

  it('refuses data while the memory budget is spent, and takes it when traces have left', async () => {
    const { clock, send, stage, stop, host } = await lab({ decision_wait: '1s' }, { budgetBytes: 600_000 });
    const large = texts({ text: 'x'.repeat(200_000) });
    await send(span(1, large));
    await expect(
      (async () => {
        for (let trace = 2; trace < 10; trace++) await send(span(trace, large));
      })(),
    ).rejects.toMatchObject({ kind: 'retryable', message: 'tail_sampling is full: the memory budget is spent' });
    await clock.advance(1_100);
    expect(stage.refusing?.()).toBeUndefined();
    await send(span(20));
    await stop();
    expect(host.memory.accounted).toBe(0);
  });

  it('decides about pending traces when it stops, or drops them', async () => {
    for (const [dropPending, expected, dropped] of [
      [false, ['t1'], { not_sampled: 1 }],
      [true, [], { shutdown: 2 }],
    ] as const) {
      const { send, out, context, stop, host, stage } = await lab({ policies: route, drop_pending_traces_on_shutdown: dropPending });
      await send(span(1, live), span(2));
      await stop();
      expect(out()).toEqual(expected);
      expect(context.items.dropped).toEqual(dropped);
      expect([context.items.held, host.memory.accounted]).toEqual([0, 0]);
      expect(stage.refusing?.()?.kind).toBe('retryable');
    }
  });

  it('drops pending traces when there is no time to decide', async () => {
    const { send, context, stop } = await lab();
    await send(span(1), span(2));
    await stop(AbortSignal.abort());
    expect(context.items.dropped).toEqual({ shutdown: 2 });
  });

  it('gives up, when its time is over, a trace that nothing kept with span-ingest', async () => {
    const { clock, send, out, context, metrics, stop } = await lab({
      decision_wait: '1s',
      policies: route,
      sampling_strategy: 'span-ingest',
    });
    await send(span(1), span(2));
    await send(span(1, live));
    expect(out()).toEqual(['t1 t1']);
    await clock.advance(1_100);
    expect(context.items.dropped).toEqual({ not_sampled: 1 });
    expect(await metrics()).toMatchObject({
      sampling_traces_on_memory: 1,
      'global_count_traces_sampled true sampled': 1,
      'global_count_traces_sampled false not_sampled': 1,
    });
    await send(span(2, live), span(1));
    expect(out()).toEqual(['t1 t1', 't2', 't1']);
    await stop();
  });

  it('passes traces on in batches of limited size, each trace whole in one of them', async () => {
    const { clock, send, sink, out, stop } = await lab({ decision_wait: '1s', expected_new_traces_per_sec: 500 });
    const large = texts({ text: 'x'.repeat(2_000) });
    for (let round = 0; round < 3; round++) for (let trace = 0; trace < 200; trace++) await send(span(trace, large));
    await clock.advance(1_100);
    expect(sink.items).toBe(600);
    expect(sink.requests.length).toBeGreaterThan(3);
    for (const bytes of sink.requests) expect(bytes.length).toBeLessThan(300_000);
    for (const names of out())
      for (const name of new Set(names.split(' '))) expect(names.split(' ').filter((n) => n === name)).toHaveLength(3);
    await stop();
  });

  it('makes more room than it needs when many traces are expected', async () => {
    const small = await lab({ decision_wait: '1s' });
    const roomy = await lab({ decision_wait: '1s', expected_new_traces_per_sec: 20_000 });
    const bounded = await lab({ decision_wait: '10s', expected_new_traces_per_sec: 20_000, num_traces: 100 });
    for (const { send } of [small, roomy, bounded]) await send(span(1));
    const [least, most, some] = [small, roomy, bounded].map(({ host }) => host.memory.accounted) as [number, number, number];
    expect(most - least).toBeGreaterThan(1_000_000);
    expect(some - least).toBeLessThan(10_000);
    for (const { stop } of [small, roomy, bounded]) await stop();
  });

  it('goes on when the next component refuses, and loses nothing', async () => {
    const sink = new Sink();
    let calls = 0;
    sink.before = () => {
      if (calls++ < 5) throw Object.assign(new Error('busy'), { name: 'PipelineError', kind: 'retryable' });
      return undefined;
    };
    const { clock, send, out, context, stop } = await lab({ decision_wait: '1s' }, { sink });
    await send(span(1));
    await clock.advance(1_100);
    await send(span(1));
    expect([out(), context.items.held]).toEqual([[], 2]);
    await clock.advance(5_000);
    expect([out(), context.items.held]).toEqual([['t1', 't1'], 0]);
    await stop();
  });
});
