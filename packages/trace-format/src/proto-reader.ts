import { ByteReader } from './byte-reader.ts';

const maxGroupDepth = 100;

/** The wire types of protobuf that are read. */
export const wireType = { varint: 0, fixed64: 1, delimited: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/**
 * Reads protobuf messages field by field: `while (reader.next()) switch (reader.field) ...`, where every case reads the value or calls
 * `skip`. What the wire type does not allow is refused.
 */
export class ProtoReader extends ByteReader {
  /** Number of the field that `next` found. */
  field = 0;
  #wireType = 0;

  /** Moves to the next field of the message; false at its end. */
  next(): boolean {
    if (this.position >= this.end) return false;
    const at = this.position;
    const tag = this.varint();
    if (tag < 8 || tag >= 2 ** 32) this.fail('illegal field number', at);
    this.field = tag >>> 3;
    this.#wireType = tag & 7;
    return true;
  }

  #expect(type: number): void {
    if (this.#wireType !== type) this.fail(`field ${this.field} has wire type ${this.#wireType} instead of ${type}`);
  }

  /** Enters the message that is the value and returns what `leave` needs. */
  enter(): number {
    this.#expect(wireType.delimited);
    const length = this.varint();
    const outerEnd = this.end;
    if (length > this.remaining) this.fail('unexpected end of data', outerEnd);
    this.end = this.position + length;
    return outerEnd;
  }

  /** Goes on behind the message that `enter` entered. */
  leave(outerEnd: number): void {
    this.position = this.end;
    this.end = outerEnd;
  }

  /** The bytes of a string, bytes or message value, as a view of the payload. */
  delimited(): Buffer {
    this.#expect(wireType.delimited);
    return this.range(this.varint());
  }

  string(): string {
    this.#expect(wireType.delimited);
    return this.text(this.varint());
  }

  bool(): boolean {
    this.#expect(wireType.varint);
    return this.varint() !== 0;
  }

  /** An enum or 32-bit integer. */
  int32(): number {
    this.#expect(wireType.varint);
    return this.varint32() | 0;
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64(): bigint {
    this.#expect(wireType.varint);
    return this.varint64();
  }

  fixed64(): bigint {
    this.#expect(wireType.fixed64);
    return this.bytes.readBigUInt64LE(this.advance(8));
  }

  double(): number {
    this.#expect(wireType.fixed64);
    return this.bytes.readDoubleLE(this.advance(8));
  }

  /** Moves over the value. */
  skip(): void {
    this.#skip(this.#wireType, this.field, 0);
  }

  #skip(type: number, field: number, depth: number): void {
    switch (type) {
      case wireType.varint:
        this.varint();
        return;
      case wireType.fixed64:
        this.advance(8);
        return;
      case wireType.delimited:
        this.advance(this.varint());
        return;
      case wireType.fixed32:
        this.advance(4);
        return;
      case wireType.startGroup:
        if (depth === maxGroupDepth) this.fail(`groups nested deeper than ${maxGroupDepth}`);
        for (;;) {
          if (!this.next()) this.fail('unexpected end of data', this.end);
          if (this.#wireType === wireType.endGroup) {
            if (this.field !== field) this.fail('a group ends with the tag of another');
            return;
          }
          this.#skip(this.#wireType, this.field, depth + 1);
        }
      default:
        this.fail(`illegal wire type ${type}`);
    }
  }
}
