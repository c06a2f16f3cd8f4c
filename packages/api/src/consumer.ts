import type { Batch } from '@millrace/wire';
import type { PipelineError } from './pipeline-error.ts';

/**
 * What `consume` returns: `undefined` when responsibility was taken at once, a promise when it is taken once that resolves. A
 * `PipelineError`, thrown or rejected, means not taken: the sender keeps the data.
 */
export type Consumed = undefined | Promise<void>;

/** The one interface that data flows through. */
export interface Consumer {
  /** Takes responsibility for the batch, which stays the caller's: keep it with `hold()` beyond the moment this settles. */
  consume(batch: Batch): Consumed;
  /** Whether everything would be refused right now, so that a receiver need not read a body. Absent means never. */
  refusing?(): PipelineError | undefined;
  /** Of what a receiver is given: the same consumer, for what came over this protocol (`grpc`, `http`, ...). Call it once, see `over`. */
  over?(transport: string): Consumer;
}

/** Where a receiver sends what comes over a protocol, so that its items are counted under that name (`transport` of `receiver_accepted_*`). */
export function over(next: Consumer, transport: string): Consumer {
  return next.over?.(transport) ?? next;
}

/** Passes on a batch that the caller made: consumes it and releases it when that settles, whatever happens. */
export function lend(next: Consumer, batch: Batch): Consumed {
  let consumed: Consumed;
  try {
    consumed = next.consume(batch);
  } catch (error) {
    batch.release();
    throw error;
  }
  if (consumed === undefined) {
    batch.release();
    return undefined;
  }
  return consumed.finally(() => batch.release());
}
