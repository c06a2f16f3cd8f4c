import { key } from '@millrace/api';
import type { MetricView } from '@millrace/api';
import { exponentialFields, histogramFields, metricName, numberFields, summaryFields, unitName } from '@millrace/prometheus-format';
import type { FamilyType, NameOptions, PointFields } from '@millrace/prometheus-format';
import type { MetricType } from '@millrace/wire';
import type { Encoder, MetricHeader } from './encoder.ts';

/** What becomes of the points of a metric: how they are written, or why they are not. */
export interface MetricPlan<N> extends MetricHeader<N> {
  /** Why no point is written; undefined when they are. */
  readonly refusal: string | undefined;
  readonly kind: MetricType;
  readonly fields: PointFields;
  readonly sum: N;
  readonly count: N;
  readonly bucket: N;
  readonly hasExemplars: boolean;
  /** Whether the start of its points says when a count began. */
  readonly hasStart: boolean;
  /** What is sent beside the series, and the batch with which it was sent last. */
  readonly metadata: Buffer | undefined;
  sentWith: number;
}

const cumulative = 2;

/** Set by the Collector's prometheus receiver where OpenTelemetry lacks a type. */
const typeKey = key('prometheus.type');

/** More metrics than this are not kept by name: they are looked up again. */
const maxPlans = 10_000;

const fieldsOf: Readonly<Record<MetricType, PointFields>> = {
  empty: numberFields,
  gauge: numberFields,
  sum: numberFields,
  histogram: histogramFields,
  exponentialHistogram: exponentialFields,
  summary: summaryFields,
};

/** How metrics are named and written, by what identifies them. */
export class Metrics<N> {
  readonly #encoder: Encoder<N, unknown>;
  readonly #options: NameOptions;
  readonly #hasMetadata: boolean;
  readonly #plans = new Map<string, MetricPlan<N>>();

  constructor(encoder: Encoder<N, unknown>, options: NameOptions, hasMetadata: boolean) {
    this.#encoder = encoder;
    this.#options = options;
    this.#hasMetadata = hasMetadata;
  }

  find(metric: MetricView): MetricPlan<N> {
    const { type, name, unit, temporality, isMonotonic } = metric;
    const help = this.#hasMetadata ? metric.description : '';
    const id = `${type} ${temporality} ${isMonotonic} ${unit}\0${name}\0${help}`;
    let plan = this.#plans.get(id);
    if (plan === undefined) {
      if (this.#plans.size >= maxPlans) this.#plans.clear();
      this.#plans.set(id, (plan = this.#plan(metric)));
    }
    return plan;
  }

  #plan(metric: MetricView): MetricPlan<N> {
    const { type, name, unit, isMonotonic } = metric;
    const isCounter = type === 'sum' && isMonotonic;
    let refusal = this.#refusal(metric);
    let exposed = '';
    try {
      exposed = metricName(name, unit, isCounter ? 'counter' : type === 'gauge' ? 'gauge' : 'other', this.#options);
    } catch (error) {
      refusal ??= (error as Error).message;
    }
    const words = unitName(unit, this.#options.utf8);
    const family = familyType(metric);
    const encoder = this.#encoder;
    return {
      refusal,
      kind: type,
      fields: fieldsOf[type],
      name: encoder.name(exposed),
      sum: encoder.name(`${exposed}_sum`),
      count: encoder.name(`${exposed}_count`),
      bucket: encoder.name(`${exposed}_bucket`),
      type: family,
      help: encoder.text(metric.description),
      unit: encoder.text(words),
      hasExemplars: isCounter || type === 'histogram' || type === 'exponentialHistogram',
      hasStart: isCounter || type === 'histogram' || type === 'exponentialHistogram' || type === 'summary',
      metadata: this.#hasMetadata && refusal === undefined ? encoder.metadata(exposed, family, metric.description, words) : undefined,
      sentWith: 0,
    };
  }

  #refusal({ type, temporality, name }: MetricView): string | undefined {
    if (type === 'gauge' || type === 'summary' || temporality === cumulative) return undefined;
    return `invalid temporality and type combination for metric ${JSON.stringify(name)}`;
  }
}

function familyType({ type, isMonotonic, metadata }: MetricView): FamilyType {
  const told = metadata.string(typeKey);
  switch (type) {
    case 'gauge':
      return told === 'unknown' ? 'unknown' : 'gauge';
    case 'sum':
      return isMonotonic ? 'counter' : told === 'info' || told === 'stateset' ? told : 'gauge';
    case 'summary':
      return 'summary';
    case 'empty':
      return 'unknown';
    default:
      return 'histogram';
  }
}
