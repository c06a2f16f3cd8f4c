import type { StoredBatch } from '@millrace/api';
import type { Segment } from './segment.ts';

/** Where a batch is. */
export class StoredRecord implements StoredBatch {
  readonly segment: Segment;
  readonly sequence: number;
  /** Where the record starts in its segment, and its length. */
  readonly at: number;
  readonly recordBytes: number;
  readonly items: number;
  readonly sizeBytes: number;

  constructor(segment: Segment, sequence: number, at: number, recordBytes: number, items: number, sizeBytes: number) {
    this.segment = segment;
    this.sequence = sequence;
    this.at = at;
    this.recordBytes = recordBytes;
    this.items = items;
    this.sizeBytes = sizeBytes;
  }
}
