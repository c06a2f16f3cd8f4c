import type { Context } from '@millrace/api';

/** Is told the backends, sorted, whenever they are others than before. Returns once they are in use. */
export type OnBackends = (backends: readonly string[]) => Promise<void>;

/** Knows where the backends are. */
export interface Resolver {
  /** Returns after the first resolution, also when it failed. */
  start(onBackends: OnBackends): Promise<void>;
  stop(): void;
}

/** The Collector's instruments of a resolver (load_balancing's documentation.md). */
export class ResolverInstruments {
  readonly resolved: (success: boolean) => void;
  readonly changed: (backends: number) => void;

  constructor(meter: Context['meter'], exporter: string, resolver: string) {
    const attributes = { exporter, resolver };
    const resolutions = meter.createCounter('loadbalancer_num_resolutions', {
      unit: '{resolutions}',
      description: 'Number of times the resolver has triggered new resolutions.',
    });
    const backends = meter.createGauge('loadbalancer_num_backends', {
      unit: '{backends}',
      description: 'Current number of backends in use.',
    });
    const updates = meter.createCounter('loadbalancer_num_backend_updates', {
      unit: '{updates}',
      description: 'Number of times the list of backends was updated.',
    });
    this.resolved = (success) => resolutions.add(1, { ...attributes, success });
    this.changed = (count) => {
      backends.record(count, attributes);
      updates.add(1, attributes);
    };
  }
}
