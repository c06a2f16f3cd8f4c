import type { BatchBuilder } from './batch-builder.ts';
import type { Group } from './item-group.ts';
import type { LogInput, MetricInput, PlainAttributes, PointInputs, SpanInput } from './item-inputs.ts';
import type { DataPointView, LogView, MetricType, ScopeView, SpanView } from './views.ts';
import type { ByteWriter } from './walk/byte-writer.ts';

/** A resource for new items of a `BatchBuilder`. */
export class NewResource {
  readonly #builder: BatchBuilder;
  readonly #group: Group;

  /** For `BatchBuilder` only. */
  constructor(builder: BatchBuilder, group: Group) {
    this.#builder = builder;
    this.#group = group;
  }

  /** A scope with the header of one that a hook was given, without its schema URL; equal ones are one. */
  scopeLike(scope: ScopeView): NewScope {
    return this.#builder.scopeLike(this.#group, scope);
  }

  /** An instrumentation scope of this resource; equal ones are one. */
  scope(name = '', version = '', attributes: PlainAttributes = {}, schemaUrl = ''): NewScope {
    return this.#builder.newScope(this.#group, { name, version, attributes }, schemaUrl);
  }
}

/** A scope for new items of a `BatchBuilder`. Inputs that no field can hold throw and add nothing. */
export class NewScope {
  readonly #builder: BatchBuilder;
  readonly #group: Group;

  /** For `BatchBuilder` only. */
  constructor(builder: BatchBuilder, group: Group) {
    this.#builder = builder;
    this.#group = group;
  }

  span(span: SpanInput): void {
    this.#builder.newItem('traces', this.#group, 'Span', span);
  }

  /** Adds a span as its bytes, all that the writer holds: a well-formed `Span`. */
  spanBytes(span: ByteWriter): void {
    this.#builder.newBytes('traces', this.#group, span);
  }

  log(log: LogInput): void {
    this.#builder.newItem('logs', this.#group, 'LogRecord', log);
  }

  /** Adds a log record as its bytes, all that the writer holds: a well-formed `LogRecord`. */
  logBytes(log: ByteWriter): void {
    this.#builder.newBytes('logs', this.#group, log);
  }

  /** Copies a span or log record that a hook was given, with the edits made so far. Call it inside of the hook. */
  copy(item: SpanView | LogView): void {
    this.#builder.copyInto(this.#group, item);
  }

  /** A metric that is like that of a data point which a hook was given. */
  metricLike(point: DataPointView): NewMetric<Exclude<MetricType, 'empty'>> {
    return this.#builder.metricLike(this.#group, point);
  }

  /** A metric for new data points; equal ones are one. It is part of the batch when it has points. */
  metric<T extends Exclude<MetricType, 'empty'>>(metric: MetricInput<T>): NewMetric<T> {
    return this.#builder.newMetric(this.#group, metric);
  }
}

/** A metric for new data points of a `BatchBuilder`. */
export class NewMetric<T extends Exclude<MetricType, 'empty'>> {
  readonly #builder: BatchBuilder;
  readonly #group: Group;
  readonly #message: string;

  /** For `BatchBuilder` only. */
  constructor(builder: BatchBuilder, group: Group, message: string) {
    this.#builder = builder;
    this.#group = group;
    this.#message = message;
  }

  /** Copies a data point that a hook was given, of a metric of this type, with the edits made so far. Call it inside of the hook. */
  copy(point: DataPointView): void {
    this.#builder.copyInto(this.#group, point);
  }

  point(point: PointInputs[T]): void {
    this.#builder.newItem('metrics', this.#group, this.#message, point);
  }

  /** Adds a data point as its bytes, all that the writer holds: a well-formed point of the metric's type. */
  pointBytes(point: ByteWriter): void {
    this.#builder.newBytes('metrics', this.#group, point);
  }
}
