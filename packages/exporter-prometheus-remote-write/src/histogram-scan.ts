import { skipField } from '@millrace/wire';
import type { ByteRange } from '@millrace/wire';

/** The numbers of a histogram point with explicit bounds, read in one pass over its bytes and without an object. */
export class HistogramScan {
  count = 0;
  sum = 0;
  hasSum = false;
  /** Buckets, of which there is one more than bounds. */
  buckets = 0;
  bounds = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #buffer: Buffer | undefined;
  #bucketsAt = 0;
  #boundsAt = 0;

  read({ buffer, start, end }: ByteRange): void {
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    this.count = this.sum = this.buckets = this.bounds = 0;
    this.hasSum = false;
    for (let p = start; p < end;) {
      const tag = buffer[p]!;
      const next = skipField(buffer, p);
      if (tag === 0x21) this.count = this.#fixed64(p + 1);
      else if (tag === 0x29) {
        this.sum = this.#view.getFloat64(p + 1, true);
        this.hasSum = true;
      } else if (tag === 0x32 || tag === 0x3a) {
        // Eight bytes each: what is left over is the tag and the length.
        const numbers = Math.floor((next - p - 2) / 8);
        const at = next - numbers * 8;
        if (tag === 0x32) {
          this.buckets = numbers;
          this.#bucketsAt = at;
        } else {
          this.bounds = numbers;
          this.#boundsAt = at;
        }
      }
      p = next;
    }
  }

  bucket(index: number): number {
    return this.#fixed64(this.#bucketsAt + index * 8);
  }

  bound(index: number): number {
    return this.#view.getFloat64(this.#boundsAt + index * 8, true);
  }

  #fixed64(at: number): number {
    return this.#view.getUint32(at + 4, true) * 0x1_0000_0000 + this.#view.getUint32(at, true);
  }
}
