import type { Batch, BufferPool, Signal } from '@millrace/wire';
import type { ComponentKind } from './component.ts';
import type { Extension } from './factory.ts';

/** A batch that a log keeps. Only the log that made it understands it. */
export interface StoredBatch {
  /** Spans, data points, log records or profiles. */
  readonly items: number;
  /** Bytes of the encoded request. */
  readonly sizeBytes: number;
}

/** Whose log it is. The names of its files are made of `kind`, `id` and `name`, so that the next run finds them. */
export interface LogOwner {
  readonly kind: ComponentKind;
  /** As the user wrote it, such as `otlp_http/backup`. */
  readonly id: string;
  /** Tells the logs of one component apart, such as `traces`. */
  readonly name: string;
  readonly signal: Signal;
  /** Where `read` leases. */
  readonly pool: BufferPool;
  /** True: the owner only appends; what earlier runs left is kept and `recovered` is empty. Default false. */
  readonly appendOnly?: boolean;
}

/** An ordered log of batches that outlives the process. One owner, one thread. */
export interface BatchLog {
  /** What earlier runs left unacknowledged, oldest first. */
  readonly recovered: readonly StoredBatch[];
  /**
   * Keeps a batch with its client's metadata (its authentication data is not kept). The batch is read until the promise settles. Resolves when it is as safe as the storage
   * promises; rejects with a `PipelineError` when it could not be kept: permanent when it is larger than the storage, otherwise retryable.
   */
  append(batch: Batch): Promise<StoredBatch>;
  /** The batch again, as the caller's. Rejects with a permanent `PipelineError` when it is damaged. */
  read(stored: StoredBatch): Promise<Batch>;
  /** The batch is done with: delivered, or given up and counted. It resolves when a later run will not offer it again; never rejects. */
  acknowledge(stored: StoredBatch): Promise<void>;
  /** Ends the writing, after everything that was asked for before. */
  close(): Promise<void>;
}

/** An extension that `sending_queue.storage` can name. */
export interface StorageExtension extends Extension {
  /** Opens a log, after the start of the extension. Rejects when it is in use elsewhere or cannot be written; never because of what an earlier run left. */
  openLog(owner: LogOwner): Promise<BatchLog>;
}

/** Whether an extension keeps logs. For `Host.extension`. */
export function isStorage(extension: unknown): extension is StorageExtension {
  return typeof (extension as Partial<StorageExtension> | undefined)?.openLog === 'function';
}
