import { setImmediate } from 'node:timers/promises';
import type { Clock } from '@millrace/api';

/** How long work goes on before other work gets its turn. */
const turnMs = 4;

/** Long work, cut into turns of about four milliseconds: what waits in the event loop goes first in between. */
export class Turn {
  readonly #clock: Pick<Clock, 'now'>;
  #startMs: number;

  /** The first turn begins. */
  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#startMs = clock.now();
  }

  /** Whether it is somebody else's turn. A clock that was set, forward or back, ends a turn. */
  get isOver(): boolean {
    return Math.abs(this.#clock.now() - this.#startMs) >= turnMs;
  }

  /** Lets others go first, then begins the next turn. */
  async next(): Promise<void> {
    await setImmediate();
    this.#startMs = this.#clock.now();
  }
}
