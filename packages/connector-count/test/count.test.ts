import { Sink, configOf, exampleBatch, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { type Batch, isPermanent, PipelineError } from '@millrace/api';
import { BatchBuilder } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import type { CountConfig } from '../src/config.ts';
import { factory } from '../src/index.ts';

function start(settings: object = {}, refusal?: PipelineError) {
  const context = testContext({ id: 'count', kind: 'connector', signal: 'traces' });
  const host = testHost();
  const sink = new Sink();
  sink.before = () => {
    if (refusal !== undefined) throw refusal;
    return undefined;
  };
  const stage = factory.create(configOf(factory, settings), { all: sink, byPipeline: new Map([['metrics', sink]]) }, context);
  return { context, host, sink, stage };
}

describe('A batch', () => {
  it('is absorbed when its counts are taken', async () => {
    const { stage, host, sink, context } = start();
    await stage.start!(host);
    using batch = exampleBatch(host.pool, 'traces', 5);
    await stage.consume(batch);
    expect(sink.items).toBe(1);
    expect(context.items).toMatchObject({ absorbed: 5, created: 1, held: 0, dropped: {} });
  });

  it('is refused as its counts are', async () => {
    const { stage, host, context } = start({}, new PipelineError('full', { kind: 'retryable' }));
    await stage.start!(host);
    using batch = exampleBatch(host.pool, 'logs', 5);
    expect(() => stage.consume(batch)).toThrow('full');
    expect(context.items).toMatchObject({ absorbed: 0, created: 0, held: 0 });
  });

  it('is refused when a condition fails on it, and leaves nothing behind', async () => {
    const { stage, host, sink } = start({ spans: { x: { conditions: ['1 / kind == 1'] } } });
    await stage.start!(host);
    const refused = (batch: Batch): unknown => {
      try {
        return stage.consume(batch);
      } catch (error) {
        return error;
      }
    };
    using batch = exampleBatch(host.pool, 'traces', 5);
    const error = refused(batch);
    expect((error as Error).message).toContain('failed to eval condition: 1 / kind == 1');
    expect(isPermanent(error)).toBe(false);
    expect(sink.items).toBe(0);
  });

  it('is refused when it has a metric without a type', async () => {
    const { stage, host } = start();
    await stage.start!(host);
    const bytes = Buffer.from([0x0a, 0x06, 0x12, 0x04, 0x12, 0x02, 0x0a, 0x00]);
    const lease = host.pool.lease(bytes.length);
    bytes.copy(lease.buffer);
    const { admit, noClient } = await import('@millrace/wire');
    using batch = admit('metrics', lease, 0, bytes.length, noClient);
    expect(() => stage.consume(batch)).toThrow('metric "": invalid metric type: Empty');
  });

  it('is refused before the start and after the end', async () => {
    const { stage, host } = start();
    using batch = exampleBatch(host.pool, 'traces', 1);
    expect(() => stage.consume(batch)).toThrow('count is not running');
    await stage.start!(host);
    await stage.shutdown!(noDeadline());
    expect(() => stage.consume(batch)).toThrow('count is not running');
  });
});

describe('Counts', () => {
  it('of what an attribute tells apart are bounded by the batch', async () => {
    const { stage, host, sink, context } = start({ spans: { x: { attributes: [{ key: 'id' }] } } });
    await stage.start!(host);
    for (let round = 0; round < 2; round++) {
      const builder = new BatchBuilder('traces', host.pool);
      const scope = builder.resource().scope();
      for (let i = 0; i < 100; i++) scope.span({ name: 's', attributes: { id: BigInt(i) } });
      using batch = builder.finish()!;
      await stage.consume(batch);
    }
    expect(sink.items).toBe(200);
    expect(context.items).toMatchObject({ absorbed: 200, created: 200 });
  });
});

describe('The settings', () => {
  it.each([
    [{}, []],
    [{ spans: { '': {} } }, ['spans: metric name missing']],
    [{ logs: { x: { attributes: [{}] } } }, ['logs attributes: metric "x": attribute key missing']],
    [{ datapoints: { x: { attributes: [{ key: '' }] } } }, ['spans attributes: metric "x": attribute key missing']],
    [{ metrics: { x: { attributes: [{ key: 'a' }] } } }, ['metrics attributes not supported: metric "x"']],
  ])('%j have the problems %j', (settings, problems) => {
    expect(factory.validateConfig!(configOf<CountConfig>(factory, settings))).toEqual(problems);
  });

  it.each(['spans', 'spanevents', 'metrics', 'datapoints', 'logs'])('say where a condition of %s is wrong', (kind) => {
    const config = configOf<CountConfig>(factory, { [kind]: { x: { conditions: ['name =='] } } });
    expect(factory.validateConfig!(config)[0]).toMatch(`${kind} condition: metric "x": `);
  });
});
