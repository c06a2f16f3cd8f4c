import { describe, expect, it } from '@jest/globals';
import { admitBytes, noClient } from '@millrace/wire';
import { PipelineError } from '../src/index.ts';
import type { Batch, Component, Consumer, Context, ExporterFactory, ProcessorFactory, Stage } from '../src/index.ts';
import { exampleBatch, exampleRequest, exporterContract, FakeClock, itemNames, processorContract, testHost } from '../src/testing/index.ts';
import type { TestApi } from '../src/testing/index.ts';

/** Runs a contract and returns the names of the tests that fail. */
async function failures(contract: (test: TestApi) => void): Promise<string[]> {
  const tests: [string, () => Promise<void> | void][] = [];
  contract({ describe: (_name, body) => body(), it: (name, body) => void tests.push([name, body]), expect });
  const failed = new Set<string>();
  for (const [name, body] of tests) {
    try {
      await body();
    } catch {
      failed.add(name);
    }
  }
  return [...failed];
}

function processor(create: (next: Consumer, context: Context) => Stage, rest: object = {}): (test: TestApi) => void {
  const factory: ProcessorFactory<object> = {
    kind: 'processor',
    type: 'example',
    stability: { traces: 'alpha' },
    create: (_config, next, context) => create(next, context),
    ...rest,
  };
  return (test) => processorContract(test, factory, { config: {} });
}

const passing = (next: Consumer): Stage => ({ consume: (batch) => next.consume(batch) });

describe('processorContract', () => {
  it('accepts a processor that passes everything on', async () => {
    expect(await failures(processor(passing))).toEqual([]);
  });

  it('wants a lower_snake_case type', async () => {
    expect(await failures(processor(passing, { type: 'Example' }))).toEqual(['has a lower_snake_case type']);
  });

  it.each([
    ['a setting without a description', { additionalProperties: false, properties: { a: { type: 'string' } } }],
    ['unknown settings', { properties: { a: { type: 'string', description: 'A.' } } }],
    [
      'unknown settings further down',
      {
        additionalProperties: false,
        properties: { a: { description: 'A.', items: { properties: { b: { description: 'B.' } } } } },
      },
    ],
  ])('refuses %s', async (_name, configSchema) => {
    expect(await failures(processor(passing, { configSchema }))).toEqual(['describes every setting and refuses unknown ones']);
  });

  it('notices items that vanish', async () => {
    const failed = await failures(processor(() => ({ consume: () => undefined })));
    expect(failed).toContain('accounts for every item when the next component takes everything');
  });

  it('notices a swallowed refusal', async () => {
    const swallowing = (next: Consumer): Stage => ({
      consume: (batch) => {
        try {
          return next.consume(batch);
        } catch {
          return undefined;
        }
      },
    });
    expect(await failures(processor(swallowing))).toContain('accounts for every item when the next component refuses everything for good');
  });

  it('notices errors that are not classified', async () => {
    const failed = await failures(
      processor(() => ({
        consume: () => {
          throw new Error('oops');
        },
      })),
    );
    expect(failed).toContain('accounts for every item when the next component takes everything');
  });

  it('notices batches that are written', async () => {
    const writing = (next: Consumer): Stage => ({
      consume: (batch) => {
        batch.bytes[3] ^= 1;
        return next.consume(batch);
      },
    });
    expect(await failures(processor(writing))).toContain('accounts for every item when the next component takes everything');
  });

  it('notices a handle that is kept', async () => {
    const kept: Batch[] = [];
    const keeping = (next: Consumer): Stage => ({
      consume: (batch) => {
        kept.push(batch.hold());
        return next.consume(batch);
      },
    });
    expect(await failures(processor(keeping))).toContain('accounts for every item when the next component takes everything');
    for (const batch of kept) batch.release();
  });

  it('notices a batch that is used after its consume settled', async () => {
    const late = (next: Consumer, { items }: Context): Stage => {
      const waiting: Batch[] = [];
      return {
        consume: (batch) => {
          waiting.push(batch);
          items.hold(batch.items);
          return undefined;
        },
        shutdown: async () => {
          for (const batch of waiting.splice(0)) {
            await next.consume(batch);
            items.hold(-batch.items);
          }
        },
      };
    };
    expect(await failures(processor(late))).toContain('accounts for every item when the next component takes everything');
  });

  it('notices a shutdown that fails without a start, and a timer that is left', async () => {
    const careless = (next: Consumer, { clock }: Context): Stage => {
      let started: Component | undefined;
      return {
        ...passing(next),
        start: () => {
          started = {};
          clock.setTimeout(() => undefined, 1e9);
        },
        shutdown: () => {
          if (started === undefined) throw new Error('not started');
        },
      };
    };
    const failed = await failures(processor(careless));
    expect(failed).toEqual(expect.arrayContaining(['shuts down without a start', 'shuts down twice', 'shuts down concurrently']));
  });
});

describe('exporterContract', () => {
  const exporter = (consume: (context: Context) => Stage['consume']): ExporterFactory<object> => ({
    kind: 'exporter',
    type: 'example',
    stability: { logs: 'alpha' },
    create: (_config, context) => ({ consume: consume(context) }),
  });
  const name = 'sends what it took before its shutdown ends, and accounts for every item';

  it('accepts an exporter that sends everything', async () => {
    let received = 0;
    const factory = exporter((context) => (batch) => {
      received += batch.items;
      context.items.absorb(batch.items);
      return undefined;
    });
    const open = () => {
      received = 0;
      return { config: {}, receivedItems: () => received };
    };
    expect(await failures((test) => exporterContract(test, factory, open, () => new FakeClock()))).toEqual([]);
  });

  it('notices what does not arrive, and what is refused', async () => {
    const losing = exporter((context) => (batch) => {
      context.items.absorb(batch.items);
      return undefined;
    });
    const refusing = exporter(() => () => {
      throw new PipelineError('no', { kind: 'permanent' });
    });
    const open = () => ({ config: {}, receivedItems: () => 0 });
    for (const factory of [losing, refusing]) expect(await failures((test) => exporterContract(test, factory, open))).toEqual([name]);
  });
});

describe('exampleBatch', () => {
  it.each(['traces', 'metrics', 'logs', 'profiles'] as const)('has the items of %s, each with its own text', (signal) => {
    const host = testHost();
    using batch = exampleBatch(host.pool, signal, 300, 7);
    expect(batch.items).toBe(300);
    expect(batch.bytes).toEqual(exampleRequest(signal, 300, 7));
    using read = admitBytes(signal, batch.bytes, noClient, host.pool);
    expect(read.items).toBe(300);
    const names = itemNames([batch.bytes]);
    expect(names).toHaveLength(300);
    expect([names[0], names[299]]).toEqual(['item-00000007', 'item-00000306']);
  });
});
