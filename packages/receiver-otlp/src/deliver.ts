import { lend, type Batch, type Consumed, type Consumer } from '@millrace/api';

/** How a protocol tells the sender of a request what became of it. */
export interface Answer<R> {
  accepted(request: R): void;
  refused(request: R, error: unknown): void;
}

/** Hands a request to the pipeline and answers it when that has taken it, and only then. An empty request is accepted without the pipeline. */
export function deliver<R>(next: Consumer, batch: Batch, request: R, answer: Answer<R>): void {
  if (batch.items === 0) {
    batch.release();
    return answer.accepted(request);
  }
  let consumed: Consumed;
  try {
    consumed = lend(next, batch);
  } catch (error) {
    return answer.refused(request, error);
  }
  if (consumed === undefined) return answer.accepted(request);
  consumed.then(
    () => answer.accepted(request),
    (error: unknown) => answer.refused(request, error),
  );
}
