import type { Batch, BufferPool } from '@millrace/wire';
import { define, difference, quoted, validNameNear } from './definition.ts';
import type { Definition, HistogramOptions, InstrumentKind, InstrumentOptions, SummaryOptions } from './definition.ts';
import { exposedName } from './exposed-name.ts';
import type { TraceContext } from './histogram-series.ts';
import { DistributionInstrument, GaugeInstrument, SumInstrument } from './instruments.ts';
import type { Counter, Gauge, Histogram, Summary, UpDownCounter } from './instruments.ts';
import { Reader } from './reader.ts';
import type { ReaderOptions } from './reader.ts';
import { Stream } from './stream.ts';
import { checkView, keptLabels, matches } from './view.ts';
import type { View } from './view.ts';

/** OpenTelemetry's. */
const defaultLimit = 2000;
const refusedName = 'millrace.instruments.refused';

/** Settings of a registry. */
export interface RegistryOptions {
  /** Attributes of the resource of OTLP, and of `target_info` in text. Default none. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>;
  /** The scope of OTLP. Default `@millrace/instruments`. */
  readonly scope?: { readonly name: string; readonly version?: string };
  /** Instruments of other kinds keep nothing. Default all. */
  readonly kinds?: readonly InstrumentKind[];
  /** How instruments are exposed. Default as they are. */
  readonly views?: readonly View[];
  /** Series of an instrument at most, the one of the overflow included; measurements beyond go there. Default 2000. */
  readonly limit?: number;
  /** Series that are not used for so long end; what they counted stays in the overflow's series. Looked after when metrics are read. Default never. */
  readonly expireAfterMs?: number;
  /**
   * The sampled span that is active, if any: histograms with boundaries keep the latest value of each bucket that was measured in one, as an exemplar.
   * Must not throw. Default nobody asks.
   */
  readonly traceContext?: () => TraceContext | undefined;
  /** Milliseconds since the epoch. Default the system's clock. */
  readonly now?: () => number;
}

/** The instruments of an application and what they measured. Recording never throws and never waits. */
export class Registry {
  readonly options: RegistryOptions;
  readonly #definitions = new Map<string, { readonly definition: Definition; readonly instrument: unknown; readonly streams: Stream[] }>();
  readonly #streams: Stream[] = [];
  /** By name in Prometheus text, which two metrics cannot share. */
  readonly #exposed = new Map<string, Definition>();
  readonly #readers = new Set<Reader>();
  readonly #observers = new Set<() => void>();
  readonly #now: () => number;
  #reader: Reader | undefined;
  #refused: Counter<'instrument' | 'reason'> | undefined;

  /** Throws an Error for a view that cannot be. */
  constructor(options: RegistryOptions = {}) {
    this.options = options;
    this.#now = options.now ?? Date.now;
    for (const view of options.views ?? []) checkView(view);
    if (options.limit !== undefined && !(options.limit >= 2))
      throw new Error(`the limit of series must be at least 2, but is ${options.limit}`);
  }

  /** A counter. Throws for a bad name or option, or when the name is taken by another definition; the same definition gives the same instrument. */
  counter<const Label extends string = never>(name: string, options?: InstrumentOptions<Label>): Counter<Label> {
    return this.#register(name, 'counter', options) as Counter<Label>;
  }

  /** Likewise. */
  upDownCounter<const Label extends string = never>(name: string, options?: InstrumentOptions<Label>): UpDownCounter<Label> {
    return this.#register(name, 'updown', options) as UpDownCounter<Label>;
  }

  /** Likewise. */
  gauge<const Label extends string = never>(name: string, options?: InstrumentOptions<Label>): Gauge<Label> {
    return this.#register(name, 'gauge', options) as Gauge<Label>;
  }

  /** Likewise. */
  histogram<const Label extends string = never>(name: string, options?: HistogramOptions<Label>): Histogram<Label> {
    return this.#register(name, 'histogram', options) as Histogram<Label>;
  }

  /** Likewise. */
  summary<const Label extends string = never>(name: string, options?: SummaryOptions<Label>): Summary<Label> {
    return this.#register(name, 'summary', options) as Summary<Label>;
  }

  /** Calls a function before every reading, to set gauges. Returns how to stop that. An error of it is the reading's. */
  observe(update: () => void): () => void {
    this.#observers.add(update);
    return () => void this.#observers.delete(update);
  }

