import type { Client } from './client.ts';
import type { Key, KeyPrefixes, KeySet } from './key.ts';
import type { ByteWriter } from './walk/byte-writer.ts';

/** What an `AnyValue` holds; `empty` when no member of its oneof is set. */
export type ValueType = 'empty' | 'string' | 'bool' | 'int' | 'double' | 'array' | 'kvlist' | 'bytes';

/** One value as a plain object: int is bigint, double is number, bytes is Uint8Array, empty is undefined. For single values, never for a batch. */
export type Plain = string | bigint | number | boolean | Uint8Array | undefined | readonly Plain[] | { readonly [key: string]: Plain };

/** What can be written as a value: a `Plain`, in which maps may be `Map`s too, whose order is kept. */
export type PlainInput =
  | Exclude<Plain, object>
  | Uint8Array
  | readonly PlainInput[]
  | ReadonlyMap<string, PlainInput>
  | { readonly [key: string]: PlainInput };

/** A range of bytes; the object is reused, so read it before the next call on the same view. */
export interface ByteRange {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** An `AnyValue` at any depth. */
export interface ValueView {
  readonly type: ValueType;
  /** The text of a string value; '' for other types. */
  string(): string;
  /** An int (rounded beyond 2^53) or a double; NaN for other types. */
  number(): number;
  /** The exact int; 0n for other types. */
  bigint(): bigint;
  boolean(): boolean;
  /** The raw bytes of a string or bytes value, or the encoded message of an array or kvlist. */
  range(): ByteRange;
  /** Elements of an array, entries of a kvlist, else 0. */
  readonly size: number;
  /** Element of an array. */
  at(index: number): ValueView;
  /** Entries of a kvlist (read only), empty for other types. */
  readonly entries: AttributesView;
  toPlain(): Plain;
}

/** The attributes of one thing. A slot is a number that is valid until the thing is left; -1 means none; deleted slots are skipped. */
export interface AttributesView {
  /** Live attributes. */
  readonly size: number;
  find(key: Key): number;
  first(): number;
  next(slot: number): number;
  keyAt(slot: number): string;
  keyRangeAt(slot: number): ByteRange;
  keyIn(slot: number, keys: KeySet): boolean;
  typeAt(slot: number): ValueType;
  /** Raw value bytes: the text of a string, the bytes of a bytes value, the encoded message of an array or kvlist. */
  rangeAt(slot: number): ByteRange;
  valueAt(slot: number): ValueView;
  /** Appends the attribute to a writer, as a `KeyValue` field with this tag, of one byte. */
  copyAt(slot: number, to: ByteWriter, tag: number): void;
  has(key: Key): boolean;
  /** Whether a key begins with one of the prefixes: the cheapest question, since nothing is taken apart for it. */
  hasPrefix(prefixes: KeyPrefixes): boolean;
  /** The value when the attribute is there and a string. */
  string(key: Key): string | undefined;
  /** The value when it is an int (rounded beyond 2^53) or a double. */
  number(key: Key): number | undefined;
  /** The exact value when it is an int. */
  bigint(key: Key): bigint | undefined;
  boolean(key: Key): boolean | undefined;
  value(key: Key): ValueView | undefined;
  /** Whether the attribute is a string equal to the literal, compared as bytes. */
  equals(key: Key, literal: Key): boolean;
  /** A seeded 64-bit hash of the set of attributes, independent of their order, written into two 32-bit words. */
  hash64(into: Uint32Array): void;
  /**
   * Adds a 128-bit hash of the set of attributes, independent of their order, to the four words in `into`. `key`: four secret words. `place`
   * tells sets apart that are added to one sum, such as those of the resource and of the point.
   */
  addHash128(key: Int32Array, place: number, into: Int32Array): void;
  toPlain(): { readonly [key: string]: Plain };
}

/** Attributes that can be changed. A change is seen by every later read of the same walk and spliced into the output when the thing is left. */
export interface AttributesEdit extends AttributesView {
  /** Sets or inserts; a `Key` value is a literal whose bytes are ready. */
  setString(key: Key, value: string | Key): void;
  setInt(key: Key, value: number | bigint): void;
  setDouble(key: Key, value: number): void;
  setBoolean(key: Key, value: boolean): void;
  /** Sets any value: bigint is an int, number a double, undefined the empty value. */
  setPlain(key: Key, value: PlainInput): void;
  setStringAt(slot: number, value: string | Key): void;
  setPlainAt(slot: number, value: PlainInput): void;
  /** Sets or inserts the value of another attribute, byte for byte. */
  setFrom(key: Key, slot: number): void;
  deleteAt(slot: number): void;
  /** Deletes the attribute; false when there was none. */
  delete(key: Key): boolean;
}

/**
 * Sets single fields of a message by their number in the schema: those for which the view has no method of its own. Repeated fields are set as
 * a whole where they are packed. Later reads through the view see the change.
 */
export interface FieldsEdit {
  /** An int32, int64, uint32, uint64, bool or enum. */
  setVarint(field: number, value: number | bigint): void;
  setFixed64(field: number, value: bigint): void;
  setFixed32(field: number, value: number): void;
  setDouble(field: number, value: number): void;
  /** Bytes, a text, or an encoded message or packed list. */
  setBytes(field: number, value: Uint8Array | string): void;
  remove(field: number, wireType: 0 | 1 | 2 | 5): void;
}

/** A repeated part of an item: events, links, exemplars, quantiles. `at` returns a reused view and throws a `RangeError` beyond `size`. */
export interface ListView<V> {
  readonly size: number;
  at(index: number): V;
}

/** A `ListView` whose entries can be dropped: they keep their index until the hook returns, and later visitors do not see them. */
export interface EditableListView<V> extends ListView<V> {
  drop(index: number): void;
  isDropped(index: number): boolean;
}

/** A reference from a resource to the entity it describes. */
export interface EntityRefView {
  readonly schemaUrl: string;
  readonly type: string;
  readonly idKeys: readonly string[];
  readonly descriptionKeys: readonly string[];
}

/** The resource of the current items and its `schema_url`. */
export interface ResourceView {
  /** Who sent the batch. */
  readonly client: Client;
  readonly attributes: AttributesView;
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
  readonly entityRefs: ListView<EntityRefView>;
}

/** A resource in `onResource`. */
export interface ResourceEdit extends ResourceView {
  readonly attributes: AttributesEdit;
  readonly fields: FieldsEdit;
  /** Sets the schema URL where there is no such field; one that is there stays. */
  addSchemaUrl(value: Key): void;
  setSchemaUrl(value: string): void;
}

/** The instrumentation scope of the current items and its `schema_url`. */
export interface ScopeView {
  readonly name: string;
  readonly version: string;
  readonly attributes: AttributesView;
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
  readonly resource: ResourceView;
}

/** A scope in `onScope`. */
export interface ScopeEdit extends ScopeView {
  readonly attributes: AttributesEdit;
  readonly fields: FieldsEdit;
  setName(value: string): void;
  setVersion(value: string): void;
  setSchemaUrl(value: string): void;
}

/** What spans, log records and data points share. */
export interface ItemView {
  readonly attributes: AttributesEdit;
  readonly fields: FieldsEdit;
  readonly resource: ResourceView;
  readonly scope: ScopeView;
  /** The item's own bytes with the edits made so far. */
  range(): ByteRange;
}

/** A span's event. */
export interface EventView {
  readonly name: string;
  setName(value: string): void;
  readonly timeUnixNano: bigint;
  readonly attributes: AttributesEdit;
  readonly fields: FieldsEdit;
  readonly droppedAttributesCount: number;
}

/** A span's link. */
export interface LinkView {
  traceId(): ByteRange;
  spanId(): ByteRange;
  readonly traceIdHex: string;
  readonly spanIdHex: string;
  readonly traceState: string;
  readonly flags: number;
  readonly attributes: AttributesEdit;
  readonly droppedAttributesCount: number;
}

/** A span. Times are nanoseconds since the epoch, exact. Ids are '' (an empty range) when absent. */
export interface SpanView extends ItemView {
  readonly name: string;
  nameRange(): ByteRange;
  nameEquals(literal: Key): boolean;
  nameIn(names: KeySet): boolean;
  setName(value: string): void;
  readonly kind: number;
  traceId(): ByteRange;
  spanId(): ByteRange;
  parentSpanId(): ByteRange;
  readonly traceIdHex: string;
  readonly spanIdHex: string;
  readonly parentSpanIdHex: string;
  readonly traceState: string;
  setTraceState(value: string): void;
  readonly flags: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  /** End minus start as a double, exact below 104 days. */
  readonly durationNanos: number;
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
  /** Sets the code and, when given, the message. */
  setStatus(code: number, message?: string): void;
  readonly events: EditableListView<EventView>;
  readonly links: EditableListView<LinkView>;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** A log record. */
export interface LogView extends ItemView {
  readonly body: ValueView;
  setBody(value: PlainInput): void;
  readonly severityNumber: number;
  readonly severityText: string;
  /** Sets the number and, when given, the text. */
  setSeverity(number: number, text?: string): void;
  setSeverityText(text: string): void;
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly eventName: string;
  traceId(): ByteRange;
  spanId(): ByteRange;
  readonly traceIdHex: string;
  readonly spanIdHex: string;
  readonly flags: number;
  readonly droppedAttributesCount: number;
}

/** The data of a metric; `empty` when its oneof is not set. */
export type MetricType = 'empty' | 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';

/** The metric of the current data points. */
export interface MetricView {
  readonly name: string;
  nameIn(names: KeySet): boolean;
  readonly description: string;
  readonly unit: string;
  readonly type: MetricType;
  /** 0 unspecified, 1 delta, 2 cumulative; 0 for gauges and summaries. */
  readonly temporality: number;
  readonly isMonotonic: boolean;
  /** Data points when the walk began: visitors before may drop some. */
  readonly size: number;
  readonly metadata: AttributesView;
  /**
   * The value of the first data point that has the attribute, as the walk began. For visitors with the trait `readsAhead`: data points come
   * after their metric.
   */
  pointAttribute(key: Key): ValueView | undefined;
  readonly resource: ResourceView;
  readonly scope: ScopeView;
}

/** A metric in `onMetric`. */
export interface MetricEdit extends MetricView {
  setName(value: string): void;
  setDescription(value: string): void;
  setUnit(value: string): void;
  /** For sums and histograms of both kinds. */
  setTemporality(value: number): void;
  /** For sums. */
  setMonotonic(value: boolean): void;
  /** Makes these the metadata. */
  setMetadata(entries: ReadonlyMap<string, PlainInput>): void;
  /** The encoded metric with the edits made so far, except for those of its data points. */
  message(): Uint8Array;
  /**
   * Puts an encoded metric behind this one; no hook is run for it, its points count as created. Only for visitors with the trait
   * `editsUpward`.
   */
  append(message: Uint8Array): void;
}

/** An exemplar of a data point. */
export interface ExemplarView {
  readonly timeUnixNano: bigint;
  readonly isInt: boolean;
  readonly number: number;
  readonly int: bigint;
  traceId(): ByteRange;
  spanId(): ByteRange;
  readonly traceIdHex: string;
  readonly spanIdHex: string;
  /** `filtered_attributes`. */
  readonly attributes: AttributesEdit;
}

/** The buckets of one sign of an exponential histogram. */
export interface BucketsView {
  readonly offset: number;
  readonly size: number;
  /** Count of bucket i. */
  at(index: number): bigint;
}

/** One quantile of a summary. */
export interface QuantileView {
  readonly quantile: number;
  readonly value: number;
}

/** A data point of any metric type; what the type lacks reads as zero, undefined or an empty list. */
export interface DataPointView extends ItemView {
  readonly metric: MetricView;
  readonly timeUnixNano: bigint;
  readonly startTimeUnixNano: bigint;
  /** The same times as doubles, rounded beyond 2^53 (256 ns today): cheaper. */
  readonly timeNanos: number;
  readonly startTimeNanos: number;
  readonly flags: number;
  /** Number points: whether the value is `as_int`. */
  readonly isInt: boolean;
  /** Number points: whether a value is there at all. */
  readonly hasValue: boolean;
  /** Number points: the value as a double. */
  readonly number: number;
  /** Number points: the exact `as_int`. */
  readonly int: bigint;
  setInt(value: bigint): void;
  setDouble(value: number): void;
  readonly count: bigint;
  readonly sum: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Histogram: number of bucket counts, and count i. */
  readonly bucketCounts: number;
  bucketCount(index: number): bigint;
  /** Histogram: number of explicit bounds, and bound i. */
  readonly bounds: number;
  bound(index: number): number;
  /** Exponential histogram. */
  readonly scale: number;
  readonly zeroCount: bigint;
  readonly zeroThreshold: number;
  readonly positive: BucketsView;
  readonly negative: BucketsView;
  /** Summary. */
  readonly quantiles: ListView<QuantileView>;
  readonly exemplars: EditableListView<ExemplarView>;
}
