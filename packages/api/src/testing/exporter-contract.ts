import type { Signal } from '@millrace/wire';
import type { Clock } from '../component.ts';
import type { ExporterFactory, Factory } from '../factory.ts';
import { factoryContract, lifecycleContract, supportedSignals } from './contract.ts';
import type { TestApi } from './contract.ts';
import { flaws, flawless, tryStage } from './stage-trial.ts';
import { systemClock, testContext, testHost } from './test-context.ts';

/** A destination that is up, and the configuration that points at it. */
export interface ExporterExample<C> {
  /** A checked configuration. */
  readonly config: C;
  /** Items that reached the destination; absent when that cannot be seen. Asked after the shutdown of the exporter. */
  receivedItems?(): number | Promise<number>;
  close?(): Promise<void> | void;
}

/**
 * What holds for every exporter: it shuts down in any state; what it took is sent before shutdown ends; it writes and keeps no batch; every
 * item is accounted for. Runs on the machine's clock unless `clock` makes another one. `wrapped`: the
 * factories of the components that it wraps.
 */
export function exporterContract<C>(
  test: TestApi,
  factory: ExporterFactory<C>,
  open: (signal: Signal) => Promise<ExporterExample<C>> | ExporterExample<C>,
  clock: () => Clock = () => systemClock,
  wrapped: readonly Factory[] = [],
): void {
  const { describe, it, expect } = test;
  const make = async (signal: Signal) => {
    const example = await open(signal);
    const context = testContext({ id: factory.type, kind: 'exporter', signal, clock: clock() });
    const component = factory.create(example.config, context);
    return {
      component,
      host: testHost(undefined, undefined, wrapped),
      clock: context.clock,
      ledger: context.items,
      example,
      close: () => example.close?.(),
    };
  };
  describe(`contract of exporter ${factory.type}`, () => {
    factoryContract(test, factory);
    for (const signal of supportedSignals(factory.stability)) {
      describe(signal, () => {
        lifecycleContract(test, () => make(signal));
        it('sends what it took before its shutdown ends, and accounts for every item', async () => {
          const { component, host, clock, ledger, example, close } = await make(signal);
          try {
            const trial = await tryStage(component, signal, host, clock, ledger, () => 0);
            expect(flaws(trial)).toEqual(flawless);
            expect(ledger.absorbed).toEqual(50);
            if (example.receivedItems !== undefined) expect(await example.receivedItems()).toEqual(50);
          } finally {
            await close();
          }
        });
      });
    }
  });
}
