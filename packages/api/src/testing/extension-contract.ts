import type { ExtensionFactory } from '../factory.ts';
import { factoryContract, lifecycleContract, noDeadline } from './contract.ts';
import type { TestApi } from './contract.ts';
import { systemClock, testContext, testHost } from './test-context.ts';

/** A configuration of the extension, such as one with a free port. */
export interface ExtensionExample<C> {
  /** A checked configuration. */
  readonly config: C;
  close?(): Promise<void> | void;
}

/** What holds for every extension: it shuts down in any state, and lives through becoming ready and not ready. Runs on the machine's clock. */
export function extensionContract<C>(
  test: TestApi,
  factory: ExtensionFactory<C>,
  open: () => Promise<ExtensionExample<C>> | ExtensionExample<C>,
): void {
  const { describe, it, expect } = test;
  const make = async () => {
    const example = await open();
    const component = factory.create(example.config, testContext({ id: factory.type, kind: 'extension', clock: systemClock }));
    return { component, host: testHost(), clock: systemClock, close: () => example.close?.() };
  };
  describe(`contract of extension ${factory.type}`, () => {
    factoryContract(test, factory);
    lifecycleContract(test, make);
    it('lives through start, ready, not ready and shutdown', async () => {
      const { component, host, close } = await make();
      try {
        await component.start?.(host);
        await component.ready?.();
        await component.notReady?.();
        await component.shutdown?.(noDeadline());
        expect(host.memory.accounted).toEqual(0);
      } finally {
        await close();
      }
    });
  });
}
