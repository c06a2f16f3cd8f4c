import { isPermanent } from '@millrace/api';
import type { Batch, Consumer, Context, Timer } from '@millrace/api';
import type { BufferPool } from '@millrace/wire';
import type { Aggregator } from './aggregator.ts';
import { Emission } from './emission.ts';
import { Turn } from './turn.ts';

/** Pause before a refused batch is offered again, and while the program ends. */
const retryMs = 1000;
const lastRetryMs = 100;
/** Slots that are looked at in one step of forgetting. */
const sweepSlots = 1024;

/**
 * Does what is to be done when windows are over, in turns between which other work goes on: merges closed panes into their windows, sends the windows,
 * oldest first, one batch after the other, and forgets series that are in none. A batch that was refused is offered again.
 */
export class WindowSender {
  readonly #aggregator: Aggregator;
  readonly #next: Consumer;
  readonly #context: Pick<Context, 'clock' | 'items' | 'logger'>;
  readonly #pool: BufferPool;
  readonly #onProgress: () => void;
  #emission: Emission | undefined;
  #unsent: Batch | undefined;
  #retryTimer: Timer | undefined;
  #isStopping = false;
  #working: Promise<void> | undefined;

  /** `onProgress` is called when the memory in use has changed. */
  constructor(aggregator: Aggregator, next: Consumer, context: Context, pool: BufferPool, onProgress: () => void) {
    this.#aggregator = aggregator;
    this.#next = next;
    this.#context = context;
    this.#pool = pool;
    this.#onProgress = onProgress;
  }

  /** Bytes of memory, the windows themselves left out. */
  get sizeBytes(): number {
    return this.#emission?.sizeBytes ?? 0;
  }

  /** Begins with what there is to do, unless that goes on already. The first turn is over on return. */
  work(): void {
    this.#working ??= this.#work();
  }

  /** Resolves when nothing is left to do or the next component refuses. */
  async pause(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  async #work(): Promise<void> {
    const turn = new Turn(this.#context.clock);
    // Whoever looks after the last step finds that it is over, before anything else can happen.
    try {
      while (await this.#settle(turn)) {
        await this.#sweep(turn);
        if (this.#aggregator.windows.isSettled) return;
      }
    } finally {
      this.#working = undefined;
      this.#onProgress();
    }
  }

  /** Merges and sends what is closed. False when the next component refuses. */
  async #settle(turn: Turn): Promise<boolean> {
    const { windows } = this.#aggregator;
    while (!windows.isSettled) {
      while (this.#aggregator.merge()) if (turn.isOver) await turn.next();
      if (windows.complete.length > 0 && !(await this.#send(turn))) return false;
    }
    return true;
  }

  /** Sends the oldest complete window. False when it was refused for now. */
  async #send(turn: Turn): Promise<boolean> {
    const { complete } = this.#aggregator.windows;
    let emission = this.#emission;
    if (emission === undefined) {
      emission = new Emission(complete[0]!, this.#aggregator.output, this.#pool);
      await emission.sort(turn);
      this.#emission = emission;
    }
    const { items } = this.#context;
    while (this.#unsent !== undefined || !emission.isDone) {
      if (this.#unsent === undefined && (this.#unsent = emission.next(turn)) !== undefined) {
        items.create(this.#unsent.items);
        items.hold(this.#unsent.items);
      }
      if (this.#unsent !== undefined && !(await this.#offer(this.#unsent))) return false;
      if (turn.isOver) await turn.next();
    }
    this.#emission = undefined;
    complete.shift();
    this.#onProgress();
    return true;
  }

  /** False when the batch was refused for now. */
  async #offer(batch: Batch): Promise<boolean> {
    const { clock, items, logger } = this.#context;
    try {
      await this.#next.consume(batch);
    } catch (error) {
      if (!isPermanent(error)) {
        if (!this.#isStopping) this.#retryTimer ??= clock.setTimeout(() => this.#retry(), retryMs);
        return false;
      }
      logger.error('Aggregated points were refused for good.', { error: String(error), items: batch.items });
      items.drop(batch.items, 'permanent');
    }
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#unsent = undefined;
    items.hold(-batch.items);
    batch.release();
    return true;
  }

  #retry(): void {
    this.#retryTimer = undefined;
    this.work();
  }

  /** Looks at every series once, unless another window is over before. */
  async #sweep(turn: Turn): Promise<void> {
    const { windows, sweepable } = this.#aggregator;
    for (let seen = 0; seen < sweepable && windows.isSettled; seen += sweepSlots) {
      this.#aggregator.sweep(sweepSlots);
      if (turn.isOver) await turn.next();
    }
  }

  /** Sends what is closed, offering it again and again until the time is up. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#isStopping = true;
    this.#retryTimer?.cancel();
    this.work();
    await this.pause();
    while (!this.#aggregator.windows.isSettled && !signal.aborted) {
      await new Promise<void>((resolve) => void this.#context.clock.setTimeout(resolve, lastRetryMs));
      this.work();
      await this.pause();
    }
  }

  /** Gives up the batch that was not taken. Its window stays among the complete ones. */
  stop(): void {
    const batch = this.#unsent;
    if (batch === undefined) return;
    this.#unsent = undefined;
    this.#context.items.hold(-batch.items);
    this.#context.items.drop(batch.items, 'shutdown');
    batch.release();
  }
}
