import { lend } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, PipelineError, Stage, Timer, Visitor } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { MemoryAccount, Walk } from '@millrace/wire';

/** A visitor that changes data points by what it remembers of their series. */
export interface SeriesVisitor extends Visitor {
  /** Set by the stage: whether a new series may be remembered. */
  hasRoom: () => boolean;
  /** Points that it dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Bytes of what is remembered, about. */
  readonly sizeBytes: number;
  /** Forgets the series that are older. */
  forget(beforeMs: number): void;
}

/** When series are forgotten. */
export interface Staleness {
  readonly staleMs: number;
  /** How often they are looked for; absent: never. */
  readonly sweepMs?: number;
}

/**
 * Runs a series visitor over every batch on its way. It holds no items; what is remembered comes out of the process's budget, and what was
 * dropped is booked when the next component has taken the rest.
 */
export class SeriesStage implements Stage {
  readonly #visitor: SeriesVisitor;
  readonly #staleness: Staleness;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #walk: Walk;
  #account: MemoryAccount | undefined;
  #timer: Timer | undefined;

  constructor(visitor: SeriesVisitor, staleness: Staleness, next: Consumer, context: Context) {
    this.#visitor = visitor;
    this.#staleness = staleness;
    this.#next = next;
    this.#context = context;
    this.#walk = walk([visitor], (_, error) =>
      context.logger.error('Converting a data point failed; it is kept as it was.', { error: String(error) }),
    );
  }

  start({ memory }: Host): void {
    this.#account = memory.account();
    this.#visitor.hasRoom = () => memory.available > 0;
    this.#schedule();
  }

  consume(batch: Batch): Consumed {
    const { dropped } = this.#visitor;
    const before = { ...dropped };
    const result = this.#walk.run(batch);
    this.#account?.set(this.#visitor.sizeBytes);
    const after = Object.entries(dropped).map(([reason, items]) => [reason, items - before[reason]!] as const);
    const book = (): void => {
      for (const [reason, items] of after) if (items > 0) this.#context.items.drop(items, reason);
    };
    const consumed = result === batch ? this.#next.consume(batch) : result === undefined ? undefined : lend(this.#next, result);
    if (consumed !== undefined) return consumed.then(book);
    book();
    return undefined;
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }

  shutdown(): void {
    this.#timer?.cancel();
    this.#account?.set(0);
    this.#account = undefined;
  }

  #schedule(): void {
    const { staleMs, sweepMs } = this.#staleness;
    if (sweepMs === undefined) return;
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#visitor.forget(this.#context.clock.now() - staleMs);
      this.#account?.set(this.#visitor.sizeBytes);
      this.#schedule();
    }, sweepMs);
  }
}
