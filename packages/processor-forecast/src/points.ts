import { matchesAny, SeriesKey, SeriesMap } from '@millrace/timeseries';
import type { DataPointView, MetricEdit, Plain, PlainAttributes, Verdict, Visitor } from '@millrace/wire';
import type { Book } from './book.ts';
import type { BudgetConfig, ForecastConfig, MetricConfig, SeriesKind } from './config.ts';
import { hourMs } from './series.ts';
import type { Series, SeriesIdentity } from './series.ts';
import { budgetName } from './statements.ts';

const noRecordedValue = 1;
const cumulative = 2;
const nanosPerMs = 1e6;
/** Series that come in may be so many times as many as those that are forecast. */
const inputsPerSeries = 16;
const mostNames = 10_000;
const inputBytes = 400;
/** Start, time (in nanoseconds), sum and count of the last point. */
const width = 4;

/** What a metric is for, by its name. */
interface Use {
  readonly rule: MetricConfig | undefined;
  readonly budgets: readonly number[];
}

/** Where the points of a series go. */
interface Target {
  readonly series: Series | undefined;
  readonly totals: readonly Series[];
}

/** What is written of the series that come in. */
export interface InputsState {
  readonly secret: Int32Array;
  readonly words: Int32Array;
  readonly seen: Int32Array;
  readonly last: Float64Array;
}

/** Adds data points to the hours of their series. */
export class Points implements Visitor {
  /** Points whose hour was closed; of series beyond what may be remembered; too far ahead of the clock. */
  late = 0;
  overflow = 0;
  skewed = 0;
  /** Points that were looked at. */
  read = 0;
  /** The largest time that counts. */
  latestMs = Infinity;
  readonly #config: ForecastConfig;
  readonly #book: Book;
  readonly #uses = new Map<string, Use>();
  readonly #inputs = new SeriesMap();
  readonly #last = this.#inputs.float64(width);
  readonly #targets: (Target | undefined)[] = [];
  readonly #metric = new Int32Array(4);
  #identity = new SeriesKey();
  #use: Use = { rule: undefined, budgets: [] };
  #kind: SeriesKind = 'gauge';
  #isNumber = false;
  #isCumulative = false;
  #isMonotonic = false;
  #sum = 0;
  #count = 0;

  constructor(config: ForecastConfig, book: Book) {
    this.#config = config;
    this.#book = book;
  }

  get sizeBytes(): number {
    return this.#inputs.sizeBytes + this.#inputs.size * inputBytes;
  }

  /** Whether a metric of this name is looked at. */
  watches(name: string): boolean {
    const { rule, budgets } = this.#useOf(name);
    return rule !== undefined || budgets.length > 0;
  }

  #useOf(name: string): Use {
    let use = this.#uses.get(name);
    if (use !== undefined) return use;
    const { metrics, budgets } = this.#config;
    use = {
      rule: metrics.find((rule) => matchesAny(name, [rule.name])),
      budgets: budgets.flatMap(({ metric }, i) => (matchesAny(name, [metric]) ? [i] : [])),
    };
    if (this.#uses.size >= mostNames) this.#uses.clear();
    this.#uses.set(name, use);
    return use;
  }

  onMetric(metric: MetricEdit): Verdict {
    const { name, type } = metric;
    if (type === 'empty' || !this.watches(name)) return 'skip';
    this.#use = this.#useOf(name);
    this.#isNumber = type === 'gauge' || type === 'sum';
    this.#isMonotonic = type !== 'sum' || metric.isMonotonic;
    this.#kind = this.#use.rule?.kind ?? (type === 'sum' && metric.isMonotonic ? 'counter' : 'gauge');
    this.#isCumulative = type === 'summary' || metric.temporality === cumulative;
    const words = this.#identity
      .start()
      .attributes(metric.resource.attributes, 1)
      .text(metric.scope.name, 2)
      .text(name, 3)
      .text(metric.unit, 4)
      .text(type, 5).words;
    this.#metric.set(words);
    return undefined;
  }

