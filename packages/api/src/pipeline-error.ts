/** What a `PipelineError` carries beyond its message. */
export interface PipelineErrorOptions {
  readonly kind: 'permanent' | 'retryable';
  readonly retryAfterMs?: number;
  readonly grpcCode?: number;
  readonly cause?: unknown;
}

/**
 * The batch was not taken. `permanent`: sending the same data again is useless. `retryable`: the sender should offer it again, not before
 * `retryAfterMs` when that is given. Classify with `isPipelineError` and `isPermanent`, not with `instanceof`.
 */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  readonly kind: 'permanent' | 'retryable';
  readonly retryAfterMs: number | undefined;
  /** The gRPC status code to answer with, when a destination or component chose one (google.rpc.Code). */
  readonly grpcCode: number | undefined;

  constructor(message: string, options: PipelineErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind;
    this.retryAfterMs = options.retryAfterMs;
    this.grpcCode = options.grpcCode;
  }
}

/** Whether an error is a `PipelineError`, of whichever copy of this package. */
export function isPipelineError(error: unknown): error is PipelineError {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'PipelineError';
}

/** Whether offering the same data again is useless. Any error that is not a `PipelineError` counts as retryable, as in the Collector. */
export function isPermanent(error: unknown): boolean {
  return isPipelineError(error) && error.kind === 'permanent';
}
