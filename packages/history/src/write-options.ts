/** How a store writes and what it keeps. */
export interface WriteOptions {
  /** The file of the database; its folder is made. */
  readonly file: string;
  /** Whether what is committed survives a power failure, and not only the death of the process. */
  readonly fsync: boolean;
  /** How long each tier is kept, in milliseconds, by its index in `tiers`. */
  readonly retentionMs: readonly number[];
  /** The most that the file may hold, free pages not counted. Infinity for no bound. */
  readonly maxSizeBytes: number;
  /** The same for traces and for logs: how long, and how many bytes, compressed. */
  readonly items: Readonly<Record<ItemSignal, { readonly retentionMs: number; readonly maxSizeBytes: number }>>;
}

/** The signals of which a recent window is kept. */
export type ItemSignal = 'traces' | 'logs';
