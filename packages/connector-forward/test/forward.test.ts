import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import { exampleBatch, Sink, testContext, testHost } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

describe('forward', () => {
  it('supports each signal with itself only', () => {
    expect(Object.entries(factory.signals).map(([from, to]) => [from, Object.keys(to)])).toEqual([
      ['traces', ['traces']],
      ['metrics', ['metrics']],
      ['logs', ['logs']],
      ['profiles', ['profiles']],
    ]);
  });

  it('hands a batch to the pipelines behind it and says when they refuse', async () => {
    const sink = new Sink();
    const refusal = new PipelineError('full', { kind: 'retryable' });
    const next = Object.assign(sink, { refusing: () => refusal });
    const stage = factory.create({}, { all: next, byPipeline: new Map() }, testContext({ kind: 'connector' }));
    using batch = exampleBatch(testHost().pool, 'traces', 10);
    await stage.consume(batch);
    expect(sink.items).toBe(10);
    expect(stage.refusing?.()).toBe(refusal);
  });
});
