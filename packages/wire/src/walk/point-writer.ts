import type { ByteWriter } from './byte-writer.ts';
import type { Key } from '../key.ts';
import type { Plain } from '../views.ts';
import type { PointWriter } from '../visitor.ts';
import type { Context } from './context.ts';
import { gaugeField, histogramField, sumField } from './metric.ts';
import { writeAny } from './plain-value.ts';

const timePart = 1;
const valuePart = 2;

/** Writes the data points that `onMetricEnd` appends to scratch. Every misuse throws and discards all points of that hook. */
export class AppendedPoints implements PointWriter {
  readonly #context: Context;
  /** Range of each point, as addresses. */
  readonly ranges: number[] = [];
  #start = -1;
  /** Which single fields the open point has, as bits. */
  #parts = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Forgets the points of the previous hook. */
  reset(): void {
    this.ranges.length = 0;
    this.#start = -1;
  }

  /** Throws when a point was begun and not ended. */
  finish(): void {
    if (this.#start >= 0) throw new Error('a data point was begun and not ended');
  }

  begin(): void {
    this.finish();
    const { dataField } = this.#context;
    if (dataField !== gaugeField && dataField !== sumField && dataField !== histogramField) {
      throw new TypeError('only a gauge, a sum or a histogram takes data points');
    }
    this.#start = this.#context.memory.scratch.position;
    this.#parts = 0;
  }

  end(): void {
    this.#check();
    const { length, scratch } = this.#context.memory;
    this.ranges.push(length + this.#start, length + scratch.position);
    this.#start = -1;
  }

  point({ buffer, view, position }: ByteWriter): void {
    this.finish();
    const { length, scratch } = this.#context.memory;
    const start = scratch.position;
    scratch.copy(buffer, view, 0, position);
    this.ranges.push(length + start, length + scratch.position);
  }

  attribute(key: Key, value: Plain): void {
    this.#check();
    const { dataField, memory } = this.#context;
    const { scratch } = memory;
    const at = scratch.begin(dataField === histogramField ? 0x4a : 0x3a);
    const keyAt = scratch.begin(0x0a);
    scratch.text(key);
    scratch.end(keyAt);
    const valueAt = scratch.begin(0x12);
    writeAny(scratch, value);
    scratch.end(valueAt);
    scratch.end(at);
  }

  time(startUnixNano: bigint, endUnixNano: bigint): void {
    this.#check(timePart);
    const { scratch } = this.#context.memory;
    scratch.byte(0x11);
    scratch.fixed64(startUnixNano);
    scratch.byte(0x19);
    scratch.fixed64(endUnixNano);
  }

  int(value: bigint): void {
    this.#checkNumber();
    const { scratch } = this.#context.memory;
    scratch.byte(0x31);
    scratch.fixed64(value);
  }

  double(value: number): void {
    this.#checkNumber();
    const { scratch } = this.#context.memory;
    scratch.byte(0x21);
    scratch.double(value);
  }

  histogram(value: { count: bigint; sum: number; counts: BigUint64Array; bounds: Float64Array }): void {
    this.#check(valuePart);
    if (this.#context.dataField !== histogramField) throw new TypeError('only a histogram takes histogram points');
    const { scratch } = this.#context.memory;
    scratch.byte(0x21);
    scratch.fixed64(value.count);
    scratch.byte(0x29);
    scratch.double(value.sum);
    if (value.counts.length > 0) {
      scratch.byte(0x32);
      scratch.varint(value.counts.length * 8);
      for (const count of value.counts) scratch.fixed64(count);
    }
    if (value.bounds.length === 0) return;
    scratch.byte(0x3a);
    scratch.varint(value.bounds.length * 8);
    for (const bound of value.bounds) scratch.double(bound);
  }

  #checkNumber(): void {
    this.#check(valuePart);
    const { dataField } = this.#context;
    if (dataField !== gaugeField && dataField !== sumField) throw new TypeError('only a gauge or a sum takes number points');
  }

  #check(part = 0): void {
    if (this.#start < 0) throw new Error('no data point was begun');
    if ((this.#parts & part) !== 0) throw new Error('a data point has one time and one value');
    this.#parts |= part;
  }
}
