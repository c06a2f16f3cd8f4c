import { ThriftReader, thriftType } from './thrift-reader.ts';

const version1 = 0x8001;

/** Thrift's binary protocol; messages in the strict and the old form. */
export class ThriftBinaryReader extends ThriftReader {
  protected readField(): boolean {
    this.type = this.byte();
    if (this.type === thriftType.stop) return false;
    this.field = this.int16();
    return true;
  }

  beginList(): number {
    this.elementType = this.byte();
    return this.#size();
  }

  protected beginMap(): { size: number; keyType: number; valueType: number } {
    return { keyType: this.byte(), valueType: this.byte(), size: this.#size() };
  }

  #size(): number {
    const at = this.position;
    return this.checkSize(this.int32(), at);
  }

  bool(): boolean {
    return this.byte() !== 0;
  }

  int16(): number {
    return this.bytes.readInt16BE(this.advance(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.advance(4));
  }

  int64(): bigint {
    return this.bytes.readBigInt64BE(this.advance(8));
  }

  double(): number {
    return this.bytes.readDoubleBE(this.advance(8));
  }

  binary(): Buffer {
    return this.range(this.#size());
  }

  string(): string {
    return this.text(this.#size());
  }

  beginMessage(): { name: string; kind: number } {
    const at = this.position;
    const head = this.int32();
    let name: string;
    let kind: number;
    if (head < 0) {
      if (head >>> 16 !== version1) this.fail('not a message of the binary protocol', at);
      kind = head & 0xff;
      name = this.string();
    } else {
      name = this.range(this.checkSize(head, at)).toString();
      kind = this.byte();
    }
    this.int32();
    return { name, kind };
  }
}
