import { larger, TraceTable } from '@millrace/trace-buffer';
import type { TraceId } from '@millrace/trace-buffer';

/** The traces of one decision that were decided, or asked for, most recently. */
export class DecisionCache {
  readonly #size: number;
  readonly #table = new TraceTable();
  #policies = new Int32Array(64);

  /** `size`: traces that are remembered; 0 remembers none. */
  constructor(size: number) {
    this.#size = size;
  }

  get isOn(): boolean {
    return this.#size > 0;
  }

  /** Bytes of the cache. */
  get sizeBytes(): number {
    return this.isOn ? this.#table.sizeBytes + 4 * this.#policies.length : 0;
  }

  /** The number of the policy behind the decision (-1 for none), undefined for a trace that is not remembered. */
  get(id: TraceId): number | undefined {
    if (this.#table.size === 0) return undefined;
    const slot = this.#table.find(id);
    if (slot < 0) return undefined;
    this.#table.touch(slot);
    return this.#policies[slot];
  }

  put(id: TraceId, policy: number): void {
    if (!this.isOn) return;
    let slot = this.#table.find(id);
    if (slot >= 0) this.#table.touch(slot);
    else {
      if (this.#table.size === this.#size) this.#table.remove(this.#table.oldest);
      slot = this.#table.add(id);
      this.#policies = larger(this.#policies, this.#table.capacity);
    }
    this.#policies[slot] = policy;
  }
}
