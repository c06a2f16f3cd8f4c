/** Counts how often things were added, less how often they were removed. */
export class Multiset {
  readonly #counts = new Map<string, number>();

  add(thing: string, times: number): void {
    const count = (this.#counts.get(thing) ?? 0) + times;
    if (count === 0) this.#counts.delete(thing);
    else this.#counts.set(thing, count);
  }

  /** Things that were added or removed more often than the other. */
  get size(): number {
    return this.#counts.size;
  }

  /** Additions that have no removal, and removals that have no addition. */
  difference(): { missing: number; surplus: number } {
    let missing = 0;
    let surplus = 0;
    for (const count of this.#counts.values()) {
      if (count > 0) missing += count;
      else surplus -= count;
    }
    return { missing, surplus };
  }

  clear(): void {
    this.#counts.clear();
  }
}
