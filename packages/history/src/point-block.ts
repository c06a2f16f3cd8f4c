/** Marks the number of a series whose sample is a histogram. */
const histogramMark = 0x8000_0000;

/** Bytes of a point besides its histogram. */
const pointBytes = 20;
const headerBytes = 8;

/**
 * Points of any series in the order in which they came, as one piece of memory that is handed from thread to thread and stored as it is: their
 * times and values, the numbers of their series, their histograms one after the other.
 */
export class PointBlock {
  readonly size: number;
  readonly times: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  /** By point: the number of its series, perhaps marked as a histogram. */
  readonly series: Uint32Array<ArrayBuffer>;
  readonly #histograms: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;

  /** Over the bytes of a block. Throws when they are damaged. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
    const { buffer, byteOffset } = aligned;
    const size = new DataView(buffer, byteOffset).getUint32(0, true);
    const histogramsAt = headerBytes + size * pointBytes;
    if (aligned.length < histogramsAt) throw new RangeError('a block of points ends too soon');
    this.size = size;
    this.times = new Float64Array(buffer, byteOffset + headerBytes, size);
    this.values = new Float64Array(buffer, byteOffset + headerBytes + size * 8, size);
    this.series = new Uint32Array(buffer, byteOffset + headerBytes + size * 16, size);
    this.#histograms = aligned.subarray(histogramsAt);
    this.#words = new Uint32Array(buffer, byteOffset + headerBytes + size * 8, size * 2);
  }

  seriesOf(point: number): number {
    return (this.series[point]! & ~histogramMark) >>> 0;
  }

  /** Gives a point to another series. */
  renumber(point: number, series: number): void {
    this.series[point] = ((this.series[point]! & histogramMark) | series) >>> 0;
  }

  /** The histogram of a point; undefined when it is a number. */
  histogram(point: number): Uint8Array | undefined {
    if ((this.series[point]! & histogramMark) === 0) return undefined;
    const at = this.#words[point * 2]!;
    return this.#histograms.subarray(at, at + this.#words[point * 2 + 1]!);
  }
}

/** Collects points for a block. */
export class PointBlockBuilder {
  #times = new Float64Array(1024);
  #values = new Float64Array(1024);
  #words = new Uint32Array(this.#values.buffer);
  #series = new Uint32Array(1024);
  #histograms: Uint8Array[] = [];
  #histogramBytes = 0;
  size = 0;

  /** A number; the time is rounded down to whole milliseconds. */
  add(series: number, timeMs: number, value: number): void {
    if (this.size === this.#times.length) this.#grow();
    const at = this.size++;
    this.#times[at] = Math.floor(timeMs);
    this.#values[at] = value;
    this.#series[at] = series;
  }

  /** The marker that a series ended. */
  addStale(series: number, timeMs: number): void {
    this.add(series, timeMs, 0);
    this.#words[this.size * 2 - 2] = 2;
    this.#words[this.size * 2 - 1] = 0x7ff0_0000;
  }

  /** A number as its words, with all its bits. */
  addWords(series: number, timeMs: number, words: Uint32Array, index: number): void {
    this.add(series, timeMs, 0);
    this.#words[this.size * 2 - 2] = words[index * 2]!;
    this.#words[this.size * 2 - 1] = words[index * 2 + 1]!;
  }

  /** A histogram, as `histogramBytes` made it. */
  addHistogram(series: number, timeMs: number, histogram: Uint8Array): void {
    this.add((series | histogramMark) >>> 0, timeMs, 0);
    this.#words[this.size * 2 - 2] = this.#histogramBytes;
    this.#words[this.size * 2 - 1] = histogram.length;
    this.#histograms.push(histogram);
    this.#histogramBytes += histogram.length;
  }

  /** The block of what was added, and begins the next one. */
  take(): Uint8Array<ArrayBuffer> {
    const { size } = this;
    const bytes = new Uint8Array(headerBytes + size * pointBytes + this.#histogramBytes);
    const { buffer } = bytes;
    new DataView(buffer).setUint32(0, size, true);
    new Float64Array(buffer, headerBytes, size).set(this.#times.subarray(0, size));
    new Uint32Array(buffer, headerBytes + size * 8, size * 2).set(this.#words.subarray(0, size * 2));
    new Uint32Array(buffer, headerBytes + size * 16, size).set(this.#series.subarray(0, size));
    let at = headerBytes + size * pointBytes;
    for (const histogram of this.#histograms) {
      bytes.set(histogram, at);
      at += histogram.length;
    }
    this.size = 0;
    this.#histograms = [];
    this.#histogramBytes = 0;
    return bytes;
  }

  #grow(): void {
    const size = this.#times.length * 2;
    const times = new Float64Array(size);
    times.set(this.#times);
    const values = new Float64Array(size);
    const words = new Uint32Array(values.buffer);
    words.set(this.#words);
    const series = new Uint32Array(size);
    series.set(this.#series);
    [this.#times, this.#values, this.#words, this.#series] = [times, values, words, series];
  }
}
