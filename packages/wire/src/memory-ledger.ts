/** One component's share of the accounted memory. */
export interface MemoryAccount {
  /** Declares the bytes of state that the component holds now (not a difference). */
  set(bytes: number): void;
}

/**
 * The process's one account of telemetry memory: the capacity of every leased buffer plus the state that components declare.
 * Queues and buffers are full when `available` is spent (the byte budget); nothing here measures the heap. Threads share the account
 * through `shares`: each writes its own share and reads the sum.
 */
export class MemoryLedger {
  /** Bytes that leased buffers and declared state of all threads may occupy together. */
  readonly budget: number;
  readonly #shares: Float64Array;
  readonly #own: number;

  /** `shares` has an element for each thread, in shared memory; `own` is this thread's. Default: this is the only thread. */
  constructor(budgetBytes: number, shares: Float64Array = new Float64Array(1), own = 0) {
    this.budget = budgetBytes;
    this.#shares = shares;
    this.#own = own;
  }

  /** Bytes accounted now, by all threads: leased capacity plus declared state. */
  get accounted(): number {
    let sum = 0;
    for (let i = 0; i < this.#shares.length; i++) sum += this.#shares[i];
    return sum;
  }

  /** Bytes of the budget that are left; never negative. */
  get available(): number {
    return Math.max(0, this.budget - this.accounted);
  }

  /** Adds to (or, negative, takes from) the accounted bytes; the pool calls it for leases. */
  add(bytes: number): void {
    this.#shares[this.#own] += bytes;
  }

  /** Opens an account for a component's own state. */
  account(): MemoryAccount {
    let current = 0;
    return {
      set: (bytes) => {
        this.add(bytes - current);
        current = bytes;
      },
    };
  }
}
