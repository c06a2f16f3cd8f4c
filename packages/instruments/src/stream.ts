import type { Definition } from './definition.ts';
import { ExponentialSeries } from './exponential-series.ts';
import { exposedName } from './exposed-name.ts';
import { GaugeSeries } from './gauge-series.ts';
import { HistogramSeries } from './histogram-series.ts';
import type { TraceContext } from './histogram-series.ts';
import type { LabelValue, Series } from './series.ts';
import { SumSeries } from './sum-series.ts';
import { SummarySeries } from './summary-series.ts';

/** Longer label values are cut: what is kept of a measurement is bounded. */
const maxValueLength = 1024;

type Values = readonly (LabelValue | undefined)[];
type LabelObject = Readonly<Record<string, LabelValue | undefined>>;
type Branch = Map<LabelValue | undefined, Branch | Series>;

/** What a stream needs of its registry. */
export interface StreamHost {
  now(): number;
  readonly traceContext: (() => TraceContext | undefined) | undefined;
  /** A measurement was dropped. */
  refused(instrument: string, value: number): void;
}

/** What the registry and its views say of a stream besides its definition. */
export interface StreamOptions {
  /** The labels that are kept, in the order of the definition. */
  readonly labels: readonly string[];
  /** Series at most, that of the overflow included. */
  readonly limit: number;
  /** Whether it is the one of several streams of an instrument that counts refused measurements. */
  readonly countsRefused: boolean;
}

/** All series of one metric: the measurements of an instrument, as a view shapes them. */
export class Stream {
  /** Name, unit and so on as they are exposed. */
  readonly definition: Definition;
  /** The name in Prometheus text. */
  readonly exposedName: string;
  readonly labels: readonly string[];
  readonly boundaries: readonly number[];
  /** The span that is active; undefined when nobody asks. */
  readonly traceContext: (() => TraceContext | undefined) | undefined;
  /** What may be added at least. */
  readonly minimum: number;
  /** By labels as text; the overflow last. */
  readonly #series = new Map<string, Series>();
  /** By the values of the labels, one level for each. Finds what `#series` has without composing text. */
  readonly #root: Branch = new Map();
  readonly #places: readonly number[];
  readonly #host: StreamHost;
  readonly #options: StreamOptions;
  #only: Series | undefined;
  #overflow: Series | undefined;
  #paths = 0;
  #ended = 0;
  readonly #strays = new Set<Series>();

  constructor(definition: Definition, host: StreamHost, options: StreamOptions) {
    this.definition = definition;
    this.traceContext = host.traceContext;
    this.exposedName = exposedName(definition);
    this.labels = options.labels;
    this.boundaries = definition.boundaries;
    this.minimum = definition.kind === 'counter' ? 0 : -Infinity;
    this.#places = options.labels.map((label) => definition.labels.indexOf(label));
    this.#host = host;
    this.#options = options;
  }

  now(): number {
    return this.#host.now();
  }

