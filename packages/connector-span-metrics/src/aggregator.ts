import { type AttributesView, type Context, key, type ResourceEdit, type SpanView, type Verdict, type Visitor } from '@millrace/api';
import { SeriesKey } from '@millrace/timeseries';
import { AdjustedCount } from './adjusted-count.ts';
import type { SpanMetricsConfig } from './config.ts';
import { Dimensions } from './dimensions.ts';
import type { Gates } from './gates.ts';
import type { ResourceSeries } from './resources.ts';
import { Series } from './series.ts';
import type { SeriesTable } from './series-table.ts';
import { SpanAttributes } from './span-attributes.ts';

const serviceName = key('service.name');

/** Places in the identity of a series. That of the name says kind, status and sampling too. */
const namePlace = 0;
const servicePlace = 0x1000;
const overflowPlace = 0x1001;
const dimensionsPlace = 0x1_0000;
const listPlaces = 0x1_0000;

/** What the Collector calls alike: every number beyond the known kinds and states. */
const otherKind = 6;
const otherStatus = 3;

/** Counts and measures the spans that it is shown. */
export class Aggregator implements Visitor {
  readonly series: Series;
  /** Whether series were added since `begin`. */
  hasGrown = false;
  readonly #context: Context;
  readonly #attributes: SpanAttributes;
  readonly #identity = new SeriesKey();
  readonly #common: Int32Array = new Int32Array(4);
  readonly #dimensions: Dimensions;
  readonly #callsLists: readonly Dimensions[];
  readonly #durationLists: readonly Dimensions[];
  readonly #eventLists: readonly Dimensions[];
  readonly #count = new AdjustedCount(Math.random);
  readonly #limit: number;
  readonly #hasExemplars: boolean;
  readonly #hasSamplingMethod: boolean;
  readonly #hasService: boolean;
  readonly #hasName: boolean;
  readonly #hasKind: boolean;
  readonly #hasStatus: boolean;
  readonly #resourceOnly: AttributesView[] = [];
  readonly #eventAndResource: AttributesView[] = [];
  #nowMs = 0;
  #budgetBytes = 0;
  #isFull = false;
  #resource: ResourceSeries | undefined;
  #service = '';

  constructor(config: SpanMetricsConfig, gates: Gates, context: Context, instanceId: string) {
    this.#context = context;
    this.series = new Series(config, gates.useSecondAsDefaultMetricsUnit ? 's' : 'ms');
    this.#attributes = new SpanAttributes(config, gates, instanceId);
    this.#dimensions = new Dimensions(config.dimensions, dimensionsPlace);
    this.#callsLists = [this.#dimensions, new Dimensions(config.calls_dimensions, dimensionsPlace + listPlaces)];
    this.#durationLists = [this.#dimensions, new Dimensions(config.histogram.dimensions, dimensionsPlace + listPlaces)];
    this.#eventLists = [this.#dimensions, new Dimensions(config.events.dimensions, dimensionsPlace + listPlaces)];
    this.#limit = config.aggregation_cardinality_limit;
    this.#hasExemplars = config.exemplars.enabled && config.exemplars.max_per_data_point > 0;
    this.#hasSamplingMethod = config.enable_metrics_sampling_method;
    const excluded = new Set(config.exclude_dimensions);
    const keys = config.resource_metrics_key_attributes;
    this.#hasService = !excluded.has('service.name') && keys.length > 0 && !keys.includes('service.name');
    this.#hasName = !excluded.has('span.name');
    this.#hasKind = !excluded.has('span.kind');
    this.#hasStatus = !excluded.has(gates.useOtelPrefix ? 'otel.status_code' : 'status.code');
  }

  /** Begins a batch. New series are counted in those of the overflow, new resources in one of it, while all take more than half of `budgetBytes`. */
  begin(budgetBytes: number): void {
    this.#nowMs = this.#context.clock.now();
    this.#budgetBytes = budgetBytes;
    this.hasGrown = false;
  }

