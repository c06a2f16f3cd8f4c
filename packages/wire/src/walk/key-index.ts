import { randomBytes } from 'node:crypto';
import type { Key } from '../key.ts';
import { addKeyedHash } from './hash.ts';
import { deleted, slotFlags, slotKey, slotKeyLength, slotSize } from './tape.ts';
import type { Tape } from './tape.ts';

const secret = new Int32Array(4);
randomBytes(16).copy(new Uint8Array(secret.buffer));
const sum = new Int32Array(4);

/** So many searches in one message are made slot by slot. */
const patience = 64;

/** Finds the slots of a tape that has very many attributes by a hash of the key, so that looking up each of them takes no quadratic time. */
export class KeyIndex {
  readonly #tape: Tape;
  /** Open addressing: slot + 1, 0 for empty. Equal keys stand in the order of their slots. */
  #places = new Int32Array(0);
  /** Slots below are in the index. */
  #end = 0;
  #searches = 0;

  constructor(tape: Tape) {
    this.#tape = tape;
  }

  /** Forgets everything: another message. */
  reset(): void {
    this.#end = 0;
    this.#searches = 0;
  }

  /** Slots from `end` on are gone. */
  cut(end: number): void {
    if (end < this.#end) this.#end = 0;
  }

  /** Counts a search; whether there were so many that it is worth while to make it here. */
  isWorthwhile(): boolean {
    return this.#searches > patience || ++this.#searches > patience;
  }

  /** The first slot with the key that is not deleted, -1 when there is none. Every slot must be taken apart. */
  find({ bytes }: Key): number {
    this.#fill();
    const { slots } = this.#tape;
    const places = this.#places;
    const mask = places.length - 1;
    sum.fill(0);
    addKeyedHash(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, secret, 0, sum);
    for (let at = sum[0] & mask; places[at] !== 0; at = (at + 1) & mask) {
      const o = places[at] - 1;
      if ((slots[o + slotFlags] & deleted) === 0 && this.#equals(o, bytes)) return o;
    }
    return -1;
  }

  #equals(o: number, bytes: Uint8Array): boolean {
    const { slots, memory } = this.#tape;
    const { length } = bytes;
    if (slots[o + slotKeyLength] !== length) return false;
    const address = slots[o + slotKey];
    const b = memory.buffer(address) as Uint8Array;
    const p = address - memory.base(address);
    for (let i = 0; i < length; i++) if (b[p + i] !== bytes[i]) return false;
    return true;
  }

  /** Adds the slots that are not in it yet. */
  #fill(): void {
    const { count, head } = this.#tape;
    if (this.#end === count) return;
    if (this.#end === 0 || (count / slotSize) * 2 > this.#places.length) {
      let size = 1024;
      while (size < (count / slotSize) * 4) size *= 2;
      if (size === this.#places.length) this.#places.fill(0);
      else this.#places = new Int32Array(size);
      this.#end = head;
    }
    for (let o = this.#end; o < count; o += slotSize) this.#add(o);
    this.#end = count;
  }

  #add(o: number): void {
    const { slots, memory } = this.#tape;
    const length = slots[o + slotKeyLength];
    if (length < 0) return;
    const address = slots[o + slotKey];
    const p = address - memory.base(address);
    sum.fill(0);
    addKeyedHash(memory.view(address), p, p + length, secret, 0, sum);
    const places = this.#places;
    const mask = places.length - 1;
    let at = sum[0] & mask;
    while (places[at] !== 0) at = (at + 1) & mask;
    places[at] = o + 1;
  }
}
