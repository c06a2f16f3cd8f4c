import { describe, expect, it } from '@jest/globals';
import { configOf, exampleBatch, FakeClock, Sink, testContext, testHost } from '@millrace/api/testing';
import type { Signal } from '@millrace/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { collectGarbage } from '../src/collect-garbage.ts';
import { factory } from '../src/index.ts';

class OnDemand extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

describe('The metrics of memory_limiter', () => {
  it.each([
    ['traces', 'spans'],
    ['metrics', 'metric_points'],
    ['logs', 'log_records'],
    ['profiles', 'profile_samples'],
  ] as const)('count accepted and refused items of %s', async (signal: Signal, noun) => {
    collectGarbage('major');
    const reader = new OnDemand();
    const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
    const context = testContext({ id: 'memory_limiter/a', clock: new FakeClock(), meter, signal });
    const stage = factory.create!(configOf(factory, { check_interval: '1s', limit_mib: 100 }), new Sink(), context);
    const host = testHost();
    await stage.start?.(host);
    using batch = exampleBatch(host.pool, signal, 3);
    await stage.consume(batch);
    host.memory.add(200 * 1024 * 1024);
    expect(() => stage.consume(batch)).toThrow('data refused');
    expect(() => stage.consume(batch)).toThrow('data refused');
    const { resourceMetrics } = await reader.collect();
    const found = resourceMetrics.scopeMetrics[0].metrics.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints[0].value,
      dataPoints[0].attributes,
    ]);
    expect(found).toEqual([
      [`processor_memory_limiter_accepted_${noun}`, 3, { processor: 'memory_limiter/a' }],
      [`processor_memory_limiter_refused_${noun}`, 6, { processor: 'memory_limiter/a' }],
    ]);
    await stage.shutdown?.(AbortSignal.abort());
  });
});
