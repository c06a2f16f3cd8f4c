import type { Definition } from './definition.ts';
import type { Registry } from './registry.ts';
import type { LabelValue, Series, SeriesState } from './series.ts';
import type { Stream } from './stream.ts';

/** The part of a port or worker that a relay posts to. `parentPort` of a worker thread is one. */
export interface RelayTarget {
  postMessage(message: unknown): void;
}

/** The part of a port or worker that `receive` listens to. A `Worker` is one. */
export interface RelaySource {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
}

/** Settings of a relay. */
export interface RelayOptions {
  /** What was recorded is sent so often. Default 250 ms. */
  readonly intervalMs?: number;
}

interface RelayedInstrument {
  readonly definition: Definition;
  readonly series: readonly {
    readonly values: readonly (LabelValue | undefined)[];
    readonly isOverflow: boolean;
    readonly state: SeriesState;
  }[];
}

/** Marks our messages: a port may carry others. */
const marker = 'millrace.instruments';

/**
 * Sends what a worker thread records in a registry of its own to the registry of another thread, which `receive`s it. A number is taken out of
 * here when it is sent, so each one is counted once: after `flush`, and with the message handled there, sums and counts are exact. A thread
 * that is killed takes what it has not sent with it: up to one interval. Gauges have the value that arrived last.
 */
export class Relay {
  readonly #registry: Registry;
  readonly #target: RelayTarget;
  readonly #timer: NodeJS.Timeout;

  /** The registry has no views: those of the receiving one apply. Throws when it has some. */
  constructor(registry: Registry, target: RelayTarget, { intervalMs = 250 }: RelayOptions = {}) {
    if ((registry.options.views ?? []).length > 0)
      throw new Error('a registry with views cannot be relayed: give them to the registry that receives');
    this.#registry = registry;
    this.#target = target;
    this.#timer = setInterval(() => this.flush(), intervalMs);
    this.#timer.unref();
  }

  /** Sends what was recorded since the last time. */
  flush(): void {
    this.#registry.collect();
    const instruments: RelayedInstrument[] = [];
    for (const { definition, streams } of this.#registry.registered()) {
      const series: RelayedInstrument['series'][number][] = [];
      for (const one of streams[0]!.all()) {
        if (!one.isFresh) continue;
        series.push({ values: one.values, isOverflow: one.isOverflow, state: one.state });
        one.clear();
        one.isFresh = false;
      }
      if (series.length > 0) instruments.push({ definition, series });
    }
    if (instruments.length > 0) this.#target.postMessage({ [marker]: instruments });
  }

  /** Sends the rest and ends. */
  close(): void {
    clearInterval(this.#timer);
    this.flush();
  }
}

/**
 * Adds what relays send over a port or from a worker to a registry. Returns how to end that. An instrument that the registry knows under
 * another definition is left out, counted in `millrace.instruments.refused`, and told to `report`.
 */
export function receive(registry: Registry, source: RelaySource, report: (error: unknown) => void = () => {}): () => void {
  const listener = (message: unknown): void => {
    const instruments = (message as { readonly [marker]?: readonly RelayedInstrument[] } | null)?.[marker];
    for (const { definition, series } of instruments ?? []) {
      let streams: readonly Stream[];
      try {
        streams = registry.streamsOf(definition);
      } catch (error) {
        registry.refused(definition.name, Number.NaN);
        report(error);
        continue;
      }
      for (const stream of streams) {
        for (const { values, isOverflow, state } of series) {
          const into: Series = isOverflow ? stream.overflow : stream.findOf(values);
          into.absorb(state);
        }
      }
    }
  };
  source.on('message', listener);
  return () => void source.off('message', listener);
}
