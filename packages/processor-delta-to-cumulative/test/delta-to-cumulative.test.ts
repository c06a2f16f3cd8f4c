import { describe, expect, it } from '@jest/globals';
import { configOf, FakeClock, processorContract, Sink, testContext, testHost } from '@millrace/api/testing';
import { admitJson, noClient } from '@millrace/wire';
import { decode } from '../../wire/test/reference.ts';
import { factory } from '../src/index.ts';

processorContract({ describe, it, expect }, factory, { config: configOf(factory) });

const second = 1_000_000_000n;

function setUp(settings: object = {}, budgetBytes?: number) {
  const clock = new FakeClock();
  const context = testContext({ signal: 'metrics', clock });
  const sink = new Sink();
  const stage = factory.create!(configOf(factory, settings), sink, context);
  const host = testHost(budgetBytes);
  return {
    clock,
    context,
    host,
    sink,
    stage,
    start: () => stage.start?.(host),
    /** Sends a delta of one series, seen now. */
    async send(value: number, series = 'a'): Promise<void> {
      const time = String(BigInt(clock.now()) * 1_000_000n);
      const point = {
        asInt: String(value),
        timeUnixNano: time,
        startTimeUnixNano: String(second),
        attributes: [{ key: 's', value: { stringValue: series } }],
      };
      const metric = { name: 'm', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point] } };
      const body = Buffer.from(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] }));
      const lease = host.pool.lease(body.length);
      lease.buffer.set(body);
      using batch = admitJson('metrics', lease, 0, body.length, noClient);
      await stage.consume(batch);
    },
    values: () =>
      sink.requests.map((bytes) =>
        Number(
          /"asInt":"?(\d+)/.exec(
            JSON.stringify(decode('metrics', bytes), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
          )?.[1],
        ),
      ),
  };
}

describe('deltatocumulative', () => {
  it('forgets a series that was not seen for max_stale', async () => {
    const { start, send, clock, values, stage } = setUp({ max_stale: '90s' });
    await start();
    await send(5);
    await clock.advance(60_000);
    await send(7);
    await clock.advance(90_000);
    await send(1);
    await clock.advance(180_000);
    await send(9);
    expect(values()).toEqual([5, 12, 13, 9]);
    await stage.shutdown?.(AbortSignal.timeout(1000));
    expect(clock.pending).toBe(0);
  });

  it('counts what it drops by reason', async () => {
    const { start, send, context } = setUp({ max_streams: 1 });
    await start();
    await send(5);
    await send(5);
    await send(7, 'b');
    expect(context.items.dropped).toEqual({ limit: 1, out_of_order: 1 });
  });

  it('takes no new series when memory is used up', async () => {
    const { start, send, context, host, values, clock } = setUp({}, 2 ** 20);
    await start();
    await send(5);
    const other = host.memory.account();
    other.set(host.memory.available);
    await send(1, 'b');
    await clock.advance(1000);
    await send(3);
    expect(context.items.dropped).toEqual({ memory_limit: 1 });
    expect(values()).toEqual([5, 8]);
  });

  it.each([
    [{ max_stale: '0s' }, 'max_stale must be a positive duration (got 0s)'],
    [{ max_streams: -1 }, 'max_streams must be a positive number (got -1)'],
  ])('says what is wrong with %j', (settings, problem) => {
    expect(factory.validateConfig!(configOf(factory, settings))).toEqual([problem]);
  });
});
