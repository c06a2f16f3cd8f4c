import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Stage } from '@millrace/api';

/**
 * Hands each batch to the level in use; when one of its pipelines refuses, to the levels below, and the one that takes it is in use from then
 * on. Every retry interval one batch is offered to the levels above first; the first that takes it is in use again. When no level takes a batch
 * the sender is refused, and the next batch starts at the first level.
 */
export class Failover implements Stage {
  readonly #levels: readonly (readonly Consumer[])[];
  readonly #retryMs: number;
  readonly #context: Context;
  #current = 0;
  #retryAt = Infinity;

  constructor(levels: readonly (readonly Consumer[])[], retryMs: number, context: Context) {
    this.#levels = levels;
    this.#retryMs = retryMs;
    this.#context = context;
  }

  consume(batch: Batch): Consumed {
    const now = this.#context.clock.now();
    if (now < this.#retryAt) return this.#offer(batch, this.#current);
    this.#retryAt = now + this.#retryMs;
    return this.#offer(batch, 0);
  }

  refusing(): PipelineError | undefined {
    let error: PipelineError | undefined;
    for (const level of this.#levels) {
      error = refusalOf(level);
      if (error === undefined) return undefined;
    }
    return error;
  }

  /** Offers a batch to a level and, when it refuses, to those below. */
  #offer(batch: Batch, level: number): Consumed {
    for (let index = level; index < this.#levels.length; index++) {
      let consumed: Consumed;
      try {
        consumed = consumeAll(this.#levels[index]!, batch);
      } catch (error) {
        this.#failed(index, error);
        continue;
      }
      if (consumed === undefined) {
        this.#took(index);
        return undefined;
      }
      return consumed.then(
        () => this.#took(index),
        (error: unknown) => {
          this.#failed(index, error);
          return this.#offer(batch, index + 1);
        },
      );
    }
    this.#current = 0;
    this.#retryAt = Infinity;
    throw new PipelineError('All provided pipelines return errors', { kind: 'retryable' });
  }

  #took(index: number): void {
    if (index === this.#current) return;
    this.#context.logger.info(index < this.#current ? 'A higher level works again' : 'A lower level is in use', { level: index + 1 });
    this.#current = index;
    this.#retryAt = index === 0 ? Infinity : this.#context.clock.now() + this.#retryMs;
  }

  #failed(index: number, error: unknown): void {
    if (index === this.#current) {
      this.#context.logger.warn('A level refuses data', {
        level: index + 1,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

function refusalOf(level: readonly Consumer[]): PipelineError | undefined {
  for (const pipeline of level) {
    const error = pipeline.refusing?.();
    if (error !== undefined) return error;
  }
  return undefined;
}

/** Every pipeline is offered the batch; a refusal by one is the refusal of all. */
function consumeAll(level: readonly Consumer[], batch: Batch): Consumed {
  if (level.length === 1) return level[0]!.consume(batch);
  const pending: Promise<void>[] = [];
  let failure: unknown;
  let hasFailed = false;
  for (const pipeline of level) {
    try {
      const consumed = pipeline.consume(batch);
      if (consumed !== undefined) pending.push(consumed);
    } catch (error) {
      failure ??= error;
      hasFailed = true;
    }
  }
  if (pending.length > 0) {
    return Promise.allSettled(pending).then((outcomes) => {
      const refused = outcomes.find((outcome) => outcome.status === 'rejected');
      if (hasFailed) throw failure;
      if (refused !== undefined) throw refused.reason;
    });
  }
  if (hasFailed) throw failure;
  return undefined;
}
