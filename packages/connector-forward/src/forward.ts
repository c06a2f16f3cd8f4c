import { isPermanent } from '@millrace/api';
import type { Batch, Consumed, Consumer, ItemLedger, PipelineError, Stage } from '@millrace/api';

/**
 * Lends every batch to all pipelines behind the connector. The sender is refused only when no pipeline took the batch; what a pipeline
 * refuses that another one took is dropped and counted for it alone (`permanent`, or `refused` when it could have been offered again).
 */
export class Forward implements Stage {
  readonly #next: readonly Consumer[];
  readonly #items: ItemLedger;

  constructor(next: readonly Consumer[], items: ItemLedger) {
    this.#next = next;
    this.#items = items;
  }

  consume(batch: Batch): Consumed {
    if (this.#next.length === 1) return this.#next[0].consume(batch);
    const errors: unknown[] = [];
    const pending: Promise<void>[] = [];
    for (const next of this.#next) {
      try {
        const consumed = next.consume(batch);
        if (consumed !== undefined) pending.push(consumed.catch((error: unknown) => void errors.push(error)));
      } catch (error) {
        errors.push(error);
      }
    }
    if (pending.length > 0) return Promise.all(pending).then(() => this.#conclude(batch.items, errors));
    this.#conclude(batch.items, errors);
    return undefined;
  }

  refusing(): PipelineError | undefined {
    let error: PipelineError | undefined;
    for (const next of this.#next) {
      error = next.refusing?.();
      if (error === undefined) return undefined;
    }
    return error;
  }

  #conclude(items: number, errors: readonly unknown[]): void {
    const branches = this.#next.length;
    if (branches > 0 && errors.length === branches) throw errors.find((error) => !isPermanent(error)) ?? errors[0];
    // Every pipeline beyond the first gets items of its own, so that the books balance.
    this.#items.create(items * (branches - 1));
    for (const error of errors) this.#items.drop(items, isPermanent(error) ? 'permanent' : 'refused');
  }
}
