import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import { configOf, FakeClock, processorContract, Sink, testContext, testHost } from '@millrace/api/testing';
import { admitJson, noClient } from '@millrace/wire';
import { factory } from '../src/index.ts';

processorContract({ describe, it, expect }, factory, { config: configOf(factory) });

function setUp() {
  const clock = new FakeClock();
  const context = testContext({ signal: 'metrics', clock });
  const sink = new Sink();
  const stage = factory.create!(configOf(factory, { interval: '10s' }), sink, context);
  const host = testHost();
  return {
    clock,
    context,
    sink,
    stage,
    host,
    start: async () => stage.start?.(host),
    /** Sends gauges, one for each value of the attribute `s`. */
    async send(series: readonly string[], time = 1): Promise<void> {
      const points = series.map((s) => ({ asInt: '1', timeUnixNano: String(time), attributes: [{ key: 's', value: { stringValue: s } }] }));
      const body = Buffer.from(
        JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: points } }] }] }] }),
      );
      const lease = host.pool.lease(body.length);
      lease.buffer.set(body);
      using batch = admitJson('metrics', lease, 0, body.length, noClient);
      await stage.consume(batch);
    },
  };
}

describe('interval', () => {
  it('sends the last points at the end of every interval, and begins anew', async () => {
    const { start, send, clock, sink, context } = setUp();
    await start();
    await send(['a', 'b']);
    await send(['a'], 2);
    await clock.advance(9_999);
    expect(sink.items).toBe(0);
    expect(context.items).toMatchObject({ held: 3, absorbed: 0 });
    await clock.advance(1);
    expect(sink.items).toBe(2);
    expect(context.items).toMatchObject({ held: 0, absorbed: 1 });
    await clock.advance(10_000);
    await send(['a'], 1);
    await clock.advance(10_000);
    expect(sink.items).toBe(3);
  });

  it('sends what it has at shutdown', async () => {
    const { start, send, sink, stage, clock } = setUp();
    await start();
    await send(['a']);
    await stage.shutdown?.(AbortSignal.timeout(1000));
    expect(sink.items).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('counts what the next component refuses', async () => {
    const { start, send, sink, clock, context } = setUp();
    await start();
    await send(['a']);
    sink.before = () => {
      throw new PipelineError('full', { kind: 'retryable' });
    };
    await clock.advance(10_000);
    expect(context.items).toMatchObject({ held: 0, dropped: { refused: 1 } });
    expect(context.lines).toMatchObject([{ message: 'Metrics export failed' }]);
  });

  it('holds no more than about twice the series', async () => {
    const { start, send, sink, clock, context, host } = setUp();
    await start();
    const series = Array.from({ length: 100 }, (_, i) => `s${i}`);
    for (let time = 1; time <= 60; time++) await send(series, time);
    const free = host.memory.available;
    const heldBytes = 256 * 1024 * 1024 - free;
    for (let time = 61; time <= 600; time++) await send(series, time);
    expect(free - host.memory.available).toBeLessThanOrEqual(heldBytes);
    await clock.advance(10_000);
    expect(sink.items).toBe(100);
    expect(context.items).toMatchObject({ held: 0, absorbed: 100 * 599 });
  });

  it('needs an interval', () => {
    expect(factory.validateConfig!(configOf(factory, { interval: '0s' }))).toEqual(['invalid interval value']);
  });
});
