import { offsetOf, pageOf } from './byte-arena.ts';
import type { ByteArena } from './byte-arena.ts';
import type { ByteKey } from './byte-key.ts';
import type { ExponentialState } from './exponential-state.ts';
import type { HistogramState } from './histogram-state.ts';
import type { LabelBytes } from './labels.ts';
import type { Exemplar, FamilyHeader } from './metric-family.ts';
import { RowIndex } from './row-index.ts';
import type { SummaryState } from './summary-state.ts';

/** The state of a series that is no number. States are never changed, only replaced, so that a scrape can keep the ones it saw. */
export type PointState = HistogramState | ExponentialState | SummaryState;

/** Bytes that a row takes besides its labels, its key and its state: its places in columns and indexes. */
export const rowBytes = 88;

/** Marks the length of labels that have quoted names. */
const quotedMark = 0x8000_0000;

/**
 * The series of one exposed name. A series is a row: its labels, encoded once, and its numbers in columns. It is found by its key, the bytes of
 * its attributes as they came last, or by its labels.
 */
export class Family {
  readonly header: FamilyHeader;
  /** Whether the series are numbers; otherwise they have states. */
  readonly isNumber: boolean;
  /** Rows in use and free ones below them. */
  rows = 0;
  values = new Float64Array(4);
  /** Milliseconds since the epoch: the time of the point, when it began (0 for unknown), when it came (NaN for a free row). */
  timesMs = new Float64Array(4);
  startsMs = new Float64Array(4);
  updatedMs = new Float64Array(4);
  readonly states: (PointState | undefined)[] = [];
  readonly exemplars = new Map<number, Exemplar>();
  readonly #arena: ByteArena;
  #labelsAt = new Uint32Array(4);
  #labelsBytes = new Uint32Array(4);
  #keysAt = new Uint32Array(4);
  #keysBytes = new Uint32Array(4);
  readonly #free: number[] = [];
  /** What the indexes compare rows with. */
  #wanted: ByteKey | undefined;
  readonly #byKey = new RowIndex((row) => this.#arena.equals(this.#keysAt[row]!, this.#keysBytes[row]!, this.#wanted!));
  readonly #byLabels = new RowIndex((row) =>
    this.#arena.equals(this.#labelsAt[row]!, (this.#labelsBytes[row]! & ~quotedMark) >>> 0, this.#wanted!),
  );

  constructor(header: FamilyHeader, isNumber: boolean, arena: ByteArena) {
    this.header = header;
    this.isNumber = isNumber;
    this.#arena = arena;
  }

  /** Number of series. */
  get size(): number {
    return this.#byLabels.size;
  }

  /** The row with this key; -1 when there is none. */
  find(key: ByteKey): number {
    this.#wanted = key;
    return this.#byKey.find(key.hash());
  }

  /** The row with these labels, which from now on is found by the key; -1 when there is none. */
  findLabels(labels: ByteKey, key: ByteKey): number {
    this.#wanted = labels;
    const row = this.#byLabels.find(labels.hash());
    if (row < 0) return -1;
    this.#byKey.remove(row);
    this.#arena.free(this.#keysAt[row]!, this.#keysBytes[row]!);
    this.#setKey(row, key);
    return row;
  }

  /** Adds a series and returns its row. */
  add(labels: ByteKey, hasQuotedNames: boolean, key: ByteKey): number {
    const row = this.#free.pop() ?? this.rows++;
    if (row === this.values.length) this.#grow();
    this.#labelsAt[row] = this.#arena.store(labels);
    this.#labelsBytes[row] = labels.length + (hasQuotedNames ? quotedMark : 0);
    this.#byLabels.add(row, labels.hash());
    this.#setKey(row, key);
    return row;
  }

  remove(row: number): void {
    this.#byKey.remove(row);
    this.#byLabels.remove(row);
    this.#arena.free(this.#keysAt[row]!, this.#keysBytes[row]!);
    this.#arena.free(this.#labelsAt[row]!, (this.#labelsBytes[row]! & ~quotedMark) >>> 0);
    this.updatedMs[row] = Number.NaN;
    if (!this.isNumber) this.states[row] = undefined;
    this.exemplars.delete(row);
    this.#free.push(row);
  }

  /** Moves the bytes of a row when that saves memory. */
  settle(row: number): void {
    this.#labelsAt[row] = this.#arena.settle(this.#labelsAt[row]!, (this.#labelsBytes[row]! & ~quotedMark) >>> 0);
    this.#keysAt[row] = this.#arena.settle(this.#keysAt[row]!, this.#keysBytes[row]!);
  }

  /** The labels of a row, as `encodeLabels` made them. */
  labelText(row: number): string {
    const at = this.#labelsAt[row]!;
    const start = offsetOf(at);
    const end = start + ((this.#labelsBytes[row]! & ~quotedMark) >>> 0);
    return this.#arena.pages()[pageOf(at)]!.utf8Slice(start, end);
  }

  /** Reads the labels of rows as they are now, whatever becomes of the rows later. What it returns is reused. */
  labelReader(): (row: number) => LabelBytes {
    const pages = this.#arena.pages();
    const at = this.#labelsAt.slice(0, this.rows);
    const sizes = this.#labelsBytes.slice(0, this.rows);
    const labels = { buffer: Buffer.alloc(0) as Buffer, start: 0, end: 0, hasQuotedNames: false };
    return (row) => {
      const size = sizes[row]!;
      labels.buffer = pages[pageOf(at[row]!)]!;
      labels.start = offsetOf(at[row]!);
      labels.hasQuotedNames = size >= quotedMark;
      labels.end = labels.start + ((size & ~quotedMark) >>> 0);
      return labels;
    };
  }

  #setKey(row: number, key: ByteKey): void {
    this.#keysAt[row] = this.#arena.store(key);
    this.#keysBytes[row] = key.length;
    this.#byKey.add(row, key.hash());
  }

  #grow(): void {
    const times = (column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(column.length * 2);
      grown.set(column);
      return grown;
    };
    const numbers = (column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(column.length * 2);
      grown.set(column);
      return grown;
    };
    this.values = times(this.values);
    this.timesMs = times(this.timesMs);
    this.startsMs = times(this.startsMs);
    this.updatedMs = times(this.updatedMs);
    this.#labelsAt = numbers(this.#labelsAt);
    this.#labelsBytes = numbers(this.#labelsBytes);
    this.#keysAt = numbers(this.#keysAt);
    this.#keysBytes = numbers(this.#keysBytes);
  }
}
