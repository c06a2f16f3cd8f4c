import { Sketch } from '@millrace/timeseries';

/** Doubles of a cell: how often, sum, least, greatest, failures. */
export const cellSize = 5;
/** Cells of a chunk, at least and at most. */
const minSlots = 64;
const chunkShift = 8;
/** Cells of a chunk that is full. */
export const chunkSlots: number = 1 << chunkShift;
const slotMask = chunkSlots - 1;
/** About the bytes of an exemplar. */
const exemplarBytes = 250;
const noValues = new Float64Array(0);

/** The item with the largest value. Ids are hex, empty when there are none. */
export interface Exemplar {
  readonly value: number;
  readonly timeUnixNano: bigint;
  readonly traceId: string;
  readonly spanId: string;
}

interface Chunk {
  values: Float64Array;
  sketches: (Sketch | undefined)[] | undefined;
  exemplars: (Exemplar | undefined)[] | undefined;
}

/**
 * What all series did from `startMs` on: a window, or the pane of time that windows are made of. A cell stands at its series' slot. Cells are kept in
 * chunks: so it grows, and is read or merged a piece at a time, without a pause however many series there are.
 */
export class Cells {
  readonly startMs: number;
  readonly #chunks: (Chunk | undefined)[] = [];
  #sizeBytes = 0;
  #exemplarCount = 0;
  /** Series with values. */
  size = 0;

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  /** Bytes of memory. */
  get sizeBytes(): number {
    return this.#sizeBytes + this.#exemplarCount * exemplarBytes + this.#chunks.length * 8;
  }

  /** Every slot with values is below. */
  get end(): number {
    return this.#chunks.length * chunkSlots;
  }

  /** Chunks, the empty ones included: chunk c has the slots from `c * chunkSlots` on. */
  get chunks(): number {
    return this.#chunks.length;
  }

  /** How many values a series had; 0 for a slot without any. */
  count(slot: number): number {
    return this.values(slot)[this.at(slot)] ?? 0;
  }

  /** The array that has the doubles of a cell, from `at(slot)` on. Replaced by `add`. */
  values(slot: number): Float64Array {
    return this.#chunks[slot >> chunkShift]?.values ?? noValues;
  }

  /** Where in `values(slot)` the cell begins. */
  at(slot: number): number {
    return (slot & slotMask) * cellSize;
  }

  sketch(slot: number): Sketch | undefined {
    return this.#chunks[slot >> chunkShift]?.sketches?.[slot & slotMask];
  }

  exemplar(slot: number): Exemplar | undefined {
    return this.#chunks[slot >> chunkShift]?.exemplars?.[slot & slotMask];
  }

  #chunk(slot: number): Chunk {
    const place = slot >> chunkShift;
    let chunk = this.#chunks[place];
    if (chunk === undefined) {
      while (this.#chunks.length < place) this.#chunks.push(undefined);
      chunk = { values: new Float64Array(minSlots * cellSize), sketches: undefined, exemplars: undefined };
      this.#chunks[place] = chunk;
      this.#sizeBytes += chunk.values.byteLength;
    }
    return chunk;
  }

  /** Adds `count` values that sum up to `sum`. */
  add(slot: number, count: number, sum: number, min: number, max: number, failures: number): void {
    const chunk = this.#chunks[slot >> chunkShift] ?? this.#chunk(slot);
    const at = (slot & slotMask) * cellSize;
    if (at >= chunk.values.length) this.#grow(chunk, at);
    const { values } = chunk;
    if (values[at] === 0) {
      this.size++;
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

  #grow(chunk: Chunk, at: number): void {
    let { length } = chunk.values;
    while (at >= length) length *= 2;
    const grown = new Float64Array(length);
    grown.set(chunk.values);
    this.#sizeBytes += grown.byteLength - chunk.values.byteLength;
    chunk.values = grown;
  }

  /** Adds a value, `count` times, to the distribution of a cell. */
  addToSketch(slot: number, scale: number, value: number, count = 1): void {
    const sketch = this.#sketchAt(slot, scale);
    const before = sketch.sizeBytes;
    sketch.add(value, count);
    this.#sizeBytes += sketch.sizeBytes - before;
  }

  /** Merges into the distribution of a cell. */
  mergeSketch(slot: number, scale: number, other: Sketch): void {
    const sketch = this.#sketchAt(slot, scale);
    const before = sketch.sizeBytes;
    sketch.merge(other);
    this.#sizeBytes += sketch.sizeBytes - before;
  }

  /** The distribution of a cell; a new one begins at `scale`. */
  #sketchAt(slot: number, scale: number): Sketch {
    const chunk = this.#chunk(slot);
    if (chunk.sketches === undefined) {
      chunk.sketches = Array.from<undefined>({ length: chunkSlots });
      this.#sizeBytes += chunkSlots * 8;
    }
    let sketch = chunk.sketches[slot & slotMask];
    if (sketch === undefined) {
      chunk.sketches[slot & slotMask] = sketch = new Sketch(scale);
      this.#sizeBytes += sketch.sizeBytes;
    }
    return sketch;
  }

  setExemplar(slot: number, exemplar: Exemplar): void {
    const exemplars = (this.#chunk(slot).exemplars ??= []);
    if (exemplars[slot & slotMask] === undefined) this.#exemplarCount++;
    exemplars[slot & slotMask] = exemplar;
  }

  /** Adds one chunk of another one's cells to these. */
  mergeChunk(other: Cells, index: number, scale: number): void {
    const chunk = other.#chunks[index];
    if (chunk === undefined) return;
    const { values, sketches, exemplars } = chunk;
    for (let at = 0, slot = index << chunkShift; at < values.length; at += cellSize, slot++) {
      if (values[at] === 0) continue;
      this.add(slot, values[at]!, values[at + 1]!, values[at + 2]!, values[at + 3]!, values[at + 4]!);
      const sketch = sketches?.[slot & slotMask];
      if (sketch !== undefined) this.mergeSketch(slot, scale, sketch);
      const exemplar = exemplars?.[slot & slotMask];
      if (exemplar !== undefined && !(exemplar.value < (this.exemplar(slot)?.value ?? -Infinity))) this.setExemplar(slot, exemplar);
    }
  }

  /** Gives the exemplars up. */
  dropExemplars(): void {
    for (const chunk of this.#chunks) if (chunk !== undefined) chunk.exemplars = undefined;
    this.#exemplarCount = 0;
  }

  /** Makes every distribution as coarse as `scale`. */
  coarsen(scale: number): void {
    for (const chunk of this.#chunks) {
      for (const sketch of chunk?.sketches ?? []) {
        if (sketch === undefined) continue;
        const before = sketch.sizeBytes;
        sketch.coarsen(scale);
        this.#sizeBytes += sketch.sizeBytes - before;
      }
    }
  }
}
