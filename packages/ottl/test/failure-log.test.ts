import { describe, expect, it } from '@jest/globals';
import { testContext, testHost } from '@millrace/api/testing';
import type { FakeClock } from '@millrace/api/testing';
import { FailureLog, OttlError, TransformContext } from '@millrace/ottl';
import { BatchBuilder, walk } from '@millrace/wire';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

class Reader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

describe('FailureLog', () => {
  it('tells the first failure of a text, then how many there were every ten seconds, and counts all', async () => {
    const reader = new Reader();
    const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
    const context = testContext({ id: 'filter/a', meter });
    const log = new FailureLog(context, { message: 'failed', field: 'condition', metric: 'processor_x_failures' });
    const report = log.reportFor('span');
    const shown = new TransformContext();
    const builder = new BatchBuilder('traces', testHost().pool);
    builder
      .resource({ 'service.name': 'shop' })
      .scope()
      .span({ name: 'a', attributes: { password: 'x', n: 'y' } });
    using batch = builder.finish()!;
    const fail = (text: string, times: number): void => {
      walk(
        [
          {
            onSpan: (span) => {
              for (let i = 0; i < times; i++) report(text, new OttlError('no'), shown.onSpan(span));
            },
          },
        ],
        (_, error) => {
          throw error;
        },
      ).run(batch);
    };
    fail('one', 5);
    fail('two', 1);
    await (context.clock as FakeClock).advance(10_000);
    fail('one', 3);
    expect(
      context.lines.map(({ level, message, attributes }) => [level, message, attributes!['condition'], attributes!['failures']]),
    ).toEqual([
      ['warn', 'failed', 'one', 1],
      ['warn', 'failed', 'two', 1],
      ['warn', 'failed', 'one', 5],
    ]);
    expect(context.lines[0]!.attributes).toMatchObject({
      error: 'no',
      item: { name: 'a', attributes: { password: '[REDACTED]', n: 'y' }, resource: { 'service.name': 'shop' } },
    });
    const { resourceMetrics } = await reader.collect();
    const [metric] = resourceMetrics.scopeMetrics[0]!.metrics;
    expect(metric).toMatchObject({
      descriptor: { name: 'processor_x_failures' },
      dataPoints: [{ value: 9, attributes: { processor: 'filter/a' } }],
    });
  });
});
