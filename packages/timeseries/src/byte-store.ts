/** Short runs of bytes by their slot, such as the encoded attributes of a series: one buffer, no object for each. */
export class ByteStore {
  #bytes = Buffer.allocUnsafeSlow(1 << 12);
  #end = 0;
  /** Offset and length by slot. */
  #places = new Int32Array(128);
  #live = 0;

  /** Bytes of memory. */
  get sizeBytes(): number {
    return this.#bytes.length + this.#places.byteLength;
  }

  /** The buffer that `start` and `length` are about; replaced by `set`. */
  get buffer(): Buffer {
    return this.#bytes;
  }

  start(slot: number): number {
    return this.#places[slot * 2] ?? 0;
  }

  length(slot: number): number {
    return this.#places[slot * 2 + 1] ?? 0;
  }

  /** Keeps a copy of `[start, end)` at a slot, in place of what was there. */
  set(slot: number, from: Uint8Array, start: number, end: number): void {
    this.delete(slot);
    if (slot * 2 + 1 >= this.#places.length) {
      const places = new Int32Array(Math.max(this.#places.length * 2, slot * 2 + 2));
      places.set(this.#places);
      this.#places = places;
    }
    const length = end - start;
    if (this.#end + length > this.#bytes.length) this.#makeRoom(length);
    this.#bytes.set(from.subarray(start, end), this.#end);
    this.#places[slot * 2] = this.#end;
    this.#places[slot * 2 + 1] = length;
    this.#end += length;
    this.#live += length;
  }

  /** Forgets what is at a slot. */
  delete(slot: number): void {
    const length = this.length(slot);
    if (length === 0) return;
    this.#live -= length;
    this.#places[slot * 2] = this.#places[slot * 2 + 1] = 0;
  }

  /** Packs what is alive into a buffer with room for as much again, at least `length` bytes. */
  #makeRoom(length: number): void {
    const packed = Buffer.allocUnsafeSlow(Math.max(1 << 12, Math.ceil((this.#live + length) * 1.5)));
    let end = 0;
    const places = this.#places;
    for (let at = 0; at < places.length; at += 2) {
      if (places[at + 1] === 0) continue;
      packed.set(this.#bytes.subarray(places[at], places[at] + places[at + 1]), end);
      places[at] = end;
      end += places[at + 1];
    }
    this.#bytes = packed;
    this.#end = end;
  }
}
