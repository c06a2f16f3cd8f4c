import { describe, expect, it } from '@jest/globals';
import { configOf, FakeClock, processorContract, Sink, testContext, testHost } from '@millrace/api/testing';
import { admitJson, noClient } from '@millrace/wire';
import { factory } from '../src/index.ts';

processorContract({ describe, it, expect }, factory, { config: configOf(factory, { metrics: ['metric'] }) });

describe('deltatorate', () => {
  it('needs metrics', () => {
    expect(factory.validateConfig!(configOf(factory))).toEqual(['metric names are missing']);
  });

  it('says once a minute that a metric is no delta sum', async () => {
    const clock = new FakeClock();
    const context = testContext({ signal: 'metrics', clock });
    const sink = new Sink();
    const stage = factory.create!(configOf(factory, { metrics: ['a'] }), sink, context);
    const { pool } = testHost();
    const body = Buffer.from('{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]}');
    for (const waitMs of [0, 59_999, 1]) {
      await clock.advance(waitMs);
      const lease = pool.lease(body.length);
      lease.buffer.set(body);
      using batch = admitJson('metrics', lease, 0, body.length, noClient);
      await stage.consume(batch);
    }
    expect(context.lines.map(({ message }) => message)).toEqual(
      Array(2).fill('Configured metric for rate calculation a is not a delta sum'),
    );
    expect(sink.items).toBe(3);
  });
});
