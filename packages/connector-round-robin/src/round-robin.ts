import type { Batch, Consumed, Consumer, PipelineError, Stage } from '@millrace/api';

/** Hands each batch to the next pipeline, whole and as it is. A refusal goes back to the sender: the next batch, or the same one again, goes on in turn. */
export class RoundRobin implements Stage {
  readonly #pipelines: readonly Consumer[];
  #turn = 0;

  constructor(pipelines: readonly Consumer[]) {
    this.#pipelines = pipelines;
  }

  consume(batch: Batch): Consumed {
    const next = this.#pipelines[this.#turn]!;
    this.#turn = (this.#turn + 1) % this.#pipelines.length;
    return next.consume(batch);
  }

  /** While one pipeline takes batches there is a turn in which this one is taken. */
  refusing(): PipelineError | undefined {
    let error: PipelineError | undefined;
    for (const pipeline of this.#pipelines) {
      error = pipeline.refusing?.();
      if (error === undefined) return undefined;
    }
    return error;
  }
}
