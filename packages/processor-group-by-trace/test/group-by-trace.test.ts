import { configOf, noDeadline, passTime, Sink, testContext, testHost } from '@millrace/api/testing';
import type { FakeClock } from '@millrace/api/testing';
import { fromPlain, toPlain } from '@millrace/wire/plain';
import type { PlainMessage } from '@millrace/wire/plain';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

class OnDemand extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

async function lab(settings: object = {}, budgetBytes = 1 << 28) {
  const reader = new OnDemand();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  const context = testContext({ id: 'groupbytrace', meter });
  const clock = context.clock as FakeClock;
  const host = testHost(budgetBytes);
  const sink = new Sink();
  const stage = factory.create!(configOf(factory, settings), sink, context);
  await stage.start?.(host);
  return {
    clock,
    context,
    host,
    stage,
    send: async (...traces: number[]): Promise<void> => {
      const spans = traces.map((trace) => ({ traceId: trace.toString(16).padStart(32, '0'), name: `t${trace}` }));
      using batch = fromPlain('traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] } as unknown as PlainMessage, host.pool);
      await stage.consume(batch);
    },
    out: (): string[] =>
      sink.requests.map((bytes) => {
        const { resourceSpans } = toPlain('traces', bytes) as unknown as {
          resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
        };
        return resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans.map(({ name }) => name))).join(' ');
      }),
    metrics: async (): Promise<Record<string, unknown>> => {
      const { resourceMetrics } = await reader.collect();
      return Object.fromEntries(
        resourceMetrics.scopeMetrics[0]!.metrics.map(({ descriptor, dataPoints }) => {
          expect(dataPoints[0]!.attributes).toEqual({ processor: 'groupbytrace' });
          return [descriptor.name.replace('processor_groupbytrace_', ''), dataPoints[0]!.value];
        }),
      );
    },
    stop: (): Promise<void> => passTime(clock, Promise.resolve(stage.shutdown?.(noDeadline())) as Promise<void>),
  };
}

describe('groupbytrace', () => {
  it('passes the spans of each trace on in a batch of their own, wait_duration after the first', async () => {
    const { clock, send, out, context, stop } = await lab({ wait_duration: '1s' });
    await send(1, 2, 1);
    await clock.advance(500);
    await send(2, 3, 1);
    await clock.advance(490);
    expect(out()).toEqual([]);
    await clock.advance(20);
    expect(out()).toEqual(['t1 t1 t1', 't2 t2']);
    await send(1);
    await clock.advance(490);
    expect(out()).toEqual(['t1 t1 t1', 't2 t2', 't3']);
    expect(context.items.held).toBe(1);
    await clock.advance(600);
    expect(out()).toEqual(['t1 t1 t1', 't2 t2', 't3', 't1']);
    expect([context.items.held, clock.pending]).toEqual([0, 0]);
    await stop();
  });

  it('gives up the oldest trace when there are more than num_traces, and says so', async () => {
    const { clock, send, out, context, metrics, stop } = await lab({ wait_duration: '1s', num_traces: 2 });
    await send(1, 1, 2, 3, 2);
    expect(context.items.dropped).toEqual({ evicted: 2 });
    expect(context.lines[0]).toMatchObject({ level: 'info', message: expect.stringMatching(/^trace evicted: /) as unknown as string });
    await clock.advance(1_100);
    expect(out()).toEqual(['t2 t2', 't3']);
    expect(await metrics()).toEqual({
      conf_num_traces: 2,
      num_traces_in_memory: 0,
      traces_released: 2,
      spans_released: 3,
      traces_evicted: 1,
      incomplete_releases: 1,
    });
    await stop();
  });

  it('shares num_traces among num_workers', async () => {
    const { send, out, context, stop } = await lab({ num_traces: 4, num_workers: 2 });
    // Even ones belong to one worker, odd ones to the other.
    await send(2, 4, 6, 1, 3);
    expect(context.items.dropped).toEqual({ evicted: 1 });
    await stop();
    expect(out().sort()).toEqual(['t1', 't3', 't4', 't6']);
  });

  it('passes on what it holds when it stops', async () => {
    const { send, out, context, host, stop, stage } = await lab({ wait_duration: '1h' });
    await send(1, 2, 1);
    await stop();
    expect(out()).toEqual(['t1 t1', 't2']);
    expect([context.items.held, host.memory.accounted]).toEqual([0, 0]);
    await expect(send(3)).rejects.toMatchObject({ kind: 'retryable', message: 'groupbytrace is not running' });
    expect(stage.refusing?.()?.message).toBe('groupbytrace is not running');
  });

  it('refuses data while the memory budget is spent', async () => {
    const { clock, send, stage, stop } = await lab({ wait_duration: '1s' }, 200_000);
    expect(stage.refusing?.()).toBeUndefined();
    await send(1);
    expect(stage.refusing?.()).toMatchObject({ kind: 'retryable', message: 'groupbytrace is full: the memory budget is spent' });
    await expect(send(2)).rejects.toMatchObject({ kind: 'retryable' });
    await clock.advance(1_100);
    await send(2);
    await stop();
  });

  it.each([
    [{ store_on_disk: true }, "option 'disk storage' not supported in this release"],
    [{ discard_orphans: true }, "option 'discard orphans' not supported in this release"],
    [{ num_traces: 2, num_workers: 3 }, 'num_workers must not exceed num_traces'],
    [{ wait_duration: '-1s' }, 'wait_duration must not be negative'],
  ])('refuses %j', (settings, problem) => {
    expect(factory.validateConfig!(configOf(factory, settings))).toEqual([problem]);
  });
});
