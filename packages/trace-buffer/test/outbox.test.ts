import { PipelineError } from '@millrace/api';
import { exampleBatch, itemNames, noDeadline, passTime, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import type { FakeClock } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { Outbox } from '../src/index.ts';

function setUp(before?: (call: number) => undefined | Promise<void>) {
  const sink = new Sink();
  let call = 0;
  if (before !== undefined) sink.before = () => before(call++);
  const context = testContext();
  const host = testHost();
  const outbox = new Outbox(sink, context);
  const send = (first: number): void => {
    context.items.hold(2);
    outbox.send(exampleBatch(host.pool, 'traces', 2, first));
  };
  return { sink, context, clock: context.clock as FakeClock, host, outbox, send };
}

const refusal = (kind: 'permanent' | 'retryable', retryAfterMs?: number): PipelineError =>
  new PipelineError('no', { kind, ...(retryAfterMs !== undefined && { retryAfterMs }) });

describe('An Outbox', () => {
  it('passes batches on in order, one at a time', async () => {
    const gates: (() => void)[] = [];
    const { sink, outbox, send, host } = setUp(() => new Promise((resolve) => void gates.push(resolve)));
    for (const first of [0, 2, 4]) send(first);
    expect([gates.length, outbox.size]).toEqual([1, 3]);
    for (let i = 0; i < 3; i++) {
      gates[i]!();
      await settle();
    }
    expect(itemNames(sink.requests)).toEqual([0, 1, 2, 3, 4, 5].map((i) => `item-0000000${i}`));
    await outbox.drain(noDeadline());
    expect(host.memory.accounted).toBe(0);
  });

  it('offers again what is refused for now, after the time that the refusal asks for', async () => {
    const calls: number[] = [];
    const { sink, context, clock, outbox, send } = setUp((call) => {
      calls.push(clock.now());
      if (call === 0) throw refusal('retryable', 5_000);
      if (call < 3) throw refusal('retryable');
      return undefined;
    });
    send(0);
    send(2);
    await passTime(clock, outbox.drain(noDeadline()), 10);
    expect(calls.map((at) => at - calls[0]!)).toEqual([0, 5_000, 5_040, 5_120, 5_120]);
    expect(sink.items).toBe(4);
    expect(context.items.held).toBe(0);
  });

  it('drops and counts what is refused for good', async () => {
    const { sink, context, outbox, send } = setUp((call) => {
      if (call === 0) throw refusal('permanent');
      return undefined;
    });
    send(0);
    send(2);
    expect([context.items.dropped, context.items.held, sink.items, outbox.size]).toEqual([{ permanent: 2 }, 0, 2, 0]);
    expect(context.lines[0]).toMatchObject({ level: 'warn', message: 'The next component refused data for good.' });
  });

  it('drops and counts the rest when the time to drain is up', async () => {
    const answers: ((error: PipelineError) => void)[] = [];
    const { context, outbox, send, host } = setUp(() => new Promise((_, reject) => void answers.push(reject)));
    send(0);
    send(2);
    const timeUp = new AbortController();
    const drained = outbox.drain(timeUp.signal);
    timeUp.abort();
    await drained;
    expect(context.items.dropped).toEqual({ shutdown: 2 });
    answers[0]!(refusal('retryable'));
    await settle();
    expect([context.items.dropped, context.items.held]).toEqual([{ shutdown: 4 }, 0]);
    expect(host.memory.accounted).toBe(0);
  });

  it('drops everything when there is no time to drain', async () => {
    const { context, clock, outbox, send } = setUp(() => {
      throw refusal('retryable');
    });
    send(0);
    await outbox.drain(AbortSignal.abort());
    expect([context.items.dropped, clock.pending]).toEqual([{ shutdown: 2 }, 0]);
  });
});
