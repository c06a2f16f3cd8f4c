import { lend } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, PipelineError, Stage } from '@millrace/api';
import type { MemoryAccount } from '@millrace/wire';
import { walk } from '@millrace/wire';
import type { CardinalityLimitConfig } from './config.ts';
import { createMetrics } from './limit-metrics.ts';
import { SeriesLimiter } from './series-limiter.ts';

/** Folds points of series beyond the limits. It holds no items: what it remembers are numbers. */
export class CardinalityLimit implements Stage {
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #limiter: SeriesLimiter;
  readonly #walk: ReturnType<typeof walk>;
  #account: MemoryAccount | undefined;
  /** Points of the batches that the next component took. */
  foldedPoints = 0;

  constructor(config: CardinalityLimitConfig, next: Consumer, context: Context) {
    this.#next = next;
    this.#context = context;
    this.#limiter = new SeriesLimiter(config, context);
    this.#walk = walk([this.#limiter], (_, error) =>
      context.logger.error('Limiting a point failed; it is kept.', { error: String(error) }),
    );
    createMetrics(context, this.#limiter, () => this.foldedPoints);
  }

  start({ memory }: Host): void {
    this.#account = memory.account();
  }

  consume(batch: Batch): Consumed {
    const limiter = this.#limiter;
    limiter.begin(batch.items);
    const created = this.#walk.counters[2]!;
    const result = this.#walk.run(batch);
    const { folded, dropped } = limiter;
    const made = this.#walk.counters[2]! - created;
    this.#account?.set(limiter.sizeBytes);
    let consumed: Consumed;
    if (result === batch) return this.#next.consume(batch);
    if (result !== undefined) consumed = lend(this.#next, result);
    if (consumed === undefined) {
      this.#book(folded, dropped, made);
      return undefined;
    }
    return consumed.then(() => this.#book(folded, dropped, made));
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }

  shutdown(): void {
    this.#account?.set(0);
    this.#account = undefined;
  }

  #book(folded: number, dropped: number, made: number): void {
    const { items } = this.#context;
    this.foldedPoints += folded;
    if (folded > 0) items.absorb(folded);
    if (dropped > 0) items.drop(dropped, 'memory_limit');
    if (made > 0) items.create(made);
  }
}
