import { durationMs } from '@millrace/config';
import type { RetryConfig } from './settings.ts';

/** The growing, randomized pauses between the attempts of one batch. */
export class Backoff {
  readonly #config: RetryConfig;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(config: RetryConfig) {
    this.#config = config;
    this.#maxMs = durationMs(config.max_interval);
    this.#nextMs = Math.min(durationMs(config.initial_interval), this.#maxMs);
  }

  /** The next pause in milliseconds: uniform within `randomization_factor` around the nominal one. */
  nextMs(): number {
    const nominalMs = this.#nextMs;
    this.#nextMs = Math.min(nominalMs * this.#config.multiplier, this.#maxMs);
    return nominalMs * (1 + this.#config.randomization_factor * (2 * Math.random() - 1));
  }
}
