/** One component's share of the accounted memory. */
export interface MemoryAccount {
  /** Declares the bytes of state that the component holds now (not a difference). */
  set(bytes: number): void;
}

/**
 * The process's one account of telemetry memory: the capacity of every leased buffer plus the state that components declare.
 * Queues and buffers are full when `available` is spent (the byte budget); nothing here measures the heap.
 */
export class MemoryLedger {
  /** Bytes that leased buffers and declared state may occupy together. */
  readonly budget: number;
  #accounted = 0;

  constructor(budgetBytes: number) {
    this.budget = budgetBytes;
  }

  /** Bytes accounted now: leased capacity plus declared state. */
  get accounted(): number {
    return this.#accounted;
  }

  /** Bytes of the budget that are left; never negative. */
  get available(): number {
    return Math.max(0, this.budget - this.#accounted);
  }

  /** Adds to (or, negative, takes from) the accounted bytes; the pool calls it for leases. */
  add(bytes: number): void {
    this.#accounted += bytes;
  }

  /** Opens an account for a component's own state. */
  account(): MemoryAccount {
    let current = 0;
    return {
      set: (bytes) => {
        this.#accounted += bytes - current;
        current = bytes;
      },
    };
  }
}
