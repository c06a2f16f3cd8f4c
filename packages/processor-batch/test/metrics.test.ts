import { describe, expect, it } from '@jest/globals';
import { configOf, exampleBatch, FakeClock, noDeadline, passTime, Sink, testContext, testHost } from '@millrace/api/testing';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { factory } from '../src/index.ts';

class OnDemand extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

async function measured(settings: object, sizes: readonly number[], tenants: readonly string[] = []) {
  const reader = new OnDemand();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  const context = testContext({ id: 'batch/a', clock: new FakeClock(), meter });
  const stage = factory.create!(configOf(factory, settings), new Sink(), context);
  const host = testHost();
  await stage.start?.(host);
  for (const [i, size] of sizes.entries()) {
    const client = { metadata: new Map([['tenant', [tenants[i] ?? '']]]) };
    using batch = exampleBatch(host.pool, 'traces', size, 0, client);
    await stage.consume(batch);
  }
  await (context.clock as FakeClock).advance(1000);
  const { resourceMetrics } = await reader.collect();
  await passTime(context.clock, Promise.resolve(stage.shutdown?.(noDeadline())));
  const points = resourceMetrics.scopeMetrics[0].metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]] as const);
  for (const [, { attributes }] of points) expect(attributes).toEqual({ processor: 'batch/a' });
  return Object.fromEntries(points.map(([name, { value }]) => [name.replace('processor_batch_', ''), value]));
}

describe('The metrics of batch', () => {
  it('tell how large batches are and what made them go', async () => {
    const found = await measured({ send_batch_size: 10, send_batch_max_size: 10, timeout: '1s' }, [25, 3, 1]);
    expect(found).toMatchObject({
      batch_size_trigger_send: 2,
      timeout_trigger_send: 1,
      metadata_cardinality: 1,
      batch_send_size: { count: 3, sum: 29, min: 9, max: 10 },
      batch_send_size_bytes: { count: 3 },
    });
  });

  it('tell how many combinations of metadata there are', async () => {
    const found = await measured({ metadata_keys: ['tenant'], timeout: '1s' }, [1, 1, 1], ['a', 'b', 'a']);
    expect(found).toMatchObject({ metadata_cardinality: 2, timeout_trigger_send: 2, batch_size_trigger_send: 0 });
  });
});
