import type { Clock, Timer } from '../component.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Lets every promise callback that is ready run, repeatedly, until the event loop has been round several times. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until it is told to advance. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(nowMs = 1_790_000_000_000) {
    this.#now = nowMs;
  }

  now(): number {
    return this.#now;
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#pending.size;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const entry = { at: this.#now + delayMs, order: this.#order++, callback };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  /** Moves time on, firing timers in order and letting promises settle before, between and after them. */
  async advance(durationMs: number): Promise<void> {
    const until = this.#now + durationMs;
    await settle();
    for (;;) {
      const due = [...this.#pending].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.#pending.delete(due);
      this.#now = due.at;
      due.callback();
      await settle();
    }
    this.#now = until;
    await settle();
  }
}
