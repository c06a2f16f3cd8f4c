import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import { connectorContract, exampleBatch, Sink, testContext, testHost } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

connectorContract({ describe, it, expect }, factory, { config: {} });

describe('roundrobin', () => {
  it('hands each batch, as it is, to the next pipeline in turn', async () => {
    const sinks = [new Sink(), new Sink(), new Sink()];
    const byPipeline = new Map(sinks.map((sink, index) => [`traces/${index}`, sink]));
    const stage = factory.create({}, { all: new Sink(), byPipeline }, testContext({ kind: 'connector' }));
    const { pool } = testHost();
    for (let items = 1; items <= 5; items++) {
      using batch = exampleBatch(pool, 'traces', items);
      await stage.consume(batch);
    }
    expect(sinks.map(({ items }) => items)).toEqual([1 + 4, 2 + 5, 3]);
  });

  it('refuses while all pipelines do, and goes on in turn after a refusal', async () => {
    const refusal = new PipelineError('full', { kind: 'retryable' });
    const first = Object.assign(new Sink(), { refusing: (): PipelineError | undefined => refusal });
    const second = Object.assign(new Sink(), { refusing: (): PipelineError | undefined => undefined });
    first.before = () => {
      throw refusal;
    };
    const byPipeline = new Map([
      ['traces/a', first],
      ['traces/b', second],
    ]);
    const stage = factory.create({}, { all: new Sink(), byPipeline }, testContext({ kind: 'connector' }));
    expect(stage.refusing?.()).toBeUndefined();
    using batch = exampleBatch(testHost().pool, 'traces', 2);
    expect(() => stage.consume(batch)).toThrow('full');
    await stage.consume(batch);
    expect(second.items).toBe(2);
    second.refusing = () => refusal;
    expect(stage.refusing?.()).toBe(refusal);
  });
});
