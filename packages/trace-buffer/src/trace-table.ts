import { randomInt } from 'node:crypto';
import { larger } from './larger.ts';

const none = -1;
const smallestCapacity = 64;
/** Bytes of a trace in the arrays below: id, two links, two places in the index. */
const traceBytes = 4 * 4 + 2 * 4 + 2 * 4;

/** The 16 bytes of a trace id as four words. */
export type TraceId = Int32Array;

/**
 * Trace ids with a small number (slot) for each, in an order from the oldest to the newest. Slots are reused; they stay below `capacity`,
 * which grows as needed. There are no objects per trace.
 */
export class TraceTable {
  #ids = new Int32Array(4 * smallestCapacity);
  #older = new Int32Array(smallestCapacity);
  #newer = new Int32Array(smallestCapacity);
  /** Open addressing: slot + 1, 0 for empty. */
  #index = new Int32Array(2 * smallestCapacity);
  #capacity = smallestCapacity;
  #oldest = none;
  #newest = none;
  /** Free slots, linked through `#newer`; beyond `#used` no slot was ever taken. */
  #free = none;
  #used = 0;
  #size = 0;
  readonly #seed = randomInt(2 ** 32) | 0;

  /** `expected`: traces to make room for at once. */
  constructor(expected = 0) {
    let capacity = smallestCapacity;
    while (capacity < expected) capacity *= 2;
    if (capacity > smallestCapacity) this.#grow(capacity);
  }

  /** Traces in the table. */
  get size(): number {
    return this.#size;
  }

  /** Slots are below it. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Bytes of the table. */
  get sizeBytes(): number {
    return this.#capacity * traceBytes;
  }

  /** The slot of the oldest trace, -1 when there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  /** The slot of a trace, -1 when it is not in the table. */
  find(id: TraceId): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let at = this.#hash(id, 0) & mask; ; at = (at + 1) & mask) {
      const slot = index[at] - 1;
      if (slot < 0 || this.#equals(slot, id)) return slot;
    }
  }

  /** Adds a trace that is not in the table as the newest; returns its slot. */
  add(id: TraceId): number {
    if (this.#size === this.#capacity) this.#grow(this.#capacity * 2);
    let slot = this.#free;
    if (slot === none) slot = this.#used++;
    else this.#free = this.#newer[slot];
    this.#ids.set(id, 4 * slot);
    this.#place(slot);
    this.#link(slot);
    this.#size++;
    return slot;
  }

  /** Makes a trace the newest. */
  touch(slot: number): void {
    if (slot === this.#newest) return;
    this.#unlink(slot);
    this.#link(slot);
  }

  /** Writes the id of a trace into `id`. */
  read(slot: number, id: TraceId): void {
    for (let i = 0; i < 4; i++) id[i] = this.#ids[4 * slot + i];
  }

  /** Forgets a trace; its slot will be another one's. */
  remove(slot: number): void {
    this.#unlink(slot);
    this.#displace(slot);
    this.#newer[slot] = this.#free;
    this.#free = slot;
    this.#size--;
  }

  #hash(words: TraceId, at: number): number {
    let hash = Math.imul(words[at] ^ this.#seed, 0x85eb_ca6b);
    hash = Math.imul((hash ^ (hash >>> 15)) + words[at + 1], 0xc2b2_ae35);
    hash = Math.imul((hash ^ (hash >>> 13)) + words[at + 2], 0x27d4_eb2f);
    hash = Math.imul((hash ^ (hash >>> 16)) + words[at + 3], 0x1656_67b1);
    return hash ^ (hash >>> 15);
  }

  #equals(slot: number, id: TraceId): boolean {
    const ids = this.#ids;
    const at = 4 * slot;
    return ids[at + 3] === id[3] && ids[at + 2] === id[2] && ids[at + 1] === id[1] && ids[at] === id[0];
  }

  #place(slot: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let at = this.#hash(this.#ids, 4 * slot) & mask;
    while (index[at] !== 0) at = (at + 1) & mask;
    index[at] = slot + 1;
  }

  /** Takes a slot out of the index and moves those behind it up, so that no search ends too early. */
  #displace(slot: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let hole = this.#hash(this.#ids, 4 * slot) & mask;
    while (index[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hash(this.#ids, 4 * (index[at] - 1)) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      index[hole] = index[at];
      hole = at;
    }
    index[hole] = 0;
  }

  #link(slot: number): void {
    this.#older[slot] = this.#newest;
    this.#newer[slot] = none;
    if (this.#newest === none) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }

  #unlink(slot: number): void {
    const older = this.#older[slot];
    const newer = this.#newer[slot];
    if (older === none) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === none) this.#newest = older;
    else this.#older[newer] = older;
  }

  #grow(capacity: number): void {
    this.#capacity = capacity;
    this.#ids = larger(this.#ids, 4 * capacity);
    this.#older = larger(this.#older, capacity);
    this.#newer = larger(this.#newer, capacity);
    this.#index = new Int32Array(2 * capacity);
    for (let slot = this.#oldest; slot !== none; slot = this.#newer[slot]) this.#place(slot);
  }
}
