import { describe, expect, it } from '@jest/globals';
import { configOf, exampleBatch, itemNames, noDeadline, processorContract, Sink, testContext, testHost } from '@millrace/api/testing';
import { BatchBuilder } from '@millrace/wire';
import type { Client } from '@millrace/wire';
import { PipelineError } from '@millrace/api';
import * as test from '@jest/globals';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { factory } from '../src/index.ts';

processorContract(test, factory, { config: configOf(factory, { keys: ['name'] }) });

class Reader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

describe('Processor groupbyattrs', () => {
  it('keeps the client of a batch', () => {
    const clients: Client[] = [];
    const next = { consume: (batch: { client: Client }) => void clients.push(batch.client) };
    const client: Client = { metadata: new Map([['x-tenant', ['acme']]]) };
    const stage = factory.create!(configOf(factory), next as never, testContext());
    using batch = exampleBatch(testHost().pool, 'traces', 3, 0, client);
    void stage.consume(batch);
    expect(clients).toEqual([client]);
  });

  it('passes on what has nothing to group: profiles, and nothing for batches without items', async () => {
    const { pool } = testHost();
    const sink = new Sink();
    const stage = factory.create!(configOf(factory), sink, testContext({ signal: 'profiles' }));
    using profiles = exampleBatch(pool, 'profiles', 2);
    await stage.consume(profiles);
    expect(itemNames(sink.requests)).toHaveLength(2);
    using empty = exampleBatch(pool, 'logs', 0);
    await stage.consume(empty);
    expect(sink.requests).toHaveLength(1);
  });

  it('refuses when the next component does', () => {
    const error = new PipelineError('full', { kind: 'retryable' });
    const next = { consume: () => undefined, refusing: () => error };
    expect(factory.create!(configOf(factory), next, testContext()).refusing!()).toBe(error);
  });

  it('counts items and groups under the names of the Collector', async () => {
    const reader = new Reader();
    const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
    const { pool } = testHost();
    const stage = factory.create!(configOf(factory, { keys: ['host'] }), new Sink(), testContext({ signal: 'logs', meter }));
    const builder = new BatchBuilder('logs', pool);
    const scope = builder.resource().scope();
    for (const host of ['a', 'b', 'a']) scope.log({ attributes: { host } });
    scope.log({});
    using batch = builder.finish()!;
    await stage.consume(batch);
    await stage.shutdown?.(noDeadline());
    const { resourceMetrics } = await reader.collect();
    const values = resourceMetrics.scopeMetrics[0]!.metrics.map(({ descriptor, dataPoints }) => {
      const value = dataPoints[0]!.value;
      expect(dataPoints[0]!.attributes).toEqual({ processor: 'test' });
      return [descriptor.name, typeof value === 'number' ? value : (value as { sum: number }).sum];
    });
    expect(Object.fromEntries(values)).toEqual({
      processor_groupbyattrs_log_groups: 3,
      processor_groupbyattrs_num_grouped_logs: 3,
      processor_groupbyattrs_num_non_grouped_logs: 1,
    });
  });
});
