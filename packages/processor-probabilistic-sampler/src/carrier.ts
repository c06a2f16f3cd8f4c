import type { Randomness, Threshold } from './threshold.ts';

/** Where the sampling information of an item is read and written: a span's tracestate, a log record's attributes. Reused for all items. */
export interface Carrier<Item> {
  /** The threshold that the item arrived with. */
  readonly threshold: Threshold | undefined;
  /** The explicit randomness that the item arrived with; meaningful when `hasRandomness`. */
  readonly randomness: Readonly<Randomness>;
  readonly hasRandomness: boolean;
  /** Whether an item that nothing identifies, and that passes all the same, gets the highest randomness written. */
  readonly marksMissing: boolean;
  /** Reads an item; returns what is wrong with its sampling information. */
  read(item: Item): string | undefined;
  /** Puts the hash of what identifies the item into `into`; returns the policy's number, `missing` when nothing identifies it. */
  hash(item: Item, into: Randomness): number;
  /** Puts the randomness of the trace id into `into`; false when there is none. */
  traceIdRandomness(item: Item, into: Randomness): boolean;
  /** The threshold that the item's priority asks for. */
  priority(item: Item): Threshold | undefined;
  /** Writes the threshold and, when given, explicit randomness into the item; a lower threshold than the arrived one is not written. */
  write(item: Item, threshold: Threshold, arrived: Threshold | undefined, randomness: Readonly<Randomness> | undefined): void;
}

/** Where the randomness, or the decision, came from: the numbers of the names that the metrics use. */
export const policies = {
  missing: 0,
  traceIdHash: 1,
  traceIdW3c: 2,
  randomness: 3,
  priority: 4,
  attribute: 5,
} as const;

/** The names by number; the last one is the attribute's own. */
export const policyNames: readonly string[] = [
  'missing_randomness',
  'trace_id_hash',
  'trace_id_w3c',
  'sampling_randomness',
  'sampling_priority',
];

/** Puts the last 56 bits of a trace id into `into`; false for an id that is absent or all zeros. */
export function readTraceId(buffer: Uint8Array, start: number, end: number, into: Randomness): boolean {
  if (isEmptyId(buffer, start, end)) return false;
  const p = end - 7;
  into.high = (buffer[p] << 20) | (buffer[p + 1] << 12) | (buffer[p + 2] << 4) | (buffer[p + 3] >> 4);
  into.low = ((buffer[p + 3] & 15) << 24) | (buffer[p + 4] << 16) | (buffer[p + 5] << 8) | buffer[p + 6];
  return true;
}

/** Whether an id is absent or all zeros. */
export function isEmptyId(buffer: Uint8Array, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (buffer[p] !== 0) return false;
  return true;
}
