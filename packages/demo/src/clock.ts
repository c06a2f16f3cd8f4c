/**
 * The demo's time. At `speed` 1 it is the clock of the machine. A faster one begins `days` in the past and runs until it has caught up with the
 * machine, so that nothing happens in the future.
 */
export class DemoClock {
  readonly #speed: number;
  readonly #beginMs: number;
  readonly #realBeginMs: number;
  readonly #real: () => number;

  constructor(speed: number, days: number, real: () => number = Date.now) {
    this.#real = real;
    this.#speed = speed;
    this.#realBeginMs = real();
    this.#beginMs = speed > 1 ? this.#realBeginMs - days * 86_400_000 : this.#realBeginMs;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    const real = this.#real();
    return Math.min(real, this.#beginMs + (real - this.#realBeginMs) * this.#speed);
  }
}
