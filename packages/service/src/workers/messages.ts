import type { Client, PipelineError, Signal, Status } from '@millrace/api';
import type { LedgerTotals } from '../item-ledger.ts';

/** A `PipelineError` on its way to another thread. */
export type SentError = Pick<PipelineError, 'message' | 'kind' | 'retryAfterMs' | 'grpcCode'>;

/** A status that a component of a worker reported. */
export interface SentStatus {
  readonly component: string;
  readonly status: Status;
  readonly error?: string;
}

/** From a worker to the main thread. */
export type WorkerMessage =
  /** Offers a whole batch to a stage that lives on the main thread. */
  | {
      readonly kind: 'batch';
      readonly id: number;
      readonly stage: string;
      readonly signal: Signal;
      readonly memory: SharedArrayBuffer;
      readonly start: number;
      readonly end: number;
      readonly items: number;
      readonly client: Client;
    }
  | { readonly kind: 'ready' }
  | { readonly kind: 'status'; readonly report: SentStatus }
  /** The worker cannot start or go on. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The answer to `call`. */
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'stopped'; readonly items: readonly LedgerTotals[]; readonly errors: readonly string[] };

/** From the main thread to a worker. */
export type MainMessage =
  /** The batch was taken, or refused with `error`; `released`: nothing refers to its memory any more. */
  | { readonly kind: 'settled'; readonly id: number; readonly released: boolean; readonly error?: SentError }
  | { readonly kind: 'released'; readonly id: number }
  /** Asks for something that can be copied, such as the books. */
  | { readonly kind: 'call'; readonly id: number; readonly what: string }
  | { readonly kind: 'stop'; readonly withinMs: number };
