import type { BufferPool, Lease } from '../buffer-pool.ts';

/** Room that `reserve` leaves beyond what was asked for: a tag, the longest number, and the widening of a length prefix. */
const slack = 32;

const nothing = Buffer.alloc(0);
const noView = new DataView(new ArrayBuffer(0));

/** Bytes that were written to the start of a lease. Whoever holds it releases the lease. */
export interface Encoded {
  readonly lease: Lease;
  readonly length: number;
}

/** Writes protobuf into a lease that grows. One number with its tag needs a `reserve(0)` before it, longer content its own size. */
export class ProtobufWriter {
  out: Buffer = nothing;
  at = 0;
  #view: DataView = noView;
  #lease: Lease | undefined;

  /** Begins a message of about `sizeBytes` bytes. */
  open(pool: BufferPool, sizeBytes: number): void {
    this.at = 0;
    this.#lease = pool.lease(sizeBytes + slack);
    this.#use(this.#lease.buffer);
  }

  /** Ends the message and hands it over. */
  finish(): Encoded {
    const lease = this.#lease as Lease;
    this.#lease = undefined;
    this.abandon();
    return { lease, length: this.at };
  }

  /** Gives the memory back when there will be no message; after `finish` it does nothing. */
  abandon(): void {
    this.#lease?.release();
    this.#lease = undefined;
    this.out = nothing;
    this.#view = noView;
  }

  #use(out: Buffer): void {
    this.out = out;
    this.#view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  }

  /** Keeps room for `sizeBytes` and the slack. */
  reserve(sizeBytes: number): void {
    const needed = this.at + sizeBytes + slack;
    if (needed <= this.out.length) return;
    const lease = this.#lease as Lease;
    lease.grow(needed, this.at);
    this.#use(lease.buffer);
  }

  /** A tag of at most two bytes. */
  tag(tag: number): void {
    if (tag > 127) {
      this.out[this.at++] = (tag & 127) | 128;
      tag >>>= 7;
    }
    this.out[this.at++] = tag;
  }

  varint(low: number, high: number): void {
    const { out } = this;
    let at = this.at;
    while (high !== 0 || low > 127) {
      out[at++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    out[at++] = low;
    this.at = at;
  }

  fixed32(low: number): void {
    this.#view.setUint32(this.at, low, true);
    this.at += 4;
  }

  fixed64(low: number, high: number): void {
    this.fixed32(low);
    this.fixed32(high);
  }

  double(value: number): void {
    this.#view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** Writes the length of what began at `bodyAt`, behind a gap of `gap` bytes, moving it when the gap does not fit; the bytes the length takes. */
  closeLength(bodyAt: number, gap: number): number {
    const length = this.at - bodyAt;
    const width = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : length < 0x10000000 ? 4 : 5;
    if (width !== gap) {
      this.reserve(0);
      this.out.copyWithin(bodyAt - gap + width, bodyAt, this.at);
    }
    this.at = bodyAt - gap;
    this.varint(length, 0);
    this.at += length;
    return width;
  }
}