  onDataPoint(point: DataPointView): void {
    this.read++;
    if ((point.flags & noRecordedValue) !== 0) return;
    const timeMs = point.timeNanos / nanosPerMs;
    if (timeMs > this.latestMs) {
      this.skewed++;
      return;
    }
    this.#sum = this.#isNumber ? point.number : (point.sum ?? NaN);
    this.#count = this.#isNumber ? 1 : Number(point.count);
    if (!Number.isFinite(this.#sum)) return;
    const book = this.#book;
    book.advance(timeMs);
    const hour = Math.floor(timeMs / hourMs);
    if (hour < book.openHour) {
      this.late++;
      return;
    }
    const slot = this.#slotOf(point, hour);
    if (slot < 0) {
      this.overflow++;
      return;
    }
    const target = (this.#targets[slot] ??= this.#targetOf(point, hour));
    const value = this.#sum;
    const isIncrement = !this.#isCumulative || this.#increment(slot, point);
    book.see(hour);
    if (isIncrement) for (const total of target.totals) total.add(hour, this.#sum, 1);
    const { series } = target;
    if (series === undefined) {
      if (this.#use.rule !== undefined) this.overflow++;
      return;
    }
    series.touch(hour);
    if (this.#kind === 'counter') {
      if (isIncrement) series.add(hour, this.#sum, 1);
    } else if (this.#isNumber) series.add(hour, value, 1);
    else if (isIncrement && this.#count > 0) series.add(hour, this.#sum, this.#count);
  }

  /** The slot of the series that a point is of; -1: there are too many. A new one has no last point. */
  #slotOf(point: DataPointView, hour: number): number {
    const { words } = this.#identity.start(this.#metric).attributes(point.attributes);
    let slot = this.#inputs.find(words);
    if (slot >= 0) this.#inputs.touch(slot, hour);
    else if (this.#inputs.size < inputsPerSeries * this.#config.max_series) slot = this.#inputs.add(words, hour);
    return slot;
  }

  /** Replaces sum and count of a cumulative point by what was added since the last one; false when that is not known. */
  #increment(slot: number, { startTimeNanos: start, timeNanos: time }: DataPointView): boolean {
    const { values } = this.#last;
    const at = slot * width;
    const lastTime = values[at + 1]!;
    if (time <= lastTime) return false;
    const lastSum = values[at + 2]!;
    const lastCount = values[at + 3]!;
    const isReset =
      lastTime === 0
        ? start > 0 && start >= this.#book.sinceMs * nanosPerMs
        : start > values[at]! || (this.#isNumber ? this.#isMonotonic && this.#sum < lastSum : this.#count < lastCount);
    values[at] = start;
    values[at + 1] = time;
    values[at + 2] = this.#sum;
    values[at + 3] = this.#count;
    if (isReset) return true;
    if (lastTime === 0) return false;
    this.#sum -= lastSum;
    this.#count -= lastCount;
    return true;
  }

  #targetOf({ attributes, metric }: DataPointView, hour: number): Target {
    const own = attributes.toPlain();
    const resource = metric.resource.attributes.toPlain();
    const { rule, budgets } = this.#use;
    const book = this.#book;
    const { name, unit } = metric;
    const totals = budgets.flatMap((budget) => {
      const config = this.#config.budgets[budget]!;
      if (!hasAttributes(config, own, resource)) return [];
      return book.open(
        { key: budgetKey(config), metric: config.metric, unit, kind: 'counter', attributes: {}, resource: {}, budget },
        hour,
      )!;
    });
    if (rule === undefined) return { series: undefined, totals };
    const kind = this.#kind;
    const who =
      rule.group_by === undefined ? { attributes: own, resource } : { attributes: chosen(rule.group_by, own, resource), resource: {} };
    const key = `${name} ${unit} ${kind} ${textOf(who.attributes)} ${textOf(who.resource)}`;
    return { series: book.open({ key, metric: name, unit, kind, ...who, budget: -1 }, hour), totals };
  }

  /** Who a series of an earlier run is now; undefined when it is not asked for any more. */
  known(identity: SeriesIdentity): SeriesIdentity | undefined {
    if (identity.budget < 0) return this.#useOf(identity.metric).rule === undefined ? undefined : identity;
    const budget = this.#config.budgets.findIndex((config) => budgetKey(config) === identity.key);
    return budget < 0 ? undefined : { ...identity, budget };
  }

  /** Forgets the series that had no point since an hour. Those that there was no room for are tried again. */
  expire(before: number): void {
    this.#inputs.sweep(before, Infinity, (slot) => {
      this.#targets[slot] = undefined;
    });
    this.#targets.forEach((target, slot) => {
      if (target !== undefined && target.series === undefined) this.#targets[slot] = undefined;
    });
  }

  save(): InputsState {
    const slots: number[] = [];
    for (let slot = 0; slot < this.#targets.length; slot++) if (this.#inputs.has(slot)) slots.push(slot);
    const words = new Int32Array(slots.length * 4);
    const last = new Float64Array(slots.length * width);
    slots.forEach((slot, i) => {
      this.#inputs.words(slot, words.subarray(i * 4, i * 4 + 4));
      last.set(this.#last.values.subarray(slot * width, (slot + 1) * width), i * width);
    });
    return { secret: this.#identity.secret, words, last, seen: Int32Array.from(slots, (slot) => this.#inputs.seen(slot)) };
  }

  restore({ secret, words, seen, last }: InputsState): void {
    this.#identity = new SeriesKey(Int32Array.from(secret));
    this.#inputs.clear();
    this.#targets.length = 0;
    for (let i = 0; i < seen.length; i++) {
      const slot = this.#inputs.add(words.subarray(i * 4, i * 4 + 4), seen[i]!);
      this.#last.values.set(last.subarray(i * width, (i + 1) * width), slot * width);
      this.#targets[slot] = undefined;
    }
  }
}

/** A budget is the same with another amount. */
function budgetKey(config: BudgetConfig): string {
  return `budget ${budgetName(config)} ${config.metric} ${config.period} ${textOf(config.attributes)}`;
}

function hasAttributes({ attributes }: BudgetConfig, own: PlainAttributes, resource: PlainAttributes): boolean {
  return Object.entries(attributes).every(([name, value]) => (own[name] ?? resource[name]) === value);
}

function chosen(names: readonly string[], own: PlainAttributes, resource: PlainAttributes): PlainAttributes {
  const result: Record<string, Plain> = {};
  for (const name of names) {
    const value = own[name] ?? resource[name];
    if (value !== undefined) result[name] = value;
  }
  return result;
}

/** The same text for the same attributes, in whatever order. */
function textOf(attributes: PlainAttributes): string {
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