  /** A reader of its own: with delta temporality, each one sees every change once. */
  reader(options: ReaderOptions = {}): Reader {
    const reader = new Reader(this, options, () => void this.#readers.delete(reader));
    this.#readers.add(reader);
    return reader;
  }

  /** All metrics in Prometheus text 0.0.4. */
  text(): string {
    return this.#default.text();
  }

  /** All metrics, cumulative, as an OTLP request; undefined when there is none. The caller releases it. */
  batch(pool: BufferPool): Batch | undefined {
    return this.#default.batch(pool);
  }

  get #default(): Reader {
    return (this.#reader ??= this.reader());
  }

  /** For streams. */
  get traceContext(): (() => TraceContext | undefined) | undefined {
    return this.options.traceContext;
  }

  /** How many series there are. */
  get size(): number {
    return this.#streams.reduce((sum, stream) => sum + stream.size, 0);
  }

  /** The clock. */
  now(): number {
    return this.#now();
  }

  /** For readers: the streams, up to date. */
  collect(): readonly Stream[] {
    for (const update of this.#observers) update();
    const { expireAfterMs } = this.options;
    if (expireAfterMs !== undefined) {
      for (const stream of this.#streams) {
        stream.expire(expireAfterMs, (series, into) => {
          for (const reader of this.#readers) reader.folded(series, into);
        });
      }
    }
    return this.#streams;
  }

  /** For streams: counts a dropped measurement. */
  refused(instrument: string, value: number): void {
    this.#refused ??= this.counter(refusedName, {
      unit: '{measurement}',
      description: 'Measurements that were dropped because their values cannot be.',
      labels: ['instrument', 'reason'],
    });
    if (instrument !== refusedName)
      this.#refused.add(1, { instrument, reason: value < 0 && Number.isFinite(value) ? 'negative' : 'not_finite' });
  }

  /** For relays: every definition with its streams. */
  *registered(): Generator<{ readonly definition: Definition; readonly streams: readonly Stream[] }> {
    yield* this.#definitions.values();
  }

  /** For relays: the streams of a definition, which is registered if need be. */
  streamsOf(definition: Definition): readonly Stream[] {
    this.#register(definition.name, definition.kind, definition);
    return this.#definitions.get(definition.name.toLowerCase())!.streams;
  }

  #register(name: string, kind: InstrumentKind, options: InstrumentOptions<string> = {}): unknown {
    const definition = define(name, kind, options);
    const known = this.#definitions.get(name.toLowerCase());
    if (known !== undefined) {
      const differs = difference(known.definition, definition);
      if (differs === undefined) return known.instrument;
      throw new Error(
        `instrument ${quoted(name)} is registered already as ${quoted(known.definition.name)} with another definition: ${differs}`,
      );
    }
    const { all, exposed } = this.#streamsFor(definition);
    const instrument =
      kind === 'gauge'
        ? new GaugeInstrument(name, all)
        : kind === 'counter' || kind === 'updown'
          ? new SumInstrument(name, all)
          : new DistributionInstrument(name, all);
    this.#definitions.set(name.toLowerCase(), { definition, instrument, streams: all });
    for (const stream of exposed) {
      this.#streams.push(stream);
      this.#exposed.set(stream.exposedName, definition);
    }
    return instrument;
  }

  #streamsFor(definition: Definition): { all: Stream[]; exposed: Stream[] } {
    const views = (this.options.views ?? []).filter((view) => matches(view, definition));
    const { limit = defaultLimit, kinds } = this.options;
    const shapes: readonly View[] = views.length === 0 ? [{}] : views.filter((view) => view.drop !== true);
    const exposed = (kinds?.includes(definition.kind) === false ? [] : shapes).map((view, place) => {
      const isHistogram = definition.kind === 'histogram';
      const shaped = define(view.name ?? definition.name, definition.kind, {
        ...definition,
        ...(view.description !== undefined && { description: view.description }),
        ...(isHistogram && view.boundaries !== undefined && { boundaries: view.boundaries, exponential: false }),
        ...(isHistogram && view.exponential !== undefined && { exponential: view.exponential }),
      });
      return new Stream(shaped, this, {
        labels: keptLabels(view, definition.labels),
        limit: view.limit ?? limit,
        countsRefused: place === 0,
      });
    });
    const names = new Set<string>();
    for (const { definition: shaped, exposedName: name } of exposed) {
      const other = this.#exposed.get(name) ?? (names.has(name) ? definition : undefined);
      if (other !== undefined) {
        throw new Error(
          `instrument ${quoted(definition.name)} would have the same name in Prometheus text as ${quoted(other.name)}: ${name}; ` +
            `the nearest name that is free is ${quoted(this.#freeNear(shaped))}`,
        );
      }
      names.add(name);
    }
    // What is dropped is counted nowhere, but checked the same.
    const all = exposed.length > 0 ? exposed : [new Stream(definition, this, { labels: [], limit: 2, countsRefused: true })];
    return { all, exposed };
  }

  #freeNear(definition: Definition): string {
    for (let i = 2; ; i++) {
      const name = validNameNear(`${definition.name}_${i}`);
      if (!this.#exposed.has(exposedName({ ...definition, name }))) return name;
    }
  }
}
