import { attributesTags, copyAttributes, Distribution, writeDistribution, writeNumber, writeTimes } from '@millrace/timeseries';
import type { PointKind } from '@millrace/timeseries';
import type { DataPointView } from '@millrace/wire';
import type { ByteWriter } from '@millrace/wire';

/** `{key: "otel.metric.overflow", value: {bool: true}}`, the content of a KeyValue. */
const overflowText = 'otel.metric.overflow';
const overflowAttribute = Buffer.from([0x0a, overflowText.length, ...Buffer.from(overflowText), 0x12, 2, 0x10, 1]);

/**
 * The series that others are folded into. Of delta metrics it adds up the points of one batch; of others it is the running total of all increments, and
 * what is added is an increment. Ints stay exact; doubles are added with compensation.
 */
export class Overflow {
  readonly kind: PointKind;
  /** Attributes that are left, as fields with the tag 0x0a. */
  readonly attributes: Buffer;
  readonly distribution: Distribution | undefined;
  /** Points were folded since `write`. */
  isTouched = false;
  #startUnixNano = 0n;
  #timeUnixNano = 0n;
  #int = 0n;
  #double = 0;
  #lost = 0;
  #isDouble = false;

  constructor(kind: PointKind, attributes: Buffer) {
    this.kind = kind;
    this.attributes = attributes;
    if (kind !== 'number') this.distribution = new Distribution();
  }

  /** About the bytes of memory. */
  get sizeBytes(): number {
    return 300 + this.attributes.length + (this.distribution?.sizeBytes ?? 0);
  }

  /** Takes the times of a point that is folded. A running total starts where its first point did. */
  span(startUnixNano: bigint, timeUnixNano: bigint, isRunning: boolean): void {
    const isFirst = this.#timeUnixNano === 0n;
    if (isFirst || (!isRunning && startUnixNano < this.#startUnixNano)) this.#startUnixNano = startUnixNano;
    if (timeUnixNano > this.#timeUnixNano) this.#timeUnixNano = timeUnixNano;
    this.isTouched = true;
  }

  addInt(value: bigint): void {
    this.#int += value;
  }

  addDouble(value: number): void {
    this.#isDouble = true;
    const sum = this.#double + value;
    this.#lost += Math.abs(this.#double) >= Math.abs(value) ? this.#double - sum + value : value - sum + this.#double;
    this.#double = sum;
  }

  /** Adds the value of a number point. */
  addPoint(point: DataPointView): void {
    if (point.isInt) this.addInt(point.int);
    else this.addDouble(point.number);
  }

  /** Writes the point. `isRunning`: the total goes on; otherwise it begins anew. */
  write(writer: ByteWriter, isRunning: boolean): void {
    const tag = attributesTags[this.kind];
    copyAttributes(writer, tag, this.attributes, 0, this.attributes.length);
    const at = writer.begin(tag);
    writer.bytes(overflowAttribute);
    writer.end(at);
    writeTimes(writer, this.#startUnixNano, this.#timeUnixNano);
    if (this.kind !== 'number') writeDistribution(writer, this.kind, this.distribution!);
    else {
      const isExact = !this.#isDouble && BigInt.asIntN(64, this.#int) === this.#int;
      writeNumber(writer, isExact ? this.#int : this.#double + this.#lost + Number(this.#int));
    }
    this.isTouched = false;
    if (isRunning) return;
    this.#int = 0n;
    this.#double = this.#lost = 0;
    this.#isDouble = false;
    this.#timeUnixNano = this.#startUnixNano = 0n;
    this.distribution?.clear();
  }
}
