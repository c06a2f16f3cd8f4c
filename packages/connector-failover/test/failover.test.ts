import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import type { Consumed } from '@millrace/api';
import { configOf, connectorContract, exampleBatch, FakeClock, Sink, testContext, testHost } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

connectorContract({ describe, it, expect }, factory, { config: configOf(factory, { priority_levels: [] }) });

const refusal = new PipelineError('down', { kind: 'retryable' });

/** Pipelines in levels, each of which can be switched off. */
function setUp(levels: readonly (readonly string[])[], settings: object = {}) {
  const clock = new FakeClock();
  const context = testContext({ kind: 'connector', clock });
  const sinks: Record<string, Sink> = {};
  const down = new Set<string>();
  for (const name of levels.flat()) {
    const sink = (sinks[name] = new Sink());
    sink.before = (): Consumed => {
      if (down.has(name)) throw refusal;
      if (down.has(`later ${name}`)) return Promise.reject(refusal);
      return undefined;
    };
  }
  const config = configOf(factory, { priority_levels: levels, ...settings });
  const stage = factory.create(config, { all: new Sink(), byPipeline: new Map(Object.entries(sinks)) }, context);
  const { pool } = testHost();
  return {
    clock,
    context,
    down,
    stage,
    items: () => Object.fromEntries(Object.entries(sinks).map(([name, { items }]) => [name, items])),
    async send(): Promise<void> {
      using batch = exampleBatch(pool, 'traces', 1);
      await stage.consume(batch);
    },
  };
}

describe('failover', () => {
  it('uses the first level while it takes data, whatever retry_gap and max_retries are', async () => {
    const { send, items } = setUp([['a'], ['b']], { retry_gap: '30s', max_retries: 3 });
    await send();
    await send();
    expect(items()).toEqual({ a: 2, b: 0 });
  });

  it.each(['a', 'later a'])('uses the next level from the batch on that %s refuses, and says so', async (state) => {
    const { send, items, down, context } = setUp([['a'], ['b'], ['c']]);
    down.add(state);
    await send();
    down.clear();
    await send();
    expect(items()).toEqual({ a: 0, b: 2, c: 0 });
    expect(context.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn A level refuses data',
      'info A lower level is in use',
    ]);
  });

  it('offers one batch every retry_interval to the levels above, and goes back to the first that takes it', async () => {
    const { send, items, down, clock } = setUp([['a'], ['b'], ['c']], { retry_interval: '1m' });
    down.add('a').add('b');
    await send();
    await clock.advance(59_000);
    down.delete('b');
    await send();
    expect(items()).toEqual({ a: 0, b: 0, c: 2 });
    await clock.advance(1_000);
    await send();
    await send();
    expect(items()).toEqual({ a: 0, b: 2, c: 2 });
    down.delete('a');
    await clock.advance(60_000);
    await send();
    await clock.advance(600_000);
    await send();
    expect(items()).toEqual({ a: 2, b: 2, c: 2 });
  });

  it('keeps the level in use when those above still refuse', async () => {
    const { send, items, down, clock, context } = setUp([['a'], ['b']]);
    down.add('a');
    await send();
    await clock.advance(600_000);
    await send();
    await send();
    expect(items()).toEqual({ a: 0, b: 3 });
    expect(context.lines).toHaveLength(2);
  });

  it('gives all pipelines of a level the data, and leaves the level when one refuses', async () => {
    const { send, items, down } = setUp([['a', 'b'], ['c']]);
    await send();
    expect(items()).toEqual({ a: 1, b: 1, c: 0 });
    down.add('b');
    await send();
    expect(items()).toEqual({ a: 2, b: 1, c: 1 });
    const second = setUp([['a', 'b'], ['c']]);
    second.down.add('later a');
    await second.send();
    expect(second.items()).toEqual({ a: 0, b: 1, c: 1 });
  });

  it('refuses a batch that no level takes, and starts at the first level with the next', async () => {
    const { send, items, down, stage } = setUp([['a'], ['b']]);
    down.add('a').add('later b');
    await expect(send()).rejects.toMatchObject({ message: 'All provided pipelines return errors', kind: 'retryable' });
    down.clear();
    await send();
    expect(items()).toEqual({ a: 1, b: 0 });
    expect(stage.refusing?.()).toBeUndefined();
  });

  it('is refusing while every level is', () => {
    const context = testContext({ kind: 'connector' });
    const [a, b] = [new Sink(), new Sink()].map((sink) => Object.assign(sink, { refusing: (): PipelineError | undefined => refusal }));
    const byPipeline = new Map([
      ['a', a!],
      ['b', b!],
    ]);
    const stage = factory.create(configOf(factory, { priority_levels: [['a'], ['b']] }), { all: new Sink(), byPipeline }, context);
    expect(stage.refusing?.()).toBe(refusal);
    b!.refusing = () => undefined;
    expect(stage.refusing?.()).toBeUndefined();
  });

  it('knows its pipelines, and needs levels and an interval', () => {
    expect(() => setUp([['a']], { priority_levels: [['x']] })).toThrow('pipeline not found: "x" (pipelines behind the connector: a)');
    expect(factory.validateConfig!(configOf(factory, { retry_interval: '0s' }))).toEqual([
      'No pipelines are defined in the priority list',
      'Retry interval must be positive',
    ]);
  });
});
