import type { Batch, Consumed, Consumer, PipelineError, Stage } from '@millrace/api';

/** Hands every batch on as it is. */
export class Forward implements Stage {
  readonly #next: Consumer;

  constructor(next: Consumer) {
    this.#next = next;
  }

  consume(batch: Batch): Consumed {
    return this.#next.consume(batch);
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }
}
