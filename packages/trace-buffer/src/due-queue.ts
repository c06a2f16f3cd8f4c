import { larger } from './larger.ts';

/** Slots with the time at which something is due, added in the order of these times. */
export class DueQueue {
  #slots = new Int32Array(64);
  #tickets = new Uint32Array(64);
  #times = new Float64Array(64);
  #from = 0;
  #size = 0;
  /** Of the entry that `take` returned: what `add` was given. */
  ticket = 0;

  /** Bytes of the queue. */
  get sizeBytes(): number {
    return this.#slots.length * 16;
  }

  get size(): number {
    return this.#size;
  }

  /** When the first entry is due; Infinity when there is none. */
  get nextMs(): number {
    return this.#size === 0 ? Infinity : this.#times[this.#from];
  }

  /** `ticket`: tells whether the slot is still the same one's. `atMs`: not before that of the entry added before. */
  add(slot: number, ticket: number, atMs: number): void {
    if (this.#size === this.#slots.length) this.#grow();
    const at = (this.#from + this.#size++) & (this.#slots.length - 1);
    this.#slots[at] = slot;
    this.#tickets[at] = ticket;
    this.#times[at] = atMs;
  }

  /** Removes the first entry when it is due at a time and returns its slot, else -1. */
  take(nowMs: number): number {
    if (this.#size === 0 || this.#times[this.#from] > nowMs) return -1;
    const slot = this.#slots[this.#from];
    this.ticket = this.#tickets[this.#from];
    this.#from = (this.#from + 1) & (this.#slots.length - 1);
    this.#size--;
    return slot;
  }

  #grow(): void {
    const capacity = this.#slots.length;
    const split = this.#from;
    this.#slots = larger(this.#slots, 2 * capacity);
    this.#tickets = larger(this.#tickets, 2 * capacity);
    this.#times = larger(this.#times, 2 * capacity);
    for (const array of [this.#slots, this.#tickets, this.#times]) array.copyWithin(capacity, 0, split);
  }
}
