import { metricDefinition } from '@millrace/genai';
import { Registry } from '@millrace/instruments';
import type { Gauge, KeptDistribution, KeptSum, LabelValue, Reader, WithSeries } from '@millrace/instruments';
import { overflowLabel } from './labels.ts';
import type { Labels } from './labels.ts';

/** What the metrics of all resources have in common. */
export interface MetricSetOptions {
  /** Labels that every metric has besides its own. */
  readonly extraLabels: readonly string[];
  readonly limit: number;
  /** 0: never. */
  readonly expireAfterMs: number;
  readonly exponential: boolean;
  readonly isDelta: boolean;
  readonly scope: { readonly name: string; readonly version: string };
  readonly now: () => number;
}

/** The metrics of one resource, made when they are first used. */
export class MetricSet {
  readonly registry: Registry;
  readonly reader: Reader;
  readonly #options: MetricSetOptions;
  readonly #instruments = new Map<string, { readonly labels: readonly string[]; readonly instrument: WithSeries<string, unknown> }>();

  constructor(resource: Readonly<Record<string, LabelValue>>, options: MetricSetOptions) {
    const { limit, expireAfterMs, scope, now, isDelta } = options;
    this.#options = options;
    this.registry = new Registry({ resource, scope, limit, now, ...(expireAfterMs > 0 && { expireAfterMs }) });
    this.reader = this.registry.reader({ temporality: isDelta ? 'delta' : 'cumulative' });
  }

  /** A series of a counter; the labels may be more than the metric has. */
  counter(name: string, labels: Labels): KeptSum {
    return this.#series(name, labels) as KeptSum;
  }

  gauge(name: string): Gauge<string> {
    return this.#instrument(name).instrument as Gauge<string>;
  }

  /** The values of the labels that a metric has, in its order. */
  valuesOf(name: string, labels: Labels): (LabelValue | undefined)[] {
    return this.#instrument(name).labels.map((label) => labels.get(label));
  }

  histogram(name: string, labels: Labels): KeptDistribution {
    return this.#series(name, labels) as KeptDistribution;
  }

  #instrument(name: string): { readonly labels: readonly string[]; readonly instrument: WithSeries<string, unknown> } {
    let known = this.#instruments.get(name);
    if (known === undefined) this.#instruments.set(name, (known = this.#create(name)));
    return known;
  }

  #series(name: string, labels: Labels): unknown {
    const known = this.#instrument(name);
    if (labels.has(overflowLabel)) return known.instrument.overflow();
    return known.instrument.seriesOf(...known.labels.map((label) => labels.get(label)));
  }

  #create(name: string): { labels: readonly string[]; instrument: WithSeries<string, unknown> } {
    const { instrument, unit, description, labels: own, boundaries } = metricDefinition(name);
    const labels = [...own, ...this.#options.extraLabels.filter((label) => !own.includes(label))];
    const options = { unit, description, labels };
    const { registry } = this;
    switch (instrument) {
      case 'counter':
        return { labels, instrument: registry.counter<string>(name, options) };
      case 'gauge':
        return { labels, instrument: registry.gauge<string>(name, options) };
      case 'up_down_counter':
        return { labels, instrument: registry.upDownCounter<string>(name, options) };
      default: {
        const shape = this.#options.exponential ? { exponential: true } : { boundaries: boundaries ?? [] };
        return { labels, instrument: registry.histogram<string>(name, { ...options, ...shape }) };
      }
    }
  }
}
