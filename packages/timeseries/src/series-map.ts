/** Integers of a slot: the four words of the hash, then when it was seen last. */
const stride = 5;
const seenAt = 4;
/** `seen` of a slot that is free; the first word of its hash is the next free slot then. */
const free = -0x8000_0000;
const minSlots = 64;

/** Numbers that belong to the slots of a `SeriesMap`, `width` of them for each: those of slot s start at `s * width`. */
export class Column<A extends Float64Array | BigInt64Array | Int32Array> {
  /** Replaced when the map grows: read it again after `add`. */
  values: A;
  readonly width: number;
  readonly #make: (length: number) => A;

  /** For `SeriesMap` only. */
  constructor(make: (length: number) => A, width: number, slots: number) {
    this.#make = make;
    this.width = width;
    this.values = make(slots * width);
  }

  /** For `SeriesMap` only. */
  grow(slots: number): void {
    const grown = this.#make(slots * this.width);
    grown.set(this.values as never);
    this.values = grown;
  }

  /** For `SeriesMap` only. */
  clear(slots: number): void {
    this.values = this.#make(slots * this.width);
  }
}

/**
 * Series by their 128-bit identity (`SeriesKey.words`), in typed arrays. Each has a slot, a small integer that is its own until it is removed;
 * what a component knows of a series stands in columns at that slot. Not bounded by itself: look at `size` or `sizeBytes` before `add`.
 */
export class SeriesMap {
  /**
   * Slot + 1 in the low bits (0: nobody), what is left of the second word of its hash in the others. Open addressing with linear probing from the
   * first word on. As small as it can be, since looking into it is a miss of the cache.
   */
  #table = new Int32Array(minSlots * 2);
  #mask = minSlots * 2 - 1;
  #rows = new Int32Array(minSlots * stride);
  #slots = minSlots;
  /** Slots below were used at some time. */
  #used = 0;
  #free = -1;
  #size = 0;
  #cursor = 0;
  /** The slot behind the one that was found last: the next series, when they come in the order in which they came first. */
  #expected = 0;
  readonly #columns: Column<Float64Array | BigInt64Array | Int32Array>[] = [];

  /** Series in the map. */
  get size(): number {
    return this.#size;
  }

  /** Every slot is below. */
  get end(): number {
    return this.#used;
  }

  /** Slots there is room for: the columns' length. */
  get capacity(): number {
    return this.#slots;
  }

