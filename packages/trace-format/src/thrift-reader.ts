import { ByteReader } from './byte-reader.ts';

/** The types of Thrift, with their numbers in the binary protocol. */
export const thriftType = {
  stop: 0,
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;

const maxDepth = 64;

/**
 * Reads Thrift structs field by field, in whichever protocol: `reader.beginStruct(); while (reader.next()) ...`, where each field is read or
 * skipped. Sizes are checked against the bytes that are left before anything is made of them.
 */
export abstract class ThriftReader extends ByteReader {
  /** Of the field that `next` found: its id, and one of `thriftType`. */
  field = 0;
  type = 0;
  /** Of the list that `beginList` began: one of `thriftType`. */
  elementType = 0;
  #depth = 0;

  /** Begins the struct that comes next. */
  beginStruct(): void {
    if (++this.#depth > maxDepth) this.fail(`structs nested deeper than ${maxDepth}`);
  }

  /** Moves to the next field of the struct; false at its end, which ends the struct. */
  next(): boolean {
    if (this.readField()) return true;
    this.#depth--;
    return false;
  }

  protected abstract readField(): boolean;
  /** Begins a list or set and returns the number of its elements, each of which takes at least a byte that is there. */
  abstract beginList(): number;
  protected abstract beginMap(): { readonly size: number; readonly keyType: number; readonly valueType: number };
  abstract bool(): boolean;
  abstract int16(): number;
  abstract int32(): number;
  abstract int64(): bigint;
  abstract double(): number;
  /** The bytes of a string or binary value, as a view of the payload. */
  abstract binary(): Buffer;
  /** Reads the head of a message: the name of the method and the kind (1 call, 2 reply, 3 exception, 4 oneway). */
  abstract beginMessage(): { readonly name: string; readonly kind: number };

  /** A bit for each field from 1 to 31, to note which of them were there; 0 for the others. */
  get fieldBit(): number {
    return this.field > 0 && this.field < 32 ? 1 << this.field : 0;
  }

  /** A string value as text. */
  abstract string(): string;

  /** Whether the field has this id and type. One of another type is to be skipped, as generated readers do. */
  is(field: number, type: number): boolean {
    return this.field === field && this.type === type;
  }

  /** Moves over the value of the field. */
  skip(): void {
    this.skipValue(this.type, 0);
  }

  /** Moves over a value of a type. */
  skipValue(type: number, depth: number): void {
    if (depth > maxDepth) this.fail(`values nested deeper than ${maxDepth}`);
    switch (type) {
      case thriftType.bool:
        this.bool();
        return;
      case thriftType.byte:
        this.byte();
        return;
      case thriftType.double:
        this.double();
        return;
      case thriftType.i16:
        this.int16();
        return;
      case thriftType.i32:
        this.int32();
        return;
      case thriftType.i64:
        this.int64();
        return;
      case thriftType.string:
        this.binary();
        return;
      case thriftType.struct:
        this.beginStruct();
        while (this.next()) this.skipValue(this.type, depth + 1);
        return;
      case thriftType.list:
      case thriftType.set: {
        const size = this.beginList();
        const { elementType } = this;
        for (let i = 0; i < size; i++) this.skipValue(elementType, depth + 1);
        return;
      }
      case thriftType.map: {
        const { size, keyType, valueType } = this.beginMap();
        for (let i = 0; i < size; i++) {
          this.skipValue(keyType, depth + 1);
          this.skipValue(valueType, depth + 1);
        }
        return;
      }
      default:
        this.fail(`illegal type ${type}`);
    }
  }

  /** A size that was read: refused when it is negative or when not even a byte each is left. */
  protected checkSize(size: number, at: number): number {
    if (size < 0 || size > this.remaining) this.fail(`a size of ${size} with ${this.remaining} bytes left`, at);
    return size;
  }
}
