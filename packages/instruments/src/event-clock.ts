/**
 * The time of events, in milliseconds since the epoch: that of the latest one, from which it goes on with the clock until a later one comes. So what
 * is replayed moves it on as what is live does, and in silence it does not stand still.
 */
export class EventClock {
  readonly #now: () => number;
  #latestMs = -Infinity;
  /** When, by the clock, the latest event came. */
  #cameMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** An event came at `nowMs` by the clock. Returns the time of it that counts: one that is ahead of the clock is now. */
  see(unixMs: number, nowMs: number = this.#now()): number {
    // A clock that was set back takes the time along.
    if (this.#latestMs > nowMs) this.#latestMs = this.#cameMs = nowMs;
    const ms = Math.min(unixMs, nowMs);
    if (ms >= this.#latestMs) {
      this.#latestMs = ms;
      this.#cameMs = nowMs;
    }
    return ms;
  }

  /** The time of the latest event; -Infinity before the first. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** The time now; -Infinity before the first event. */
  get timeMs(): number {
    return this.#latestMs + Math.max(0, this.#now() - this.#cameMs);
  }
}
