import { Sink, configOf, exampleBatch, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { admit, BatchBuilder, noClient, walk } from '@millrace/wire';
import { PipelineError } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import type { SumConfig } from '../src/config.ts';
import { factory } from '../src/index.ts';

async function start(settings: object, refusal?: PipelineError) {
  const context = testContext({ id: 'sum', kind: 'connector', signal: 'traces' });
  const host = testHost();
  const sink = new Sink();
  const sums: number[] = [];
  sink.before = (batch) => {
    if (refusal !== undefined) throw refusal;
    walk([{ onDataPoint: (point) => void sums.push(point.number) }], () => undefined).run(batch);
    return undefined;
  };
  const stage = factory.create(configOf(factory, settings), { all: sink, byPipeline: new Map([['metrics', sink]]) }, context);
  await stage.start!(host);
  return { context, host, sums, stage };
}

const spans = { spans: { s: { source_attribute: 'n' } } };

describe('A value', () => {
  it.each([
    ['1.5', 1.5],
    ['-2e3', -2000],
    ['.5', 0.5],
    ['inf', Infinity],
    ['-Infinity', -Infinity],
    ['NaN', NaN],
    ['', 0],
    [' 1', 0],
    ['0x10', 0],
    [7n, 7],
    [2.5, 2.5],
    [true, 0],
    [['1'], 0],
  ])('%j is %d', async (value, sum) => {
    const { stage, host, sums } = await start(spans);
    const builder = new BatchBuilder('traces', host.pool);
    builder
      .resource()
      .scope()
      .span({ name: 's', attributes: { n: value } });
    using batch = builder.finish()!;
    await stage.consume(batch);
    expect(sums).toEqual([sum]);
  });
});

describe('A batch', () => {
  it('is absorbed when its sums are taken', async () => {
    const { stage, host, context } = await start(spans);
    using batch = exampleBatch(host.pool, 'traces', 5);
    await stage.consume(batch);
    expect(context.items).toMatchObject({ absorbed: 5, created: 1, held: 0, dropped: {} });
  });

  it('is refused as its sums are', async () => {
    const { stage, host, context } = await start(spans, new PipelineError('full', { kind: 'retryable' }));
    using batch = exampleBatch(host.pool, 'traces', 5);
    expect(() => stage.consume(batch)).toThrow('full');
    expect(context.items).toMatchObject({ absorbed: 0, created: 0 });
  });

  it('is refused when a condition fails on it, and leaves nothing behind', async () => {
    const { stage, host, sums } = await start({
      spans: { a: { source_attribute: 'n' }, b: { source_attribute: 'n', conditions: ['1 / kind == 1'] } },
    });
    using batch = exampleBatch(host.pool, 'traces', 5);
    expect(() => stage.consume(batch)).toThrow('failed to eval condition: 1 / kind == 1');
    const builder = new BatchBuilder('traces', host.pool);
    builder
      .resource()
      .scope()
      .span({ name: 's', kind: 1, attributes: { n: 3n } });
    using fine = builder.finish()!;
    await stage.consume(fine);
    expect(sums).toEqual([3, 3]);
  });

  it('is refused when it has a metric without a type', async () => {
    const { stage, host } = await start({ datapoints: { s: { source_attribute: 'n' } } });
    const bytes = Buffer.from([0x0a, 0x06, 0x12, 0x04, 0x12, 0x02, 0x0a, 0x00]);
    const lease = host.pool.lease(bytes.length);
    bytes.copy(lease.buffer);
    using batch = admit('metrics', lease, 0, bytes.length, noClient);
    expect(() => stage.consume(batch)).toThrow('metric "": invalid metric type: Empty');
  });

  it('is refused after the end', async () => {
    const { stage, host } = await start(spans);
    await stage.shutdown!(noDeadline());
    using batch = exampleBatch(host.pool, 'traces', 1);
    expect(() => stage.consume(batch)).toThrow('sum is not running');
  });
});

describe('The settings', () => {
  it('have all their problems told', () => {
    const config = configOf<SumConfig>(factory, {
      spans: { '': { source_attribute: 'a' }, x: {} },
      logs: { y: { source_attribute: 'a', attributes: [{}], conditions: ['name =='] } },
    });
    expect(factory.validateConfig!(config)).toEqual([
      'spans: metric name missing',
      'spans: metric source_attribute missing',
      expect.stringContaining('logs condition: metric "y": '),
      'logs attributes: metric "y": attribute key missing',
    ]);
  });
});
