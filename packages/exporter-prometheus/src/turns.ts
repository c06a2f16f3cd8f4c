import { setImmediate } from 'node:timers/promises';
import type { Consumed } from '@millrace/api';

/** What a scrape may take at a time, at least and at most, and shares with the others that wait. */
const shortestMs = 4;
const longestMs = 10;

/**
 * Shares the thread between scrapes and ingestion. A scrape works in turns, one in each round of the event loop; the more time ingestion took since the
 * last turn, the longer the next one. Ingestion that goes on while a scrape waits for its turn is acknowledged after it, so that senders
 * who would fill the loop let it come round.
 */
export class Turns {
  #waiting = 0;
  #lastMs = 0;
  #next: PromiseWithResolvers<void> | undefined;

  /** For a scrape: waits for its turn and takes it. `work` gets the milliseconds that it may take. */
  async take<T>(work: (durationMs: number) => T): Promise<T> {
    this.#waiting++;
    await setImmediate();
    try {
      const sinceMs = performance.now() - this.#lastMs;
      return work(Math.min(longestMs, Math.max(shortestMs, sinceMs)) / this.#waiting);
    } finally {
      this.#waiting--;
      this.#lastMs = performance.now();
      this.#next?.resolve();
      this.#next = undefined;
    }
  }

  /** For ingestion: undefined to go on, or a promise of the moment when a waiting scrape had its turn. */
  pause(): Consumed {
    if (this.#waiting === 0 || performance.now() - this.#lastMs < shortestMs) return undefined;
    this.#next ??= Promise.withResolvers<void>();
    return this.#next.promise;
  }
}
