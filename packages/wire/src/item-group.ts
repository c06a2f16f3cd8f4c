import { varintSize } from './varint.ts';
import type { ByteWriter } from './walk/byte-writer.ts';
import { skipField } from './walk/scan.ts';

const childTag = 0x12;

/** A message around items, in the memory of a builder: what it starts with, what is in it, and (metrics) the data message around the points. */
export class Group {
  readonly start: number;
  readonly end: number;
  /** Of a metric: the tag of its data; behind it, up to `end`, the data's own fields. */
  readonly dataAt: number;
  readonly children = new Map<string, Group>();
  /** Ranges of items; neighbours are one range. */
  readonly ranges: number[] = [];
  itemBytes = 0;
  /** Length of the content, and of the data in it; set by `measure`. */
  size = 0;
  dataSize = 0;

  constructor(start: number, end: number, dataAt = end) {
    this.start = start;
    this.end = end;
    this.dataAt = dataAt;
  }

  add(start: number, end: number): void {
    const last = this.ranges.length - 1;
    if (last > 0 && this.ranges[last] === start) this.ranges[last] = end;
    else this.ranges.push(start, end);
    this.itemBytes += end - start;
  }

  /** Computes the lengths and returns that of the content. A group without items counts as nothing and is not written. */
  measure(): number {
    let inner = this.itemBytes;
    for (const child of this.children.values()) {
      const size = child.measure();
      if (size > 0) inner += 1 + varintSize(size) + size;
    }
    this.size = 0;
    if (inner === 0) return 0;
    if (this.dataAt === this.end) this.size = this.end - this.start + inner;
    else {
      this.dataSize = this.end - this.dataAt - 1 + inner;
      this.size = this.dataAt - this.start + 1 + varintSize(this.dataSize) + this.dataSize;
    }
    return this.size;
  }

  /** Writes the group, which was measured, under a tag. */
  write(to: ByteWriter, tag: number, from: ByteWriter): void {
    if (this.size === 0) return;
    to.byte(tag);
    to.varint(this.size);
    to.copy(from.buffer, from.view, this.start, this.dataAt);
    if (this.dataAt < this.end) {
      to.byte(from.buffer[this.dataAt]);
      to.varint(this.dataSize);
      to.copy(from.buffer, from.view, this.dataAt + 1, this.end);
    }
    for (const child of this.children.values()) child.write(to, childTag, from);
    for (let i = 0; i < this.ranges.length; i += 2) to.copy(from.buffer, from.view, this.ranges[i], this.ranges[i + 1]);
  }
}

/** Copies the fields in a range that have neither of the two tags. */
export function copyOther(to: ByteWriter, body: Buffer, start: number, end: number, childTag: number, headerTag: number = childTag): void {
  for (let p = start; p < end;) {
    const next = skipField(body, p);
    if (body[p] !== childTag && body[p] !== headerTag) to.bytes(body.subarray(p, next));
    p = next;
  }
}
