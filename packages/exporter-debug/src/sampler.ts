import type { Clock } from '@millrace/api';

/** Lets the first ones of each second through, then every n-th (0: none). */
export class Sampler {
  readonly #initial: number;
  readonly #thereafter: number;
  readonly #clock: Clock;
  #until = -Infinity;
  #count = 0;

  constructor(initial: number, thereafter: number, clock: Clock) {
    this.#initial = initial;
    this.#thereafter = thereafter;
    this.#clock = clock;
  }

  /** Whether the next one is let through. */
  take(): boolean {
    const now = this.#clock.now();
    if (now >= this.#until) {
      this.#until = now + 1_000;
      this.#count = 0;
    }
    const beyond = ++this.#count - this.#initial;
    return beyond <= 0 || (this.#thereafter > 0 && beyond % this.#thereafter === 0);
  }
}
