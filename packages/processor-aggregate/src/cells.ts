import { Sketch } from '@millrace/timeseries';

/** Doubles of a cell: how often, sum, least, greatest, failures. */
export const cellSize = 5;
const minSlots = 64;
/** About the bytes of an exemplar. */
const exemplarBytes = 250;

/** The item with the largest value. Ids are hex, empty when there are none. */
export interface Exemplar {
  readonly value: number;
  readonly timeUnixNano: bigint;
  readonly traceId: string;
  readonly spanId: string;
}

/** What all series did from `startMs` on: a window, or the pane of time that windows are made of. A cell stands at its series' slot. */
export class Cells {
  readonly startMs: number;
  values: Float64Array = new Float64Array(minSlots * cellSize);
  readonly sketches: (Sketch | undefined)[] = [];
  readonly exemplars: (Exemplar | undefined)[] = [];
  #sketchBytes = 0;
  #exemplarCount = 0;

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  /** Bytes of memory. */
  get sizeBytes(): number {
    return this.values.byteLength + this.#sketchBytes + this.#exemplarCount * exemplarBytes + this.sketches.length * 8;
  }

  /** Slots there is room for. */
  get end(): number {
    return this.values.length / cellSize;
  }

  count(slot: number): number {
    return slot * cellSize < this.values.length ? this.values[slot * cellSize]! : 0;
  }

  /** Adds `count` values that sum up to `sum`. */
  add(slot: number, count: number, sum: number, min: number, max: number, failures: number): void {
    const at = slot * cellSize;
    if (at >= this.values.length) this.#grow(slot);
    const { values } = this;
    if (values[at] === 0) {
      values[at + 2] = min;
      values[at + 3] = max;
    } else {
      if (min < values[at + 2]!) values[at + 2] = min;
      if (max > values[at + 3]!) values[at + 3] = max;
    }
    values[at]! += count;
    values[at + 1]! += sum;
    values[at + 4]! += failures;
  }

  #grow(slot: number): void {
    const grown = new Float64Array(Math.max(this.values.length * 2, (slot + 1) * cellSize));
    grown.set(this.values);
    this.values = grown;
  }

  /** Adds a value, `count` times, to the distribution of a cell. */
  addToSketch(slot: number, scale: number, value: number, count = 1): void {
    const sketch = this.sketchAt(slot, scale);
    const before = sketch.sizeBytes;
    sketch.add(value, count);
    this.#sketchBytes += sketch.sizeBytes - before;
  }

  /** Merges into the distribution of a cell. */
  mergeSketch(slot: number, scale: number, other: Sketch): void {
    const sketch = this.sketchAt(slot, scale);
    const before = sketch.sizeBytes;
    sketch.merge(other);
    this.#sketchBytes += sketch.sizeBytes - before;
  }

  /** The distribution of a cell; a new one begins at `scale`. */
  sketchAt(slot: number, scale: number): Sketch {
    let sketch = this.sketches[slot];
    if (sketch === undefined) {
      this.sketches[slot] = sketch = new Sketch(scale);
      this.#sketchBytes += sketch.sizeBytes;
    }
    return sketch;
  }

  setExemplar(slot: number, exemplar: Exemplar): void {
    if (this.exemplars[slot] === undefined) this.#exemplarCount++;
    this.exemplars[slot] = exemplar;
  }

  /** Adds another one's cells to these. */
  merge(other: Cells, scale: number): void {
    const { values } = other;
    for (let at = 0, slot = 0; at < values.length; at += cellSize, slot++) {
      if (values[at] === 0) continue;
      this.add(slot, values[at]!, values[at + 1]!, values[at + 2]!, values[at + 3]!, values[at + 4]!);
      const sketch = other.sketches[slot];
      if (sketch !== undefined) this.mergeSketch(slot, scale, sketch);
      const exemplar = other.exemplars[slot];
      if (exemplar !== undefined && !(exemplar.value < (this.exemplars[slot]?.value ?? -Infinity))) this.setExemplar(slot, exemplar);
    }
  }

  /** Gives the exemplars up. */
  dropExemplars(): void {
    this.exemplars.length = 0;
    this.#exemplarCount = 0;
  }

  /** Makes every distribution as coarse as `scale`. */
  coarsen(scale: number): void {
    this.#sketchBytes = 0;
    for (const sketch of this.sketches) {
      if (sketch === undefined) continue;
      sketch.coarsen(scale);
      this.#sketchBytes += sketch.sizeBytes;
    }
  }
}
