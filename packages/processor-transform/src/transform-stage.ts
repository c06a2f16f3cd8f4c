import { lend } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, PipelineError, Stage } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { Visitor, Walk } from '@millrace/wire';

/** Visitors one after the other over whole batches, in as few walks as can be. */
export class TransformStage implements Stage {
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #walks: readonly Walk[];

  constructor(visitors: readonly Visitor[], next: Consumer, context: Context) {
    this.#next = next;
    this.#context = context;
    const groups: Visitor[][] = [];
    for (const visitor of visitors) {
      const last = groups.at(-1);
      const begins =
        visitor.traits?.editsUpward === true ||
        visitor.traits?.readsAhead === true ||
        last?.some(({ traits }) => traits?.editsUpward === true || traits?.refuses === true);
      if (last === undefined || begins === true || last.length === 31) groups.push([visitor]);
      else last.push(visitor);
    }
    this.#walks = groups.map((group) =>
      walk(group, (_, error) => {
        context.logger.error('Processing an item failed; it is kept as it was.', {
          error: error instanceof Error ? error.message : String(error),
        });
      }),
    );
  }

  consume(batch: Batch): Consumed {
    const before = batch.items;
    const result = this.#run(batch);
    const consumed = result === batch ? this.#next.consume(batch) : result && lend(this.#next, result);
    const difference = (result?.items ?? 0) - before;
    if (difference === 0) return consumed;
    if (consumed === undefined) {
      this.#book(difference);
      return undefined;
    }
    return consumed.then(() => this.#book(difference));
  }

  /** Data points that a conversion made or merged. */
  #book(difference: number): void {
    if (difference > 0) this.#context.items.create(difference);
    else this.#context.items.absorb(-difference);
  }

  #run(batch: Batch): Batch | undefined {
    let current: Batch | undefined = batch;
    for (const one of this.#walks) {
      let result: Batch | undefined;
      try {
        result = one.run(current);
      } catch (error) {
        if (current !== batch) current.release();
        throw error;
      }
      if (result !== current && current !== batch) current.release();
      current = result;
      if (current === undefined) return undefined;
    }
    return current;
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }
}
