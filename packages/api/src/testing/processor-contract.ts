import type { Signal } from '@millrace/wire';
import type { Consumer } from '../consumer.ts';
import type { ProcessorFactory, Stage } from '../factory.ts';
import { factoryContract, lifecycleContract, passTime, supportedSignals } from './contract.ts';
import type { TestApi } from './contract.ts';
import { itemNames } from './example-batch.ts';
import type { FakeClock } from './fake-clock.ts';
import { Sink } from './sink.ts';
import { behaviours, flaws, flawless, numbered, refusingConsumer, tryStage } from './stage-trial.ts';
import { testContext, testHost } from './test-context.ts';

/** What a processor is tried with. */
export interface ProcessorExample<C> {
  /** A checked configuration. */
  readonly config: C;
}

/**
 * What holds for every processor that owns whole batches (`create`): it shuts down in any state; it drains; it writes and keeps no batch;
 * its errors are classified; every item is accounted for, whatever the next component does.
 */
export function processorContract<C>(test: TestApi, factory: ProcessorFactory<C>, { config }: ProcessorExample<C>): void {
  const { describe, it, expect } = test;
  const make = (signal: Signal, next: Consumer) => {
    const context = testContext({ id: factory.type, kind: 'processor', signal, pipeline: signal });
    const component = factory.create?.(config, next, context);
    if (component === undefined) throw new Error('the factory has no create');
    return { component: component satisfies Stage, host: testHost(), clock: context.clock as FakeClock, ledger: context.items };
  };
  describe(`contract of processor ${factory.type}`, () => {
    factoryContract(test, factory);
    for (const signal of supportedSignals(factory.stability)) {
      describe(signal, () => {
        lifecycleContract(test, () => make(signal, new Sink()));
        for (const [name, behaviour] of Object.entries(behaviours)) {
          it(`accounts for every item when the next component ${name}`, async () => {
            const sink = new Sink();
            sink.before = numbered(behaviour);
            const { component, host, clock, ledger } = make(signal, sink);
            const trial = await tryStage(component, signal, host, clock, ledger, () => sink.items);
            expect(flaws(trial)).toEqual(flawless);
            const names = itemNames(sink.requests);
            expect(names.length).toEqual(new Set(names).size);
            expect(clock.pending).toEqual(0);
          });
        }
        it('gives up and counts what it holds when the time for its shutdown is up', async () => {
          const { component, host, clock, ledger } = make(signal, refusingConsumer);
          const timeUp = new AbortController();
          clock.setTimeout(() => timeUp.abort(), 5_000);
          const trial = await tryStage(component, signal, host, clock, ledger, () => 0, timeUp.signal);
          await clock.advance(5_000);
          expect(flaws(trial)).toEqual(flawless);
          await passTime(clock, Promise.resolve(component.shutdown?.(timeUp.signal)));
          expect(clock.pending).toEqual(0);
        });
      });
    }
  });
}