  /** Counts a measurement that is dropped. */
  refuse(value: number): void {
    if (this.#options.countsRefused) this.#host.refused(this.definition.name, value);
  }

  /** The series of labels by name; others than the declared ones count nothing. */
  find(labels: LabelObject | undefined): Series {
    const { labels: names } = this;
    if (names.length === 0) return this.#only ?? this.#ofValues([]);
    if (labels === undefined) return this.#ofValues(names.map(() => undefined));
    let at: Branch | Series | undefined = this.#root;
    for (let i = 0; i < names.length; i++) {
      at = (at as Branch).get(labels[names[i]!]);
      if (at === undefined) return this.#ofValues(names.map((name) => labels[name]));
    }
    return at as Series;
  }

  /** The series of values in the order of the instrument's labels. */
  findOf(values: Values): Series {
    const places = this.#places;
    if (places.length === 0) return this.#only ?? this.#ofValues([]);
    let at: Branch | Series | undefined = this.#root;
    for (let i = 0; i < places.length; i++) {
      at = (at as Branch).get(values[places[i]!]);
      if (at === undefined) return this.#ofValues(places.map((place) => values[place]));
    }
    return at as Series;
  }

  /** The series of all that is beyond the limit, or has expired. */
  get overflow(): Series {
    return (this.#overflow ??= this.#create([], true));
  }

  /** How many series there are. */
  get size(): number {
    return this.#series.size + this.#strays.size + (this.#overflow === undefined ? 0 : 1);
  }

  /** Every series. */
  *all(): Generator<Series> {
    for (const stray of this.#strays) this.#settle(stray);
    yield* this.#series.values();
    if (this.#overflow !== undefined) yield this.#overflow;
  }

  #ofValues(given: Values): Series {
    const values = given.map(kept);
    const key = keyOf(values);
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= this.#options.limit - 1 && values.length > 0) return this.overflow;
      series = this.#create(values, false);
      this.#series.set(key, series);
      this.#path(values, series);
    }
    if (given.length === 0) this.#only = series;
    // A few other ways to write the same labels are remembered too, such as the number of a text.
    else if (this.#paths < 4 * this.#options.limit && !given.some(isLong)) this.#path(given, series);
    return series;
  }

  #path(values: Values, series: Series): void {
    let branch = this.#root;
    for (let i = 0; i < values.length - 1; i++) {
      let next = branch.get(values[i]) as Branch | undefined;
      if (next === undefined) branch.set(values[i], (next = new Map()));
      branch = next;
    }
    branch.set(values.at(-1), series);
    this.#paths++;
  }

  #create(values: Values, isOverflow: boolean): Series {
    const { kind, exponential } = this.definition;
    switch (kind) {
      case 'gauge':
        return new GaugeSeries(this, values, isOverflow);
      case 'histogram':
        return exponential ? new ExponentialSeries(this, values, isOverflow) : new HistogramSeries(this, values, isOverflow);
      case 'summary':
        return new SummarySeries(this, values, isOverflow);
      default:
        return new SumSeries(this, values, isOverflow);
    }
  }

  /**
   * Takes out the series that were not used for so long. What they counted goes to the overflow, so that the sum over all series stays;
   * gauges just end. `folded` is called before a series forgets.
   */
  expire(olderThanMs: number, folded: (series: Series, into: Series) => void): void {
    const nowMs = this.now();
    let expired = false;
    for (const [key, series] of this.#series) {
      if (series.isFresh) {
        series.isFresh = false;
        series.seenMs = nowMs;
      } else if (nowMs - series.seenMs >= olderThanMs) {
        if (this.definition.kind !== 'gauge') {
          this.overflow.merge(series);
          folded(series, this.overflow);
        }
        series.clear();
        series.isGone = true;
        this.#series.delete(key);
        expired = true;
      }
    }
    if (expired) this.#findPaths();
  }

  #findPaths(): void {
    this.#only = undefined;
    this.#root.clear();
    this.#paths = this.#ended = 0;
    for (const series of this.#series.values()) if (series.values.length > 0) this.#path(series.values, series);
  }

  /** Takes out a series of a gauge, which begins again when it is used; that of the overflow stays, since it is that of others too. */
  end(series: Series): void {
    if (series.isOverflow) return;
    series.clear();
    series.isFresh = false;
    this.#strays.delete(series);
    if (series.isGone) return;
    series.isGone = true;
    this.#series.delete(keyOf(series.values));
    // Ways to what is not there any more are cleared away now and then, not each time.
    if (++this.#ended > this.#series.size) this.#findPaths();
  }

  /** An expired series that somebody kept is used again. */
  revive(series: Series): void {
    const key = keyOf(series.values);
    if (this.#series.has(key) || this.#series.size >= this.#options.limit - 1) {
      this.#strays.add(series);
      return;
    }
    series.isGone = false;
    series.startMs = series.seenMs = this.now();
    this.#series.set(key, series);
    if (series.values.length === 0) this.#only = series;
    else this.#path(series.values, series);
  }

  /** Gives what an expired series measured since to the one that has its place. */
  #settle(stray: Series): void {
    this.#strays.delete(stray);
    this.#ofValues(stray.values).merge(stray);
    stray.clear();
    stray.isFresh = false;
  }
}

const isLong = (value: LabelValue | undefined): boolean => typeof value === 'string' && value.length > maxValueLength;

/** A value as a series keeps it: not longer than allowed, a text of its own rather than a part of a larger one; '' is absent. */
function kept(value: LabelValue | undefined | null): LabelValue | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return Buffer.from(value.slice(0, maxValueLength)).toString();
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
}

/** The same for labels that are the same in text. */
function keyOf(values: Values): string {
  return values.length === 1 ? String(values[0] ?? '') : JSON.stringify(values.map((value) => String(value ?? '')));
}