  onResource({ attributes }: ResourceEdit): Verdict {
    const slot = attributes.find(serviceName);
    if (slot < 0) return 'skip';
    this.#service = attributes.typeAt(slot) === 'string' ? attributes.valueAt(slot).string() : '';
    const resource = this.series.resources.find(attributes, !this.#isOverBudget());
    this.#resource = resource;
    resource.seenMs = this.#nowMs;
    resource.isPending = true;
    return undefined;
  }

  onSpan(span: SpanView): void {
    const { series } = this;
    const resource = this.#resource!;
    const { attributes } = span;
    const others = this.#resourceOnly;
    others[0] = span.resource.attributes;
    const nanos = span.durationNanos;
    const duration = nanos > 0 ? nanos / series.unitNanos : 0;
    const count = this.#count.of(span.traceState);
    this.#identifySpan(span, resource);
    const identity = this.#identity;
    this.#dimensions.identify(identity, attributes, others);
    const isShared = series.durations === series.calls;
    if (!isShared) {
      this.#common.set(identity.words);
      this.#callsLists[1].identify(identity, attributes, others);
    }
    this.#observe(series.calls, resource.calls, span, this.#callsLists, others, duration, count);
    if (!isShared && series.durations !== undefined) {
      identity.start(this.#common);
      this.#durationLists[1].identify(identity, attributes, others);
      this.#observe(series.durations, resource.durations, span, this.#durationLists, others, duration, count);
    }
    if (series.events !== undefined) this.#countEvents(series.events, resource, span, duration, count);
  }

  /** Begins the identity of a series with the resource and what the span is. */
  #identifySpan(span: SpanView, resource: ResourceSeries): void {
    let place = namePlace;
    if (this.#hasKind) place |= Math.min(span.kind >>> 0, otherKind) << 4;
    if (this.#hasStatus) place |= Math.min(span.statusCode >>> 0, otherStatus) << 2;
    if (this.#hasSamplingMethod && this.#count.isAdjusted) place |= 2;
    const identity = this.#identity.start(resource.words);
    if (this.#hasName) identity.range(span.nameRange(), place);
    else identity.number(0, place);
    if (this.#hasService) identity.text(this.#service, servicePlace);
  }

  #countEvents(table: SeriesTable, resource: ResourceSeries, span: SpanView, duration: number, count: number): void {
    const { events } = span;
    const others = this.#eventAndResource;
    for (let i = 0; i < events.size; i++) {
      others[0] = events.at(i).attributes;
      others[1] = span.resource.attributes;
      this.#identifySpan(span, resource);
      for (const list of this.#eventLists) list.identify(this.#identity, span.attributes, others);
      this.#observe(table, resource.events, span, this.#eventLists, others, duration, count);
    }
  }

  #observe(
    table: SeriesTable,
    slots: number[],
    span: SpanView,
    lists: readonly Dimensions[],
    others: readonly AttributesView[],
    duration: number,
    count: number,
  ): void {
    const { words } = this.#identity;
    let slot = table.map.find(words);
    let isOverflow = false;
    if (slot < 0) {
      isOverflow = (this.#limit > 0 && slots.length >= this.#limit) || this.#isOverBudget();
      slot = isOverflow ? this.#overflowOf(table, slots) : this.#add(table, slots, span, lists, others);
    }
    if (this.#hasExemplars && !isOverflow) addExemplar(table, slot, span, duration);
    table.observe(slot, duration, count, this.#nowMs);
  }

  #add(table: SeriesTable, slots: number[], span: SpanView, lists: readonly Dimensions[], others: readonly AttributesView[]): number {
    const encoded = this.#attributes.of(this.#service, span, others, this.#count.isAdjusted, lists);
    const slot = table.add(this.#identity.words, encoded, this.#nowMs);
    slots.push(slot);
    this.hasGrown = true;
    return slot;
  }

  /** The series of a resource that takes what has no room. */
  #overflowOf(table: SeriesTable, slots: number[]): number {
    const { words } = this.#identity.start(this.#resource!.words).number(0, overflowPlace);
    const found = table.map.find(words);
    if (found >= 0) return found;
    const slot = table.add(words, this.#attributes.overflow(), this.#nowMs);
    slots.push(slot);
    this.hasGrown = true;
    return slot;
  }

  #isOverBudget(): boolean {
    const isFull = this.series.sizeBytes > this.#budgetBytes / 2;
    if (isFull && !this.#isFull) {
      this.#context.logger.warn('There is no memory for further series: they are counted as otel.metric.overflow', {
        bytes: this.series.sizeBytes,
      });
    }
    this.#isFull = isFull;
    return isFull;
  }
}

function addExemplar(table: SeriesTable, slot: number, span: SpanView, duration: number): void {
  const traceId = span.traceId();
  let { start } = traceId;
  while (start < traceId.end && traceId.buffer[start] === 0) start++;
  if (start < traceId.end) table.addExemplar(slot, traceId, duration)?.spanId(span.spanId());
}
