import type { Tally } from '@millrace/api';

/** The numbers that the threads of a process share, by name. Made on the main thread; a worker is given those that exist when it starts. */
export class Tallies {
  readonly #shares: Map<string, Float64Array>;
  readonly #threads: number;
  readonly #own: number;

  /** For `threads` threads of which this is number `own`; `shares`: those of the main thread, in a worker. */
  constructor(threads: number, own: number, shares: ReadonlyMap<string, Float64Array> = new Map()) {
    this.#threads = threads;
    this.#own = own;
    this.#shares = new Map(shares);
  }

  /** What a worker is given. The memory is shared when it is copied. */
  get shares(): ReadonlyMap<string, Float64Array> {
    return this.#shares;
  }

  open(name: string): Tally {
    let shares = this.#shares.get(name);
    if (shares === undefined) {
      shares = new Float64Array(new SharedArrayBuffer(this.#threads * Float64Array.BYTES_PER_ELEMENT));
      this.#shares.set(name, shares);
    }
    return new SharedTally(shares, this.#own);
  }
}

class SharedTally implements Tally {
  readonly #shares: Float64Array;
  readonly #own: number;

  constructor(shares: Float64Array, own: number) {
    this.#shares = shares;
    this.#own = own;
  }

  add(difference: number): void {
    this.#shares[this.#own] += difference;
  }

  get total(): number {
    let sum = 0;
    for (let i = 0; i < this.#shares.length; i++) sum += this.#shares[i];
    return sum;
  }
}
