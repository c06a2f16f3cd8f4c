import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BatchBuilder, MetricInput, NewMetric, PlainAttributes } from '@millrace/wire';
import type { MetricConfig, MetricTable } from './scraper.ts';

/** Semantic conventions that the names come from. */
const schemaUrl = 'https://opentelemetry.io/schemas/1.9.0';
const cumulative = 2;
/** How many resources are written before the event loop gets a turn: a few milliseconds' work. */
const groupsPerTurn = 64;
/** Largest value of an int point. */
const maxInt = 2n ** 63n - 1n;

/** Something that went wrong while measuring. */
export interface Failure {
  /** A constant for one cause, such as `process executable`: each is logged once. */
  readonly kind: string;
  readonly message: string;
  /** Metrics that are missing because of it. */
  readonly metrics: number;
}

interface Point {
  readonly timeUnixNano: bigint;
  readonly attributes: Record<string, string>;
  value: number | bigint;
  values: number;
}

interface Group {
  readonly resource: PlainAttributes;
  readonly startUnixNano: bigint;
  readonly metrics: Map<string, Map<string, Point>>;
}

/** What one scraper measured in one collection: points of the metrics that are on, by resource, and failures. */
export class Recorder {
  readonly failures: Failure[] = [];
  /** Aborted when the time for the collection is up. */
  readonly signal: AbortSignal;
  /** Time of the points that are recorded next. */
  timeUnixNano: bigint;
  readonly #table: MetricTable;
  readonly #config: Readonly<Record<string, MetricConfig>>;
  readonly #groups: Group[] = [];
  #group: Group;
  #isOpen = true;

  /** `startUnixNano`: when the counters began, which is when the host was started. */
  constructor(
    table: MetricTable,
    config: Readonly<Record<string, MetricConfig>>,
    startUnixNano: bigint,
    timeUnixNano: bigint,
    signal: AbortSignal,
  ) {
    this.#table = table;
    this.#config = config;
    this.timeUnixNano = timeUnixNano;
    this.signal = signal;
    this.#group = this.#begin({}, startUnixNano);
  }

  #begin(resource: PlainAttributes, startUnixNano: bigint): Group {
    const group = { resource, startUnixNano, metrics: new Map() };
    this.#groups.push(group);
    return group;
  }

  /** Metrics that have points. */
  get metrics(): number {
    return this.#groups.reduce((sum, group) => sum + group.metrics.size, 0);
  }

  /** Whether some of these metrics are on. */
  wants(...names: readonly string[]): boolean {
    return names.some((name) => this.#config[name]?.enabled);
  }

  /** What is recorded from here on belongs to this resource. */
  resource(attributes: PlainAttributes, startUnixNano: bigint): void {
    this.#group = this.#begin(attributes, startUnixNano);
  }

  /**
   * Adds a point when the metric is on. The values of its attributes come in the order of its definition; points that agree in all
   * attributes that the user wants become one. Ints are exact as bigint, and whole numbers.
   */
  record(name: string, value: number | bigint, ...values: readonly string[]): void {
    const definition = this.#table[name];
    const config = this.#config[name];
    if (definition === undefined) throw new Error(`${name} is not defined`);
    if (!this.#isOpen || config === undefined || !config.enabled) return;
    const attributes: Record<string, string> = {};
    for (const [i, attribute] of definition.attributes.entries()) {
      if (config.attributes?.includes(attribute) !== false) attributes[attribute] = values[i] ?? '';
    }
    const { metrics } = this.#group;
    let points = metrics.get(name);
    if (points === undefined) metrics.set(name, (points = new Map()));
    const id = Object.values(attributes).join('\0');
    const exact = definition.value === 'int' ? clamped(BigInt(value)) : Number(value);
    const point = points.get(id);
    if (point === undefined) {
      points.set(id, { timeUnixNano: this.timeUnixNano, attributes, value: exact, values: 1 });
      return;
    }
    point.values++;
    if (config.aggregation_strategy === 'min') point.value = exact < point.value ? exact : point.value;
    else if (config.aggregation_strategy === 'max') point.value = exact > point.value ? exact : point.value;
    else point.value = typeof exact === 'bigint' ? (point.value as bigint) + exact : (point.value as number) + exact;
  }

  /** Notes that something could not be measured. */
  fail(kind: string, message: string, metrics = 1): void {
    if (this.#isOpen) this.failures.push({ kind, message, metrics });
  }

  /** Ignores everything that comes later. */
  close(): void {
    this.#isOpen = false;
  }

  /** Writes what was recorded. The event loop gets its turns in between. */
  async write(builder: BatchBuilder, scope: string, version: string): Promise<void> {
    for (const [i, { resource, startUnixNano, metrics }] of this.#groups.entries()) {
      if (i % groupsPerTurn === groupsPerTurn - 1) await nextTurn();
      if (metrics.size === 0) continue;
      const target = builder.resource(resource, schemaUrl).scope(scope, version);
      for (const [name, definition] of Object.entries(this.#table)) {
        const points = metrics.get(name);
        if (points === undefined) continue;
        const { unit, description, isMonotonic } = definition;
        const input: MetricInput<'gauge' | 'sum'> = { name, unit, description, type: definition.type };
        const metric = target.metric(definition.type === 'sum' ? { ...input, temporality: cumulative, isMonotonic } : input);
        const isAverage = this.#config[name]?.aggregation_strategy === 'avg';
        for (const point of points.values()) writePoint(metric, point, startUnixNano, isAverage);
      }
    }
  }
}

/** The kernel counts in unsigned numbers, OTLP in signed ones. */
function clamped(value: bigint): bigint {
  return value > maxInt ? maxInt : value;
}

function writePoint(metric: NewMetric<'gauge' | 'sum'>, point: Point, startTimeUnixNano: bigint, isAverage: boolean): void {
  const { timeUnixNano, attributes, value, values } = point;
  const count = isAverage ? values : 1;
  const number = typeof value === 'bigint' ? { asInt: value / BigInt(count) } : { asDouble: value / count };
  metric.point({ startTimeUnixNano, timeUnixNano, attributes, ...number });
}
