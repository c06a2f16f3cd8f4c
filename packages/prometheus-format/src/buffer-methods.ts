declare global {
  /** Methods that every Node Buffer has and `@types/node` leaves out: they skip the argument checks of `toString` and `write`. */
  interface Buffer {
    utf8Slice(start: number, end: number): string;
    latin1Slice(start: number, end: number): string;
    /** Writes as much as fits, never half a character; returns the bytes written. */
    utf8Write(text: string, offset: number): number;
    latin1Write(text: string, offset: number): number;
  }
}

/** A buffer of no bytes. */
export const noBytes: Buffer = Buffer.alloc(0);
