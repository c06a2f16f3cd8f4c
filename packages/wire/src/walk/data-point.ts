import type { BucketsView, DataPointView, EditableListView, ExemplarView, ListView, MetricView, QuantileView } from '../views.ts';
import type { Context } from './context.ts';
import { Item } from './item.ts';
import { List } from './list.ts';
import { exponentialHistogramField, gaugeField, histogramField, sumField, summaryField } from './metric.ts';
import { Buckets, Exemplar, Quantile, zigzag } from './point-parts.ts';
import { skipField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';
import { noteAttribute, slotKey, slotValue } from './tape.ts';
import { doubleType, intType } from './value-types.ts';

const value = 0;
const asDoubleTag = 0x21;
const asIntTag = 0x31;

/** Tags of the fields whose numbers differ from one kind of data point to the next; 0 where a kind lacks the field. */
interface Layout {
  readonly attributes: number;
  readonly exemplars: number;
  readonly flags: number;
  readonly min: number;
  readonly max: number;
}

const numberLayout: Layout = { attributes: 0x3a, exemplars: 0x2a, flags: 0x40, min: 0, max: 0 };
const histogramLayout: Layout = { attributes: 0x4a, exemplars: 0x42, flags: 0x50, min: 0x59, max: 0x61 };
const exponentialLayout: Layout = { attributes: 0x0a, exemplars: 0x5a, flags: 0x50, min: 0x61, max: 0x69 };
const summaryLayout: Layout = { attributes: 0x3a, exemplars: 0, flags: 0x40, min: 0, max: 0 };

function layoutOf(dataField: number): Layout {
  if (dataField === histogramField) return histogramLayout;
  if (dataField === exponentialHistogramField) return exponentialLayout;
  return dataField === summaryField ? summaryLayout : numberLayout;
}

/** The reused view of a data point of any kind. */
export class DataPoint extends Item implements DataPointView {
  readonly signal = 'metrics';
  readonly #exemplars: List<Exemplar>;
  readonly #quantiles: List<Quantile>;
  readonly #positive: Buckets;
  readonly #negative: Buckets;
  #layout = numberLayout;
  #isNumber = false;
  #isHistogram = false;
  #isExponential = false;
  /** Addresses; 0 for absent. */
  #start = 0;
  #time = 0;
  /** A bit for the number of each field that is not indexed and may be there; numbers from 16 on share the upper bits. */
  #others = 0;
  #counts = -1;
  #bounds = -1;

  constructor(context: Context) {
    super(context, numberLayout.attributes, [asDoubleTag]);
    this.#exemplars = new List(this.tape, 0, new Exemplar(this.tape));
    this.#quantiles = new List(this.tape, 0, new Quantile(this.memory));
    this.#positive = new Buckets(this.memory);
    this.#negative = new Buckets(this.memory);
    this.tape.parts.push(this.#exemplars);
  }

  bind(start: number, end: number): void {
    const { tape, memory } = this;
    const { dataField } = this.context;
    const layout = layoutOf(dataField);
    const attributesTag = layout.attributes;
    const isNumber = dataField === gaugeField || dataField === sumField;
    this.#layout = layout;
    this.#isNumber = isNumber;
    this.#isHistogram = dataField === histogramField;
    this.#isExponential = dataField === exponentialHistogramField;
    tape.attributeTag = attributesTag;
    tape.begin(start, end);
    this.#exemplars.tag = layout.exemplars;
    this.#quantiles.tag = dataField === summaryField ? 0x32 : 0;
    let startTime = 0;
    let time = 0;
    let others = 0;
    let { slots } = tape;
    let o = tape.head;
    this.#counts = this.#bounds = -1;
    const b = memory.buffer(start) as Uint8Array;
    const base = memory.base(start);
    const last = end - base;
    let p = start - base;
    while (p < last) {
      const at = p;
      const tag = b[p++];
      if (tag === attributesTag) {
        let length = b[p++];
        if (length > 0x7f) {
          length = readVarint(b, p - 1);
          p += varintSize(length) - 1;
        }
        if (o + 8 > slots.length) slots = tape.grow();
        noteAttribute(slots, o, at + base, p + base, p + length + base);
        o += 8;
        p += length;
      } else if (tag === 0x11) {
        startTime = p + base;
        p += 8;
      } else if (tag === 0x19) {
        time = p + base;
        p += 8;
      } else if (isNumber && (tag === asDoubleTag || tag === asIntTag)) {
        slots[value + slotKey] = tag;
        p += 8;
        tape.field(value, at + base, at + 1 + base, p + base);
      } else {
        others |= 1 << (tag >> 3);
        p = skipField(b, at);
      }
    }
    tape.count = o;
    this.#others = others;
    this.#exemplars.isAbsent = (others & (1 << (layout.exemplars >> 3))) === 0;
    this.#start = startTime;
    this.#time = time;
  }

  protected moved(tag: number, address: number): void {
    if (tag === 0x11) this.#start = address;
    else if (tag === 0x19) this.#time = address;
    else if (tag === 0x32) this.#counts = -1;
    else if (tag === 0x3a) this.#bounds = -1;
  }

  protected override flush(): void {
    this.#exemplars.flush();
  }

  override commit(): void {
    if (this.tape.hasPartEdits) this.#exemplars.commit();
    super.commit();
  }

  override rollback(edits: number): void {
    this.#exemplars.rollback();
    super.rollback(edits);
  }

  get metric(): MetricView {
    return this.context.metrics[this.context.visitor];
  }

  get timeUnixNano(): bigint {
    return this.#time === 0 ? 0n : this.memory.uint64(this.#time);
  }

  get startTimeUnixNano(): bigint {
    return this.#start === 0 ? 0n : this.memory.uint64(this.#start);
  }

  get timeNanos(): number {
    return this.#time === 0 ? 0 : this.memory.uint64Number(this.#time);
  }

  get startTimeNanos(): number {
    return this.#start === 0 ? 0 : this.memory.uint64Number(this.#start);
  }

  get flags(): number {
    // Mostly absent: not worth a search.
    if ((this.#others & (1 << (this.#layout.flags >> 3))) === 0 && !this.tape.hasFields) return 0;
    return this.varint(this.#layout.flags);
  }

  get isInt(): boolean {
    return this.hasValue && this.tape.slots[value + slotKey] === asIntTag;
  }

  get hasValue(): boolean {
    return this.tape.slots[value + slotValue] !== 0;
  }

  get number(): number {
    if (!this.hasValue) return 0;
    const address = this.tape.slots[value + slotValue];
    return this.isInt ? this.memory.int64Number(address) : this.memory.double(address);
  }

  get int(): bigint {
    return this.isInt ? this.memory.int64(this.tape.slots[value + slotValue]) : 0n;
  }

  setInt(int: bigint): void {
    if (BigInt.asIntN(64, int) !== int) throw new RangeError(`${int} is not a 64-bit integer`);
    const { scratch } = this.memory;
    const { position } = scratch;
    scratch.fixed64(int);
    this.#setValue(asIntTag, intType, position);
  }

  setDouble(double: number): void {
    const { scratch } = this.memory;
    const { position } = scratch;
    scratch.double(double);
    this.#setValue(asDoubleTag, doubleType, position);
  }

  #setValue(tag: number, type: number, position: number): void {
    if (!this.#isNumber) throw new TypeError('only points of gauges and sums have a value to set');
    this.tape.change(value);
    this.tape.slots[value + slotKey] = tag;
    this.tape.setWritten(value, type, position);
  }

  get count(): bigint {
    return this.#isNumber ? 0n : this.#uint64(0x21);
  }

  get sum(): number | undefined {
    if (this.#isNumber) return undefined;
    return this.#double(0x29) ?? (this.context.dataField === summaryField ? 0 : undefined);
  }

  get min(): number | undefined {
    return this.#double(this.#layout.min);
  }

  get max(): number | undefined {
    return this.#double(this.#layout.max);
  }

  get bucketCounts(): number {
    return this.#packed((this.#counts = this.#found(this.#counts, 0x32)));
  }

  bucketCount(index: number): bigint {
    if (!(index >= 0 && index < this.bucketCounts)) throw new RangeError(`no bucket ${index}`);
    return this.memory.uint64(this.#contentOf(this.#counts) + index * 8);
  }

  get bounds(): number {
    return this.#packed((this.#bounds = this.#found(this.#bounds, 0x3a)));
  }

  bound(index: number): number {
    if (!(index >= 0 && index < this.bounds)) throw new RangeError(`no bound ${index}`);
    return this.memory.double(this.#contentOf(this.#bounds) + index * 8);
  }

  get scale(): number {
    return this.#isExponential ? zigzag(this.varint(0x30)) : 0;
  }

  get zeroCount(): bigint {
    return this.#isExponential ? this.#uint64(0x39) : 0n;
  }

  get zeroThreshold(): number {
    return this.#isExponential ? (this.#double(0x71) ?? 0) : 0;
  }

  get positive(): BucketsView {
    return this.#positive.bind(this.#isExponential ? this.address(0x42) : 0);
  }

  get negative(): BucketsView {
    return this.#negative.bind(this.#isExponential ? this.address(0x4a) : 0);
  }

  get quantiles(): ListView<QuantileView> {
    return this.#quantiles;
  }

  get exemplars(): EditableListView<ExemplarView> {
    return this.#exemplars;
  }

  #uint64(tag: number): bigint {
    const address = this.address(tag);
    return address === 0 ? 0n : this.memory.uint64(address);
  }

  #double(tag: number): number | undefined {
    const address = tag === 0 ? 0 : this.address(tag);
    return address === 0 ? undefined : this.memory.double(address);
  }

  /** Address of a histogram's packed field, looked for once. */
  #found(known: number, tag: number): number {
    if (known >= 0) return known;
    return this.#isHistogram ? this.address(tag) : 0;
  }

  #packed(address: number): number {
    return address === 0 ? 0 : readVarint(this.memory.buffer(address), address - this.memory.base(address)) / 8;
  }

  #contentOf(address: number): number {
    return address + varintSize(readVarint(this.memory.buffer(address), address - this.memory.base(address)));
  }
}
