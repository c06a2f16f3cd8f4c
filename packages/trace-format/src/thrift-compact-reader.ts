import { ThriftReader, thriftType } from './thrift-reader.ts';

const protocolId = 0x82;
const version = 1;
const boolTrue = 1;
const boolFalse = 2;

/** Types by their numbers in the compact protocol. */
const types: readonly number[] = [
  thriftType.stop,
  thriftType.bool,
  thriftType.bool,
  thriftType.byte,
  thriftType.i16,
  thriftType.i32,
  thriftType.i64,
  thriftType.double,
  thriftType.string,
  thriftType.list,
  thriftType.set,
  thriftType.map,
  thriftType.struct,
];

/** Thrift's compact protocol (thrift-compact-protocol.md). */
export class ThriftCompactReader extends ThriftReader {
  /** The id of the field before, for each open struct. */
  readonly #lastFields: number[] = [];
  #lastField = 0;
  /** The value of a bool field stands in its header. */
  #bool: boolean | undefined;

  override beginStruct(): void {
    super.beginStruct();
    this.#lastFields.push(this.#lastField);
    this.#lastField = 0;
  }

  protected readField(): boolean {
    const head = this.byte();
    if (head === 0) {
      this.#lastField = this.#lastFields.pop() ?? 0;
      return false;
    }
    const type = head & 0x0f;
    const delta = head >> 4;
    this.type = this.#typeOf(type);
    this.field = this.#lastField = delta === 0 ? this.int16() : this.#lastField + delta;
    this.#bool = type === boolTrue ? true : type === boolFalse ? false : undefined;
    return true;
  }

  #typeOf(compact: number): number {
    const type = types[compact];
    if (type === undefined) this.fail(`illegal type ${compact}`, this.position - 1);
    return type;
  }

  beginList(): number {
    const at = this.position;
    const head = this.byte();
    this.elementType = this.#typeOf(head & 0x0f);
    this.#bool = undefined;
    const size = head >> 4;
    return this.checkSize(size === 15 ? this.varint() : size, at);
  }

  protected beginMap(): { size: number; keyType: number; valueType: number } {
    const at = this.position;
    const size = this.checkSize(this.varint(), at);
    this.#bool = undefined;
    if (size === 0) return { size, keyType: thriftType.stop, valueType: thriftType.stop };
    const head = this.byte();
    return { size, keyType: this.#typeOf(head >> 4), valueType: this.#typeOf(head & 0x0f) };
  }

  bool(): boolean {
    const value = this.#bool;
    this.#bool = undefined;
    return value ?? this.byte() === boolTrue;
  }

  int16(): number {
    return (this.int32() << 16) >> 16;
  }

  int32(): number {
    const zigzag = this.varint32();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  int64(): bigint {
    const zigzag = this.varint64();
    return (zigzag >> 1n) ^ -(zigzag & 1n);
  }

  double(): number {
    return this.bytes.readDoubleLE(this.advance(8));
  }

  binary(): Buffer {
    return this.range(this.#size());
  }

  string(): string {
    return this.text(this.#size());
  }

  #size(): number {
    const at = this.position;
    return this.checkSize(this.varint(), at);
  }

  beginMessage(): { name: string; kind: number } {
    const at = this.position;
    if (this.byte() !== protocolId) this.fail('not a message of the compact protocol', at);
    const head = this.byte();
    if ((head & 0x1f) !== version) this.fail(`version ${head & 0x1f} of the compact protocol`, at + 1);
    this.varint();
    return { name: this.string(), kind: head >> 5 };
  }
}
