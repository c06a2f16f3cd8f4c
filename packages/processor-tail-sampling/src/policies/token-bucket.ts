/** Tokens that come in at a rate and can be saved up to a capacity. Full at the start. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #atMs = 0;

  constructor(perSecond: number, capacity: number) {
    this.#perMs = perSecond / 1000;
    this.#capacity = this.#tokens = capacity;
  }

  /** Takes tokens when there are enough. */
  take(count: number, nowMs: number): boolean {
    const tokens = Math.min(this.#capacity, this.#tokens + Math.max(0, nowMs - this.#atMs) * this.#perMs);
    if (count > tokens) return false;
    this.#tokens = tokens - count;
    this.#atMs = nowMs;
    return true;
  }
}
