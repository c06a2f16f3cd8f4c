import type { ByteWriter } from '@millrace/wire';

/** One request, and what is in it. */
export interface WriteRequest {
  readonly body: Buffer;
  /** Requests of one lane are sent one after the other, because the same series may be in several. */
  readonly lane: number;
  readonly items: number;
  /** Series with a sample, and with a histogram. */
  readonly samples: number;
  readonly histograms: number;
}

/** How requests may be. */
export interface RequestLimits {
  readonly maxBytes: number;
  /** Most lanes. */
  readonly maxLanes: number;
}

interface Draft {
  readonly lane: number;
  readonly pieces: number[];
  sizeBytes: number;
}

/** What was written for a batch, in pieces: the series of each point, and of each description of a target. */
export class Pieces {
  #size = 0;
  #ends = new Uint32Array(256);
  #hashes = new Uint32Array(256);
  #timesMs = new Float64Array(256);
  #samples = new Uint32Array(256);
  #histograms = new Uint32Array(256);
  #isItem = new Uint8Array(256);
  #isInOrder = true;

  begin(): void {
    this.#size = 0;
    this.#isInOrder = true;
  }

  /** The end of what was written. */
  get end(): number {
    return this.#size === 0 ? 0 : this.#ends[this.#size - 1]!;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds what was written since the last piece; not `isInOrder` when a series of it came earlier with a later time. Returns its number. */
  add(end: number, hash: number, timeMs: number, samples: number, histograms: number, isItem: boolean, isInOrder: boolean): number {
    const piece = this.#size++;
    if (piece === this.#ends.length) this.#grow();
    this.#ends[piece] = end;
    this.#hashes[piece] = hash;
    this.#timesMs[piece] = timeMs;
    this.#samples[piece] = samples;
    this.#histograms[piece] = histograms;
    this.#isItem[piece] = isItem ? 1 : 0;
    if (!isInOrder) this.#isInOrder = false;
    return piece;
  }

  /**
   * The requests, each with `shared` behind its series and the first one with `once`, in order of time where series need that. Where one is not enough, series are spread
   * over lanes by the hash of their labels. `requestOf` gets the request of each piece. A single request in the order in which it was written
   * is not copied.
   */
  requests(
    writer: ByteWriter,
    shared: Buffer,
    once: Buffer,
    { maxBytes, maxLanes }: RequestLimits,
    requestOf: Uint32Array,
  ): WriteRequest[] {
    if (this.#size === 0) return [];
    const total = this.end + shared.length + once.length;
    if (total <= maxBytes && this.#isInOrder) {
      writer.position = this.end;
      writer.bytes(shared);
      writer.bytes(once);
      requestOf.fill(0, 0, this.#size);
      return [this.#request(writer.buffer.subarray(0, writer.position), 0, undefined)];
    }
    // What is shared is in every request, and must leave room for the rest.
    const roomBytes = Math.max(maxBytes - shared.length, Math.floor(maxBytes / 2));
    const lanes = total <= maxBytes ? 1 : Math.min(maxLanes, Math.ceil(this.end / roomBytes));
    const drafts: Draft[] = [];
    const open: (Draft | undefined)[] = [];
    const numbers: number[] = [];
    for (const piece of this.#order()) {
      const lane = this.#hashes[piece]! % lanes;
      const sizeBytes = this.#ends[piece]! - this.#startOf(piece);
      let draft = open[lane];
      if (draft === undefined || draft.sizeBytes + sizeBytes > roomBytes) {
        open[lane] = draft = { lane, pieces: [], sizeBytes: 0 };
        numbers[lane] = drafts.push(draft) - 1;
      }
      draft.pieces.push(piece);
      draft.sizeBytes += sizeBytes;
      requestOf[piece] = numbers[lane]!;
    }
    return drafts.map((draft, index) => {
      const others = index === 0 ? [shared, once] : [shared];
      return this.#request(this.#body(writer.buffer, others, draft), draft.lane, draft.pieces);
    });
  }

  #startOf(piece: number): number {
    return piece === 0 ? 0 : this.#ends[piece - 1]!;
  }

  #order(): number[] {
    const order = Array.from({ length: this.#size }, (_, piece) => piece);
    return this.#isInOrder ? order : order.sort((a, b) => this.#timesMs[a]! - this.#timesMs[b]!);
  }

  #body(written: Buffer, others: readonly Buffer[], { pieces, sizeBytes }: Draft): Buffer {
    const body = Buffer.allocUnsafeSlow(others.reduce((sum, { length }) => sum + length, sizeBytes));
    let at = 0;
    for (const piece of pieces) at += written.copy(body, at, this.#startOf(piece), this.#ends[piece]);
    for (const other of others) at += other.copy(body, at);
    return body;
  }

  /** `pieces`: absent for all. */
  #request(body: Buffer, lane: number, pieces: readonly number[] | undefined): WriteRequest {
    let items = 0;
    let samples = 0;
    let histograms = 0;
    const size = pieces?.length ?? this.#size;
    for (let i = 0; i < size; i++) {
      const piece = pieces === undefined ? i : pieces[i]!;
      items += this.#isItem[piece]!;
      samples += this.#samples[piece]!;
      histograms += this.#histograms[piece]!;
    }
    return { body, lane, items, samples, histograms };
  }

  #grow(): void {
    const larger = <A extends Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(column: A, grown: A): A => {
      grown.set(column);
      return grown;
    };
    const size = this.#ends.length * 2;
    this.#ends = larger(this.#ends, new Uint32Array(size));
    this.#hashes = larger(this.#hashes, new Uint32Array(size));
    this.#timesMs = larger(this.#timesMs, new Float64Array(size));
    this.#samples = larger(this.#samples, new Uint32Array(size));
    this.#histograms = larger(this.#histograms, new Uint32Array(size));
    this.#isItem = larger(this.#isItem, new Uint8Array(size));
  }
}
