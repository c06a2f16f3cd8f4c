/** Finds rows by a hash: an open hash table of row numbers. What rows with equal hashes differ in is asked of `isRow`. */
export class RowIndex {
  /** By row. */
  #hashes = new Uint32Array(4);
  /** Row plus one; 0 for a free slot. */
  #slots = new Int32Array(8);
  #size = 0;
  readonly #isRow: (row: number) => boolean;

  constructor(isRow: (row: number) => boolean) {
    this.#isRow = isRow;
  }

  get size(): number {
    return this.#size;
  }

  /** The row; -1 when there is none. */
  find(hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot]! - 1;
      if (row < 0 || (this.#hashes[row] === hash && this.#isRow(row))) return row;
    }
  }

  add(row: number, hash: number): void {
    if (row >= this.#hashes.length) {
      const hashes = new Uint32Array(row * 2);
      hashes.set(this.#hashes);
      this.#hashes = hashes;
    }
    this.#hashes[row] = hash;
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    this.#put(row);
  }

  remove(row: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#hashes[row]! & mask;
    while (slots[hole] !== row + 1) hole = (hole + 1) & mask;
    this.#size--;
    // What comes after moves up, unless it would come before its own place.
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashes[slots[slot]! - 1]! & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot]!;
      hole = slot;
    }
    slots[hole] = 0;
  }

  #put(row: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = this.#hashes[row]! & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = row + 1;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(before.length * 2);
    for (const entry of before) if (entry !== 0) this.#put(entry - 1);
  }
}
