import { ByteArena, ByteKey, RowIndex } from '@millrace/prometheus-format';
import { ByteWriter } from '@millrace/wire';
import type { LabelRange, LabelSplits } from './encoder.ts';

/** Bytes that a row takes besides its key and its labels. */
const rowBytes = 80;

/**
 * The encoded labels of everything that sent lately, by the bytes of its attributes: a row for each. Rows with equal labels, which come from
 * attributes in another order or from another resource, share one row of times, the `series`.
 */
export class LabelCache {
  readonly #keys = new ByteArena();
  readonly #store = new ByteWriter();
  readonly #labels = new ByteKey();
  readonly #range: LabelRange;
  #rows = 0;
  #keysAt = new Uint32Array(64);
  #keysBytes = new Uint32Array(64);
  /** Six to a row: start, end, place of the name, of `le`, of `quantile`; hash of the labels. */
  #places = new Uint32Array(64 * 6);
  #series = new Uint32Array(64);
  /** By series: the latest time, in milliseconds, and the batch it came with. */
  #timesMs = new Float64Array(64);
  #batches = new Uint32Array(64);
  #wanted: ByteKey;
  #batch = 0;
  readonly #byKey = new RowIndex((row) => this.#keys.equals(this.#keysAt[row]!, this.#keysBytes[row]!, this.#wanted));
  readonly #byLabels = new RowIndex((row) => this.#hasLabels(row));

  constructor() {
    this.#wanted = this.#labels;
    this.#range = { source: this.#store, start: 0, end: 0, nameAt: 0, leAt: 0, quantileAt: 0 };
  }

  get keptBytes(): number {
    return this.#keys.liveBytes + this.#store.position + this.#rows * rowBytes;
  }

  /** Starts a batch. */
  begin(): void {
    this.#batch++;
  }

  /** The row with this key; -1 when there is none. */
  find(key: ByteKey): number {
    this.#wanted = key;
    return this.#byKey.find(key.hash());
  }

  /** Adds a row with the labels that `write` appends. */
  add(key: ByteKey, write: (store: ByteWriter) => LabelSplits): number {
    const row = this.#rows++;
    if (row === this.#keysAt.length) this.#grow();
    this.#keysAt[row] = this.#keys.store(key);
    this.#keysBytes[row] = key.length;
    this.#byKey.add(row, key.hash());
    const start = this.#store.position;
    const { name, le, quantile } = write(this.#store);
    const end = this.#store.position;
    this.#labels.clear();
    this.#labels.append(this.#store.buffer, start, end);
    const hash = this.#labels.hash();
    this.#places.set([start, end, start + name, start + le, start + quantile, hash], row * 6);
    const same = this.#byLabels.find(hash);
    if (same < 0) this.#byLabels.add(row, hash);
    this.#series[row] = same < 0 ? row : same;
    return row;
  }

  /** The labels of a row. What it returns is reused. */
  range(row: number): LabelRange {
    const range = this.#range;
    const places = this.#places;
    const at = row * 6;
    range.start = places[at]!;
    range.end = places[at + 1]!;
    range.nameAt = places[at + 2]!;
    range.leAt = places[at + 3]!;
    range.quantileAt = places[at + 4]!;
    return range;
  }

  /** The hash of the labels of a row: equal for equal labels. */
  hash(row: number): number {
    return this.#places[row * 6 + 5]!;
  }

  /** The latest time of a row that was noted; 0 for none. */
  latestMs(row: number): number {
    return this.#timesMs[this.#series[row]!]!;
  }

  /** Notes a time; false when a later one was noted in the same batch. */
  note(row: number, timeMs: number): boolean {
    const series = this.#series[row]!;
    const isFirst = this.#batches[series] !== this.#batch;
    this.#batches[series] = this.#batch;
    const isInOrder = isFirst || timeMs >= this.#timesMs[series]!;
    if (isInOrder) this.#timesMs[series] = timeMs;
    return isInOrder;
  }

  #hasLabels(row: number): boolean {
    const start = this.#places[row * 6]!;
    const end = this.#places[row * 6 + 1]!;
    const { bytes, length } = this.#labels;
    return end - start === length && this.#store.buffer.compare(bytes, 0, length, start, end) === 0;
  }

  #grow(): void {
    const larger = (column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(column.length * 2);
      grown.set(column);
      return grown;
    };
    this.#keysAt = larger(this.#keysAt);
    this.#keysBytes = larger(this.#keysBytes);
    this.#places = larger(this.#places);
    this.#series = larger(this.#series);
    this.#batches = larger(this.#batches);
    const times = new Float64Array(this.#timesMs.length * 2);
    times.set(this.#timesMs);
    this.#timesMs = times;
  }
}
