import type { OnBackends, Resolver, ResolverInstruments } from './resolver.ts';

/** The backends of the configuration. */
export class StaticResolver implements Resolver {
  readonly #hostnames: readonly string[];
  readonly #instruments: ResolverInstruments;

  constructor(hostnames: readonly string[], instruments: ResolverInstruments) {
    // So that their order in the configuration does not matter.
    this.#hostnames = hostnames.toSorted();
    this.#instruments = instruments;
  }

  start(onBackends: OnBackends): Promise<void> {
    this.#instruments.resolved(true);
    this.#instruments.changed(this.#hostnames.length);
    return onBackends(this.#hostnames);
  }

  stop(): void {}
}
