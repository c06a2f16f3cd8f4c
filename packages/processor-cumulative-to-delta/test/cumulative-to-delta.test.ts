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
  const stage = factory.create!(configOf(factory, { initial_value: 'keep', ...settings }), sink, context);
  const host = testHost(budgetBytes);
  return {
    clock,
    context,
    host,
    sink,
    stage,
    start: () => stage.start?.(host),
    /** Sends a cumulative sum of one series, seen now. */
    async send(value: number, series = 'a'): Promise<void> {
      const time = String(BigInt(clock.now()) * 1_000_000n);
      const point = {
        asInt: String(value),
        timeUnixNano: time,
        startTimeUnixNano: String(second),
        attributes: [{ key: 's', value: { stringValue: series } }],
      };
      const metric = { name: 'm', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] } };
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

describe('cumulativetodelta', () => {
  it('forgets a series that was not seen for max_staleness', async () => {
    const { start, send, clock, values, stage } = setUp({ max_staleness: '10s' });
    await start();
    await send(5);
    await clock.advance(9_000);
    await send(7);
    await clock.advance(25_000);
    await send(9);
    expect(values()).toEqual([5, 2, 9]);
    await stage.shutdown?.(AbortSignal.timeout(1000));
    expect(clock.pending).toBe(0);
  });

  it('remembers for ever without max_staleness', async () => {
    const { start, send, clock, values } = setUp();
    await start();
    await send(5);
    await clock.advance(3_600_000);
    await send(7);
    expect(values()).toEqual([5, 2]);
  });

  it('counts what it drops by reason', async () => {
    const { start, send, context } = setUp({ initial_value: 'drop' });
    await start();
    await send(5);
    await send(7);
    await send(3);
    await send(1, 'b');
    expect(context.items.dropped).toEqual({ initial: 2, reset: 1 });
  });

  it('takes no new series when memory is used up', async () => {
    const { start, send, context, host, values } = setUp({}, 2 ** 20);
    await start();
    await send(5);
    const other = host.memory.account();
    other.set(host.memory.available);
    await send(1, 'b');
    await send(8);
    expect(context.items.dropped).toEqual({ memory_limit: 1 });
    expect(values()).toEqual([5, 3]);
  });

  it.each([
    [{ include: { metrics: ['a'] } }, 'include: match_type must be set if metrics are supplied'],
    [{ exclude: { match_type: 'strict' } }, 'exclude: metrics must be supplied if match_type is set'],
    [{ include: { match_type: 'glob', metrics: ['a'] } }, "include: unrecognized match_type: 'glob', valid types are: [regexp strict]"],
    [
      { exclude: { metric_types: ['gauge'] } },
      'exclude: found invalid metric type in exclude.metric_types: gauge. Valid values are [exponentialhistogram histogram sum]',
    ],
    [{ max_staleness: '-1s' }, 'max_staleness: must not be negative'],
  ])('says what is wrong with %j', (settings, problem) => {
    expect(factory.validateConfig!(configOf(factory, settings))).toEqual([problem]);
  });
});
