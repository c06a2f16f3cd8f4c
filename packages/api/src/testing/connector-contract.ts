import type { Signal } from '@millrace/wire';
import type { Consumer } from '../consumer.ts';
import type { ConnectorFactory } from '../factory.ts';
import { factoryContract, lifecycleContract } from './contract.ts';
import type { TestApi } from './contract.ts';
import type { FakeClock } from './fake-clock.ts';
import { Sink } from './sink.ts';
import { behaviours, flaws, flawless, numbered, tryStage } from './stage-trial.ts';
import { testContext, testHost } from './test-context.ts';

/** What a connector is tried with. */
export interface ConnectorExample<C> {
  /** A checked configuration. */
  readonly config: C;
}

/** What holds for every connector, for each pair of signals that it supports: as `processorContract`, with one pipeline behind it. */
export function connectorContract<C>(test: TestApi, factory: ConnectorFactory<C>, { config }: ConnectorExample<C>): void {
  const { describe, it, expect } = test;
  const make = (signal: Signal, out: Signal, next: Consumer) => {
    const context = testContext({ id: factory.type, kind: 'connector', signal });
    const component = factory.create(config, { all: next, byPipeline: new Map([[`${out}/out`, next]]) }, context);
    return { component, host: testHost(), clock: context.clock as FakeClock, ledger: context.items };
  };
  describe(`contract of connector ${factory.type}`, () => {
    factoryContract(test, factory);
    for (const [signal, outs] of Object.entries(factory.signals) as [Signal, object][]) {
      for (const out of Object.keys(outs) as Signal[]) {
        describe(`${signal} to ${out}`, () => {
          lifecycleContract(test, () => make(signal, out, new Sink()));
          for (const [name, behaviour] of Object.entries(behaviours)) {
            it(`accounts for every item when the next pipeline ${name}`, async () => {
              const sink = new Sink();
              sink.before = numbered(behaviour);
              const { component, host, clock, ledger } = make(signal, out, sink);
              const trial = await tryStage(component, signal, host, clock, ledger, () => sink.items);
              expect(flaws(trial)).toEqual(flawless);
              expect(clock.pending).toEqual(0);
            });
          }
        });
      }
    }
  });
}
