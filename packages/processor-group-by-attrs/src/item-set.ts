/** Items of a batch by their number in it, a bit for each. */
export class ItemSet {
  #bits = new Uint8Array(64);

  add(item: number): void {
    const place = item >> 3;
    if (place >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(this.#bits.length * 2, place + 1));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[place]! |= 1 << (item & 7);
  }

  has(item: number): boolean {
    return ((this.#bits[item >> 3] ?? 0) & (1 << (item & 7))) !== 0;
  }
}