  /** Bytes of the map and its columns. */
  get sizeBytes(): number {
    let bytes = this.#table.byteLength + this.#rows.byteLength;
    for (const { values } of this.#columns) bytes += values.byteLength;
    return bytes;
  }

  /** Adds a column of doubles. A new series has zeros. */
  float64(width = 1): Column<Float64Array> {
    return this.#column((length) => new Float64Array(length), width);
  }

  /** Adds a column of exact 64-bit integers. A new series has zeros. */
  bigInt64(width = 1): Column<BigInt64Array> {
    return this.#column((length) => new BigInt64Array(length), width);
  }

  /** Adds a column of 32-bit integers. A new series has zeros. */
  int32(width = 1): Column<Int32Array> {
    return this.#column((length) => new Int32Array(length), width);
  }

  #column<A extends Float64Array | BigInt64Array | Int32Array>(make: (length: number) => A, width: number): Column<A> {
    const column = new Column(make, width, this.#slots);
    this.#columns.push(column);
    return column;
  }

  /** The slot of a series, -1 when it is not there. */
  find(words: Int32Array): number {
    const rows = this.#rows;
    const first = words[0];
    const second = words[1];
    // Many senders keep to one order of their series: that spares the table, which misses the cache.
    const expected = this.#expected;
    const next = expected * stride;
    if (
      rows[next] === first &&
      rows[next + 1] === second &&
      rows[next + 2] === words[2] &&
      rows[next + 3] === words[3] &&
      expected < this.#used &&
      rows[next + seenAt] !== free
    ) {
      this.#expected = expected + 1;
      return expected;
    }
    const table = this.#table;
    const mask = this.#mask;
    for (let i = first & mask; ; i = (i + 1) & mask) {
      const entry = table[i];
      if (entry === 0) return -1;
      if (((entry ^ second) & ~mask) !== 0) continue;
      const slot = (entry & mask) - 1;
      const row = slot * stride;
      if (rows[row] === first && rows[row + 1] === second && rows[row + 2] === words[2] && rows[row + 3] === words[3]) {
        this.#expected = slot + 1;
        return slot;
      }
    }
  }

  /** Adds a series that is not there and returns its slot. `seen`: see `touch`. */
  add(words: Int32Array, seen = 0): number {
    let slot = this.#free;
    if (slot >= 0) this.#free = this.#rows[slot * stride];
    else {
      if (this.#used === this.#slots) this.#grow();
      slot = this.#used++;
    }
    const row = slot * stride;
    const rows = this.#rows;
    for (let i = 0; i < 4; i++) rows[row + i] = words[i];
    rows[row + seenAt] = seen;
    this.#size++;
    this.#insert(slot);
    return slot;
  }

  #insert(slot: number): void {
    const table = this.#table;
    const mask = this.#mask;
    const row = slot * stride;
    let i = this.#rows[row] & mask;
    while (table[i] !== 0) i = (i + 1) & mask;
    table[i] = (this.#rows[row + 1] & ~mask) | (slot + 1);
  }

  #grow(): void {
    const slots = this.#slots * 2;
    const rows = new Int32Array(slots * stride);
    rows.set(this.#rows);
    this.#rows = rows;
    this.#slots = slots;
    this.#mask = slots * 2 - 1;
    this.#table = new Int32Array(slots * 2);
    for (let slot = 0; slot < this.#used; slot++) if (rows[slot * stride + seenAt] !== free) this.#insert(slot);
    for (const column of this.#columns) column.grow(slots);
  }

  /** Whether a slot below `end` is some series'. */
  has(slot: number): boolean {
    return slot >= 0 && slot < this.#used && this.#rows[slot * stride + seenAt] !== free;
  }

  /** Notes when a series was seen last, in a unit that the caller chooses: an int32 above -2^31. */
  touch(slot: number, seen: number): void {
    this.#rows[slot * stride + seenAt] = seen;
  }

  /** What `touch`, or else `add`, noted. */
  seen(slot: number): number {
    return this.#rows[slot * stride + seenAt];
  }

  /** Copies the identity of a series. */
  words(slot: number, into: Int32Array): void {
    for (let i = 0; i < 4; i++) into[i] = this.#rows[slot * stride + i];
  }

  /** Removes a series; its slot may be another's with the next `add`, its columns are zero then. */
  remove(slot: number): void {
    const table = this.#table;
    const mask = this.#mask;
    const row = slot * stride;
    const rows = this.#rows;
    let i = rows[row] & mask;
    while ((table[i] & mask) !== slot + 1) i = (i + 1) & mask;
    // What was pushed further by the removed one moves up, so that no probe ends before it.
    for (let j = (i + 1) & mask; table[j] !== 0; j = (j + 1) & mask) {
      const home = rows[((table[j] & mask) - 1) * stride];
      if (((j - home) & mask) < ((j - i) & mask)) continue;
      table[i] = table[j];
      i = j;
    }
    table[i] = 0;
    this.#rows[row] = this.#free;
    this.#rows[row + seenAt] = free;
    this.#free = slot;
    this.#size--;
    for (const { values, width } of this.#columns) {
      for (let k = slot * width; k < (slot + 1) * width; k++) values[k] = typeof values[k] === 'bigint' ? 0n : 0;
    }
  }

  /**
   * Removes series that were last seen before `before`, after `expire` was called with the slot of each, which may return false to keep it. Looks
   * at `limit` slots and goes on there the next time, so that a large map costs nobody a pause. Returns how many it removed.
   */
  sweep(before: number, limit: number, expire?: (slot: number) => boolean | void): number {
    let removed = 0;
    for (let left = Math.min(limit, this.#used); left > 0; left--) {
      if (this.#cursor >= this.#used) this.#cursor = 0;
      const slot = this.#cursor++;
      const seen = this.#rows[slot * stride + seenAt];
      if (seen === free || seen >= before) continue;
      if (expire?.(slot) === false) continue;
      this.remove(slot);
      removed++;
    }
    return removed;
  }

  /** Removes everything and gives its memory back; columns stay, at their smallest. */
  clear(): void {
    this.#slots = minSlots;
    this.#table = new Int32Array(minSlots * 2);
    this.#mask = minSlots * 2 - 1;
    this.#rows = new Int32Array(minSlots * stride);
    this.#used = this.#size = this.#cursor = this.#expected = 0;
    this.#free = -1;
    for (const column of this.#columns) column.clear(minSlots);
  }
}
