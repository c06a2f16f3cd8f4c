import { createNoopMeter } from '@opentelemetry/api';
import type {
  BatchObservableCallback,
  Counter,
  Gauge,
  Histogram,
  Meter,
  MetricAttributes,
  MetricOptions,
  Observable,
  ObservableCallback,
  UpDownCounter,
} from '@opentelemetry/api';

/** What every own metric's name begins with, as in the Collector. */
export const prefix = 'otelcol_';

type Kind = 'Counter' | 'Gauge' | 'UpDownCounter';

/**
 * The meter that components get. Names receive the prefix `otelcol_`. Component instances share instruments by name: what several of them
 * observe with equal attributes adds up, save for gauges, whose last value counts. An instrument that is not wanted costs nothing.
 */
export class ComponentMeter implements Meter {
  readonly #meter: Meter;
  readonly #isWanted: (name: string) => boolean;
  readonly #unwanted: Meter = createNoopMeter();
  readonly #observables = new Map<string, SharedObservable>();

  /** `isWanted` is asked with the prefixed name. */
  constructor(meter: Meter, isWanted: (name: string) => boolean) {
    this.#meter = meter;
    this.#isWanted = isWanted;
  }

  createGauge<A extends MetricAttributes>(name: string, options?: MetricOptions): Gauge<A> {
    return this.#meterOf(name).createGauge(prefix + name, options);
  }

  createHistogram<A extends MetricAttributes>(name: string, options?: MetricOptions): Histogram<A> {
    return this.#meterOf(name).createHistogram(prefix + name, options);
  }

  createCounter<A extends MetricAttributes>(name: string, options?: MetricOptions): Counter<A> {
    return this.#meterOf(name).createCounter(prefix + name, options);
  }

  createUpDownCounter<A extends MetricAttributes>(name: string, options?: MetricOptions): UpDownCounter<A> {
    return this.#meterOf(name).createUpDownCounter(prefix + name, options);
  }

  createObservableGauge<A extends MetricAttributes>(name: string, options?: MetricOptions): Observable<A> {
    return this.#observable('Gauge', name, options);
  }

  createObservableCounter<A extends MetricAttributes>(name: string, options?: MetricOptions): Observable<A> {
    return this.#observable('Counter', name, options);
  }

  createObservableUpDownCounter<A extends MetricAttributes>(name: string, options?: MetricOptions): Observable<A> {
    return this.#observable('UpDownCounter', name, options);
  }

  /** Calls it once for each of the instruments, with the results for the others left aside. */
  addBatchObservableCallback<A extends MetricAttributes>(callback: BatchObservableCallback<A>, observables: Observable<A>[]): void {
    for (const observable of observables as unknown as SharedObservable[]) {
      observable.addBatchCallback(callback as unknown as BatchObservableCallback);
    }
  }

  removeBatchObservableCallback<A extends MetricAttributes>(callback: BatchObservableCallback<A>, observables: Observable<A>[]): void {
    for (const observable of observables as unknown as SharedObservable[]) {
      observable.removeBatchCallback(callback as unknown as BatchObservableCallback);
    }
  }

  #meterOf(name: string): Meter {
    return this.#isWanted(prefix + name) ? this.#meter : this.#unwanted;
  }

  #observable<A extends MetricAttributes>(kind: Kind, name: string, options?: MetricOptions): Observable<A> {
    let shared = this.#observables.get(name);
    if (shared === undefined) {
      shared = new SharedObservable(this.#meterOf(name)[`createObservable${kind}`](prefix + name, options), kind !== 'Gauge');
      this.#observables.set(name, shared);
    }
    return shared as unknown as Observable<A>;
  }
}

/** One observable instrument of the SDK behind the callbacks of all component instances. */
class SharedObservable implements Observable {
  readonly #callbacks = new Set<ObservableCallback>();
  readonly #batchCallbacks = new Map<BatchObservableCallback, ObservableCallback>();

  constructor(instrument: Observable, adds: boolean) {
    instrument.addCallback(async (result) => {
      const points = new Map<string, { attributes: MetricAttributes; value: number }>();
      const observe = (value: number, attributes: MetricAttributes = {}): void => {
        const identity = JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
        const point = points.get(identity);
        if (point === undefined) points.set(identity, { attributes, value });
        else point.value = adds ? point.value + value : value;
      };
      // One that fails leaves out its own observations only.
      await Promise.allSettled([...this.#callbacks].map(async (callback) => callback({ observe })));
      for (const { attributes, value } of points.values()) result.observe(value, attributes);
    });
  }

  addCallback(callback: ObservableCallback): void {
    this.#callbacks.add(callback);
  }

  removeCallback(callback: ObservableCallback): void {
    this.#callbacks.delete(callback);
  }

  addBatchCallback(callback: BatchObservableCallback): void {
    const own: ObservableCallback = (result) =>
      callback({
        observe: (instrument, value, attributes) => {
          if ((instrument as unknown) === this) result.observe(value, attributes);
        },
      });
    this.#batchCallbacks.set(callback, own);
    this.addCallback(own);
  }

  removeBatchCallback(callback: BatchObservableCallback): void {
    const own = this.#batchCallbacks.get(callback);
    if (own !== undefined) this.removeCallback(own);
    this.#batchCallbacks.delete(callback);
  }
}
