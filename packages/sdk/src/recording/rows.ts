import { nearest } from '@millrace/config';
import { metricDefinition, metricDefinitions } from '@millrace/genai';
import type { MetricDefinition } from '@millrace/genai';
import type { Counter, Gauge, Histogram, Registry, UpDownCounter } from '@millrace/instruments';

/** The instruments of metrics of the list, by kind. Their labels are those of the list. */
export interface RowInstruments {
  counter: Counter<string>;
  up_down_counter: UpDownCounter<string>;
  gauge: Gauge<string>;
  histogram: Histogram<string>;
}

/** Of the gauges of rates and averages: how long a value counts, and how many combinations of labels there are at most. */
export interface RollingWindow {
  readonly windowMs: number;
  readonly limit: number;
}

/** The instruments of metrics of the list in one registry, each made when it is asked for first. */
export class Rows {
  readonly #registry: Registry;
  readonly #found: Readonly<Record<keyof RowInstruments, Map<string, unknown>>> = {
    counter: new Map(),
    up_down_counter: new Map(),
    gauge: new Map(),
    histogram: new Map(),
  };

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Throws an Error for a name that is not in the list, with the nearest that is, and when the metric is of another kind. */
  get<Kind extends keyof RowInstruments>(kind: Kind, name: string): RowInstruments[Kind] {
    const found = this.#found[kind];
    let instrument = found.get(name) as RowInstruments[Kind] | undefined;
    if (instrument === undefined) found.set(name, (instrument = row(this.#registry, kind, name)));
    return instrument;
  }
}

function row<Kind extends keyof RowInstruments>(registry: Registry, kind: Kind, name: string): RowInstruments[Kind] {
  const names = metricDefinitions.map((definition) => definition.name);
  if (!names.includes(name)) {
    const suggestion = nearest(name, names);
    throw new Error(
      `there is no metric ${JSON.stringify(name)}${suggestion === undefined ? '' : `; did you mean ${JSON.stringify(suggestion)}?`}`,
    );
  }
  const definition = metricDefinition(name);
  if (definition.instrument !== kind) throw new Error(`metric ${JSON.stringify(name)} is a ${definition.instrument}, not a ${kind}`);
  return instrumentOf(registry, definition) as RowInstruments[Kind];
}

function instrumentOf(registry: Registry, { name, instrument, unit, description, labels, boundaries }: MetricDefinition): unknown {
  const options = { unit, description, labels };
  switch (instrument) {
    case 'counter':
      return registry.counter(name, options);
    case 'up_down_counter':
      return registry.upDownCounter(name, options);
    case 'gauge':
      return registry.gauge(name, options);
    default:
      return registry.histogram(name, { ...options, ...(boundaries !== undefined && { boundaries }) });
  }
}
