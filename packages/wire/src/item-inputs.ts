import type { MetricType, Plain } from './views.ts';

/** Attributes of something new, in the order of the object's keys: bigint is an int, number a double. */
export type PlainAttributes = { readonly [key: string]: Plain };

/** An id: its bytes, or as many in hex; nothing for none. */
export type IdInput = string | Uint8Array;

/** A span's new event. Times are nanoseconds since the epoch. */
export interface EventInput {
  readonly timeUnixNano?: bigint;
  readonly name?: string;
  readonly attributes?: PlainAttributes;
  readonly droppedAttributesCount?: number;
}

/** A span's new link. */
export interface LinkInput {
  readonly traceId?: IdInput;
  readonly spanId?: IdInput;
  readonly traceState?: string;
  readonly attributes?: PlainAttributes;
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
}

/** A new span. What is left out has the default of its field. */
export interface SpanInput {
  readonly traceId?: IdInput;
  readonly spanId?: IdInput;
  readonly traceState?: string;
  readonly parentSpanId?: IdInput;
  readonly name?: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind?: number;
  readonly startTimeUnixNano?: bigint;
  readonly endTimeUnixNano?: bigint;
  readonly attributes?: PlainAttributes;
  readonly droppedAttributesCount?: number;
  readonly events?: readonly EventInput[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly LinkInput[];
  readonly droppedLinksCount?: number;
  /** Code: 0 unset, 1 ok, 2 error. */
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly flags?: number;
}

/** A new log record. */
export interface LogInput {
  readonly timeUnixNano?: bigint;
  readonly observedTimeUnixNano?: bigint;
  /** 1 to 24. */
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: Plain;
  readonly attributes?: PlainAttributes;
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
  readonly traceId?: IdInput;
  readonly spanId?: IdInput;
  readonly eventName?: string;
}

/** A new metric without its data points. */
export interface MetricInput<T extends Exclude<MetricType, 'empty'>> {
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  readonly metadata?: PlainAttributes;
  readonly type: T;
  /** 1 delta, 2 cumulative. Sums and histograms. */
  readonly temporality?: number;
  /** Sums. */
  readonly isMonotonic?: boolean;
}

/** A data point's new exemplar: `asInt` or `asDouble`. */
export interface ExemplarInput {
  readonly timeUnixNano?: bigint;
  readonly asInt?: bigint;
  readonly asDouble?: number;
  readonly traceId?: IdInput;
  readonly spanId?: IdInput;
  readonly filteredAttributes?: PlainAttributes;
}

interface AnyPointInput {
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly attributes?: PlainAttributes;
  readonly flags?: number;
}

/** A new point of a gauge or sum: `asInt` or `asDouble`. */
export interface NumberPointInput extends AnyPointInput {
  readonly asInt?: bigint;
  readonly asDouble?: number;
  readonly exemplars?: readonly ExemplarInput[];
}

interface DistributionPointInput extends AnyPointInput {
  readonly count: bigint;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly exemplars?: readonly ExemplarInput[];
}

/** A new point of a histogram. */
export interface HistogramPointInput extends DistributionPointInput {
  readonly bucketCounts?: Iterable<bigint>;
  readonly explicitBounds?: Iterable<number>;
}

/** One sign's buckets of a new exponential histogram point. */
export interface BucketsInput {
  readonly offset?: number;
  readonly bucketCounts?: Iterable<bigint>;
}

/** A new point of an exponential histogram. */
export interface ExponentialHistogramPointInput extends DistributionPointInput {
  readonly scale?: number;
  readonly zeroCount?: bigint;
  readonly zeroThreshold?: number;
  readonly positive?: BucketsInput;
  readonly negative?: BucketsInput;
}

/** A new point of a summary. */
export interface SummaryPointInput extends AnyPointInput {
  readonly count: bigint;
  readonly sum: number;
  readonly quantileValues?: readonly { readonly quantile: number; readonly value: number }[];
}

/** The data points that the types of metrics take. */
export interface PointInputs {
  readonly gauge: NumberPointInput;
  readonly sum: NumberPointInput;
  readonly histogram: HistogramPointInput;
  readonly exponentialHistogram: ExponentialHistogramPointInput;
  readonly summary: SummaryPointInput;
}
