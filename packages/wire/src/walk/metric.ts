import type { KeySet } from '../key.ts';
import type { AttributesView, MetricEdit, MetricType, ResourceView, ScopeView } from '../views.ts';
import { Attributes } from './attributes.ts';
import type { Context } from './context.ts';
import { varintField } from './fields.ts';
import { HeaderVersion } from './header.ts';
import { skipField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';
import { Tape, slotSize, slotValue, slotValueLength } from './tape.ts';

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

/** One version of a metric. Its tape covers the fields before the data. */
export class Metric extends HeaderVersion implements MetricEdit {
  readonly #context: Context;
  readonly #metadata: Attributes;
  #metadataOf = -1;
  protected readonly notWritable = 'a metric can be edited in onMetric only';

  constructor(context: Context) {
    super(context.memory, 0, fieldTags);
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
    const { slots, memory } = this.tape;
    const address = slots[name + slotValue];
    const p = address - memory.base(address);
    return names.has(memory.buffer(address), p, address === 0 ? p : p + slots[name + slotValueLength]);
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
    if (dataField === gaugeField || dataField === summaryField) return 0;
    return varintField(this.memory, data.start, data.end, temporalityTag);
  }

  get isMonotonic(): boolean {
    const { data, dataField } = this.#context;
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
    const { start, end } = this.#context.metric;
    if (this.#metadataOf !== this.stamp) {
      this.#metadataOf = this.stamp;
      const { tape } = this.#metadata;
      tape.begin(start, end);
      const b = this.memory.body;
      for (let p = start; p < end;) {
        const next = skipField(b, p);
        if (b[p] === metadataTag) tape.attribute(p, p + 1 + varintSize(readVarint(b, p + 1)), next);
        p = next;
      }
    }
    return this.#metadata;
  }

  get resource(): ResourceView {
    return this.#context.resources[this.#context.visitor];
  }

  get scope(): ScopeView {
    return this.#context.scopes[this.#context.visitor];
  }
}
