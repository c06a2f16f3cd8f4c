import type { Batch } from '@millrace/wire';
import { fieldEnd, readVarint, varintSize } from './varint.ts';

const groupTag = 0x0a;
const childTag = 0x12;
const traceIdTag = 0x0a;
const parentSpanIdTag = 0x22;

/** What stands around the spans of a resource or scope: ranges of the batch, start and end in turn. */
export class Header {
  readonly ranges: number[] = [];
  /** Different for every header that a cursor comes to. */
  stamp = 0;

  /** Takes the fields of `[start, end)` that are no children. */
  read(b: Buffer, start: number, end: number): void {
    const { ranges } = this;
    ranges.length = 0;
    this.stamp++;
    for (let p = start; p < end;) {
      const from = p;
      p = fieldEnd(b, p);
      if (b[from] === childTag) continue;
      if (ranges.length > 0 && ranges.at(-1) === from) ranges[ranges.length - 1] = p;
      else ranges.push(from, p);
    }
  }
}

/** Goes over the spans of a batch without looking into more than their ids. Reused for all batches. */
export class SpanCursor {
  buffer!: Buffer;
  view!: DataView;
  readonly resource: Header = new Header();
  readonly scope: Header = new Header();
  /** The span's field in its scope, tag included. */
  start = 0;
  end = 0;
  /** The trace id, zeros when there is none. */
  readonly traceId: Int32Array = new Int32Array(4);
  #content = 0;
  #batchAt = 0;
  #resourceAt = 0;
  #resourceEnd = 0;
  #scopeAt = 0;
  #scopeEnd = 0;

  /** Starts before the first span. The batch must stay held while the cursor is used. */
  open({ bytes }: Batch): void {
    this.buffer = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#batchAt = this.#resourceAt = this.#resourceEnd = this.#scopeAt = this.#scopeEnd = 0;
  }

  /** Goes to the next span; false behind the last one. */
  next(): boolean {
    const b = this.buffer;
    for (;;) {
      while (this.#scopeAt < this.#scopeEnd) {
        const start = this.#scopeAt;
        this.#scopeAt = fieldEnd(b, start);
        if (b[start] !== childTag) continue;
        this.start = start;
        this.end = this.#scopeAt;
        this.#readTraceId(b, start + 1);
        return true;
      }
      if (!this.#nextScope(b)) return false;
    }
  }

  #nextScope(b: Buffer): boolean {
    for (;;) {
      while (this.#resourceAt < this.#resourceEnd) {
        const start = this.#resourceAt;
        this.#resourceAt = fieldEnd(b, start);
        if (b[start] !== childTag) continue;
        this.#scopeAt = start + 1 + varintSize(readVarint(b, start + 1));
        this.#scopeEnd = this.#resourceAt;
        this.scope.read(b, this.#scopeAt, this.#scopeEnd);
        return true;
      }
      if (this.#batchAt >= b.length) return false;
      const start = this.#batchAt;
      this.#batchAt = fieldEnd(b, start);
      if (b[start] !== groupTag) continue;
      this.#resourceAt = start + 1 + varintSize(readVarint(b, start + 1));
      this.#resourceEnd = this.#batchAt;
      this.resource.read(b, this.#resourceAt, this.#resourceEnd);
    }
  }

  #readTraceId(b: Buffer, lengthAt: number): void {
    const { traceId, view } = this;
    let p = lengthAt + varintSize(readVarint(b, lengthAt));
    this.#content = p;
    while (p < this.end && b[p] !== traceIdTag) p = fieldEnd(b, p);
    // An id of a well-formed span has no bytes or 16.
    if (p < this.end && b[p + 1] === 16) {
      for (let i = 0; i < 4; i++) traceId[i] = view.getInt32(p + 2 + 4 * i, true);
    } else traceId.fill(0);
  }

  /** Whether the span has no parent. */
  get isRoot(): boolean {
    const b = this.buffer;
    for (let p = this.#content; p < this.end; p = fieldEnd(b, p)) {
      if (b[p] !== parentSpanIdTag) continue;
      for (let i = 0; i < b[p + 1]; i++) if (b[p + 2 + i] !== 0) return false;
      return true;
    }
    return true;
  }
}
