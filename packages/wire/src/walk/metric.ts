import type { Key, KeySet } from '../key.ts';
import type { AttributesView, MetricEdit, MetricType, PlainInput, ResourceView, ScopeView, ValueView } from '../views.ts';
import { Attributes } from './attributes.ts';
import type { Context } from './context.ts';
import { varintField } from './fields.ts';
import { ByteWriter } from './byte-writer.ts';
import { HeaderVersion } from './header.ts';
import { writeEntry } from './plain-value.ts';
import { skipField } from './scan.ts';
import type { Output } from './output.ts';
import { splice } from './splice.ts';
import { readVarint, varintSize } from '../varint.ts';
import { Tape, slotSize } from './tape.ts';

const metadataTag = 0x62;
const dataPointsTag = 0x0a;
const temporalityTag = 0x10;
const isMonotonicTag = 0x18;
const fieldTags = [0x0a, 0x12, 0x1a];
const name = 0;
const description = slotSize;
const unit = 2 * slotSize;

/** Numbers of the members of `Metric.data`. */
export const gaugeField = 5;
export const sumField = 7;
export const histogramField = 9;
export const exponentialHistogramField = 10;
export const summaryField = 11;

const typeOf: Readonly<Record<number, MetricType>> = {
  [gaugeField]: 'gauge',
  [sumField]: 'sum',
  [histogramField]: 'histogram',
  [exponentialHistogramField]: 'exponentialHistogram',
  [summaryField]: 'summary',
};

/** Tags of the attributes of data points by the member of `Metric.data`. */
const pointAttributesTag: Readonly<Record<number, number>> = {
  [gaugeField]: 0x3a,
  [sumField]: 0x3a,
  [histogramField]: 0x4a,
  [exponentialHistogramField]: 0x0a,
  [summaryField]: 0x3a,
};

