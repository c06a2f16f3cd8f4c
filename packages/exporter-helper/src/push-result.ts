import type { PipelineError } from '@millrace/api';
import type { Batch } from '@millrace/wire';

/**
 * How one attempt ended that did not throw: `undefined`, everything was taken; `rejectedItems`, the destination answered with partial
 * success and keeps the rest (`rejectedItems` may be 0 when it only has something to say); `remainder`, only this part, a batch that the
 * exporter made and hands over, is still to be sent; `tooLarge`, the destination takes nothing of this size: halves are sent instead, down to
 * single items, which then count as refused for good with this error.
 */
export type PushResult =
  | undefined
  | { readonly rejectedItems: number; readonly message: string }
  | { readonly remainder: Batch; readonly error: PipelineError }
  | { readonly tooLarge: PipelineError };

/**
 * One attempt to send a batch. Throws or rejects with a `PipelineError` (any other error counts as retryable) when it was not taken. When
 * `signal` aborts it settles soon, with the signal's reason; only then may the memory of the batch be used for something else.
 */
export type Push = (batch: Batch, signal: AbortSignal) => Promise<PushResult>;
