/** A first-in, first-out list with constant-time ends. */
export class Ring<T> {
  #slots: (T | undefined)[] = Array.from({ length: 16 });
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length++) & (this.#slots.length - 1)] = value;
  }

  /** The oldest value, which stays. */
  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  /** The value at a place, counted from the oldest. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#slots[(this.#head + index) & (this.#slots.length - 1)] : undefined;
  }

  /** Takes the oldest value out. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    return value;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = Array.from({ length: old.length * 2 });
    for (let i = 0; i < this.#length; i++) this.#slots[i] = old[(this.#head + i) & (old.length - 1)];
    this.#head = 0;
  }
}