/** One version of a metric. Its tape covers the fields before the data. */
export class Metric extends HeaderVersion implements MetricEdit {
  readonly #context: Context;
  readonly #metadata: Attributes;
  #metadataOf = -1;
  #points: Attributes | undefined;
  /** -1 unless it was set. */
  #newTemporality = -1;
  #newMonotonic = -1;
  #newMetadata: { readonly start: number; readonly end: number } | undefined;
  readonly #committed: {
    temporality: number;
    monotonic: number;
    metadata: { readonly start: number; readonly end: number } | undefined;
    appended: number;
  } = {
    temporality: -1,
    monotonic: -1,
    metadata: undefined,
    appended: 0,
  };
  /** Whether the hooks of items may edit it. */
  isLate = false;
  /** Metrics to be written behind this one. */
  readonly appended: Uint8Array[] = [];
  protected readonly notWritable = 'a metric can be edited in onMetric only';

  constructor(context: Context) {
    super(context.memory, metadataTag, fieldTags);
    this.#context = context;
    this.#metadata = new Attributes(new Tape(context.memory, metadataTag));
  }

  protected index(): void {
    this.indexFields(fieldTags);
  }

  get name(): string {
    return this.tape.text(name);
  }

  nameIn(names: KeySet): boolean {
    return this.tape.valueIn(name, names);
  }

  setName(value: string): void {
    this.edit().setText(name, value);
  }

  get description(): string {
    return this.tape.text(description);
  }

  setDescription(value: string): void {
    this.edit().setText(description, value);
  }

  get unit(): string {
    return this.tape.text(unit);
  }

  setUnit(value: string): void {
    this.edit().setText(unit, value);
  }

  get type(): MetricType {
    return typeOf[this.#context.dataField] ?? 'empty';
  }

  get temporality(): number {
    const { data, dataField } = this.#context;
    if (this.#newTemporality >= 0) return this.#newTemporality;
    if (dataField === gaugeField || dataField === summaryField) return 0;
    return varintField(this.memory, data.start, data.end, temporalityTag);
  }

  get isMonotonic(): boolean {
    const { data, dataField } = this.#context;
    if (this.#newMonotonic >= 0) return this.#newMonotonic === 1;
    return dataField === sumField && varintField(this.memory, data.start, data.end, isMonotonicTag) !== 0;
  }

  get size(): number {
    const { start, end } = this.#context.data;
    const b = this.memory.body;
    let size = 0;
    for (let p = start; p < end; p = skipField(b, p)) if (b[p] === dataPointsTag) size++;
    return size;
  }

  get metadata(): AttributesView {
    const { start, end } = this.#newMetadata ?? this.#context.metric;
    if (this.#metadataOf !== this.stamp) {
      this.#metadataOf = this.stamp;
      const { tape } = this.#metadata;
      tape.begin(start, end);
      const base = this.memory.base(start);
      const b = this.memory.buffer(start);
      for (let p = start - base; p < end - base;) {
        const next = skipField(b, p);
        if (b[p] === metadataTag) tape.attribute(p + base, p + 1 + varintSize(readVarint(b, p + 1)) + base, next + base);
        p = next;
      }
    }
    return this.#metadata;
  }

  setTemporality(value: number): void {
    this.edit();
    this.#newTemporality = value;
  }

  setMonotonic(value: boolean): void {
    this.edit();
    this.#newMonotonic = value ? 1 : 0;
  }

  setMetadata(entries: ReadonlyMap<string, PlainInput>): void {
    const { scratch, length } = this.memory;
    const { position } = scratch;
    for (const [name, value] of entries) writeEntry(scratch, metadataTag, name, value, 0);
    const tape = this.edit();
    // Those before the data are a part of the tape.
    for (let slot = this.attributes.first(); slot >= 0; slot = this.attributes.next(slot)) tape.remove(slot);
    this.#newMetadata = { start: length + position, end: length + scratch.position };
  }

  message(): Uint8Array {
    const writer = new ByteWriter();
    const { metric, data, dataField } = this.#context;
    splice(this.tape, writer);
    if (dataField !== 0) {
      const at = writer.begin((dataField << 3) | 2);
      this.#copy(writer, data.start, data.end, (tag) => this.hidesInData(tag));
      this.#writeData(writer);
      writer.end(at);
    }
    this.#copy(writer, data.end, metric.end, (tag) => this.hides(tag));
    this.#writeMetadata(writer);
    return writer.buffer.subarray(0, writer.position);
  }

  #copy(writer: ByteWriter, start: number, end: number, hides: (tag: number) => boolean): void {
    const b = this.memory.body;
    for (let p = start; p < end;) {
      const next = skipField(b, p);
      if (!hides(b[p])) writer.copy(b, this.memory.view(start), p, next);
      p = next;
    }
  }

  append(message: Uint8Array): void {
    if (!this.isLate) throw new Error('only a visitor with the trait editsUpward can append metrics');
    this.appended.push(message);
  }

  /** Whether a field of the metric's data is left out because another value is written behind it. */
  hidesInData(tag: number): boolean {
    return (tag === temporalityTag && this.#newTemporality >= 0) || (tag === isMonotonicTag && this.#newMonotonic >= 0);
  }

  get hasNewData(): boolean {
    return this.#newTemporality >= 0 || this.#newMonotonic >= 0;
  }

  /** Writes what changed of the metric's data behind its points, which end at `end`. */
  addData(output: Output, end: number): void {
    if (!this.hasNewData) return;
    this.#writeData(output.copyTo(end));
    output.edits++;
  }

  #writeData(writer: ByteWriter): void {
    if (this.#newTemporality >= 0) {
      writer.byte(temporalityTag);
      writer.varint(this.#newTemporality);
    }
    if (this.#newMonotonic < 0) return;
    writer.byte(isMonotonicTag);
    writer.byte(this.#newMonotonic);
  }

  override hides(tag: number): boolean {
    return tag === metadataTag && this.#newMetadata !== undefined;
  }

  /** Writes the metadata, when they changed, at the end of the metric. */
  addMetadata(output: Output, end: number): void {
    if (this.#newMetadata === undefined) return;
    this.#writeMetadata(output.copyTo(end));
    output.edits++;
  }

  #writeMetadata(writer: ByteWriter): void {
    if (this.#newMetadata === undefined) return;
    const { start, end } = this.#newMetadata;
    this.memory.copy(writer, start, end - start);
  }

  override bind(start: number, end: number): void {
    super.bind(start, end);
    this.#newTemporality = this.#newMonotonic = -1;
    this.#newMetadata = undefined;
    this.appended.length = 0;
    this.#keep();
  }

  override follow(previous: Metric): void {
    super.follow(previous);
    this.#newTemporality = previous.#newTemporality;
    this.#newMonotonic = previous.#newMonotonic;
    this.#newMetadata = previous.#newMetadata;
    this.appended.length = 0;
    this.#keep();
  }

  override commit(): void {
    super.commit();
    this.#keep();
  }

  #keep(): void {
    const kept = this.#committed;
    kept.temporality = this.#newTemporality;
    kept.monotonic = this.#newMonotonic;
    kept.metadata = this.#newMetadata;
    kept.appended = this.appended.length;
  }

  override rollback(): void {
    super.rollback();
    const kept = this.#committed;
    this.#newTemporality = kept.temporality;
    this.#newMonotonic = kept.monotonic;
    this.#newMetadata = kept.metadata;
    this.appended.length = kept.appended;
  }

  pointAttribute(key: Key): ValueView | undefined {
    const { data, dataField } = this.#context;
    const points = (this.#points ??= new Attributes(new Tape(this.memory, 0)));
    const { tape } = points;
    tape.attributeTag = pointAttributesTag[dataField] ?? 0;
    const b = this.memory.body;
    for (let p = data.start; p < data.end;) {
      const next = skipField(b, p);
      if (b[p] === dataPointsTag) {
        tape.begin(p, next);
        for (let q = p + 1 + varintSize(readVarint(b, p + 1)); q < next;) {
          const after = skipField(b, q);
          if (b[q] === tape.attributeTag) tape.attribute(q, q + 1 + varintSize(readVarint(b, q + 1)), after);
          q = after;
        }
        const value = points.value(key);
        if (value !== undefined) return value;
      }
      p = next;
    }
    return undefined;
  }

  get resource(): ResourceView {
    return this.#context.resources[this.#context.visitor];
  }

  get scope(): ScopeView {
    return this.#context.scopes[this.#context.visitor];
  }
}
