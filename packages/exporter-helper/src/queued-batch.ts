import type { PipelineError, StoredBatch } from '@millrace/api';
import type { Batch } from '@millrace/wire';

/** A batch in the queue, from its admission until all of its items are through. */
export interface Queued {
  readonly items: number;
  readonly sizeBytes: number;
  /** In the units of the queue's sizer. */
  readonly sizeUnits: number;
  readonly stored: StoredBatch | undefined;
  /** The queue's handle; undefined while the batch is only in storage, and once it was handed on. */
  batch: Batch | undefined;
  /** Items that are not through yet. */
  left: number;
  /** Some of its items were interrupted by the shutdown: it stays in the storage. */
  kept: boolean;
  /** With `wait_for_result`: who waits, why it fails, and how many items are through all the same. */
  readonly settle: ((error: PipelineError | undefined) => void) | undefined;
  error: PipelineError | undefined;
  through: number;
}

/** How many items of a queued batch are in a job. */
export interface Part {
  readonly queued: Queued;
  readonly items: number;
}

/** What one worker sends at a time. */
export interface Job {
  /** The worker's to release. */
  readonly batch: Batch;
  readonly parts: readonly Part[];
}

/** How a job ended. */
export interface JobResult {
  /** Items that are delivered, or dropped and counted. */
  readonly accounted: number;
  /** The rest is the caller's again, with this error. */
  readonly error?: PipelineError;
  /** The rest stays in the storage. */
  readonly kept?: boolean;
}
