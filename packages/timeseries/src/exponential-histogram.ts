/** Where every histogram begins, and the finest scale whose indexes are 32-bit integers. */
const finestScale = 20;
const defaultMaxSize = 160;
const smallestMaxSize = 2;
const largestMaxSize = 16_384;
const smallestNormal = 2 ** -1022;
/** About what the object takes beside its counts. */
const overheadBytes = 160;

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** The bucket (base^i, base^(i+1)] of a positive value, where base is 2^(2^-scale). */
function indexOf(value: number, scale: number): number {
  double[0] = value;
  const exponent = (halves[1] >>> 20) - 1023;
  const isPower = (halves[1] & 0x000f_ffff) === 0 && halves[0] === 0;
  if (scale <= 0) {
    if (value < smallestNormal) return (-1022 >> -scale) - (scale > -2 ? 1 : 0);
    return (exponent - (isPower ? 1 : 0)) >> -scale;
  }
  const perOctave = 2 ** scale;
  if (value <= smallestNormal) return -1022 * perOctave - 1;
  if (isPower) return exponent * perOctave - 1;
  return Math.min(Math.floor(Math.log(value) * (Math.LOG2E * perOctave)), 1024 * perOctave - 1);
}

/**
 * The state of an OTLP exponential histogram of values that are not negative. It begins at scale 20 and halves its resolution whenever its values
 * need more than `maxSize` buckets, as the Collector's connectors do. Counts are whole numbers below 2^53.
 */
export class ExponentialHistogram {
  count = 0;
  sum = 0;
  min = 0;
  max = 0;
  zeroCount = 0;
  /** Index of the first bucket. */
  offset = 0;
  /** Buckets from `offset` on; the counts of these are the first in `counts`. */
  size = 0;
  counts: Float64Array = new Float64Array(4);
  #scale = finestScale;
  readonly #maxSize: number;

  /** `maxSize`: 2 to 16384 buckets; what is beyond becomes the nearest, and 0 and less the default of 160. */
  constructor(maxSize: number = defaultMaxSize) {
    this.#maxSize = maxSize <= 0 ? defaultMaxSize : Math.min(largestMaxSize, Math.max(smallestMaxSize, maxSize));
  }

  /** The resolution, 0 while there are only zeros. */
  get scale(): number {
    return this.count === this.zeroCount ? 0 : this.#scale;
  }

  get sizeBytes(): number {
    return overheadBytes + this.counts.byteLength;
  }

  /** Adds a finite value, 0 or more, `count` times. */
  add(value: number, count = 1): void {
    if (this.count === 0) this.min = this.max = value;
    else if (value < this.min) this.min = value;
    else if (value > this.max) this.max = value;
    this.count += count;
    if (value === 0) {
      this.zeroCount += count;
      return;
    }
    this.sum += value * count;
    let index = indexOf(value, this.#scale);
    let low = this.size === 0 ? index : Math.min(index, this.offset);
    let high = this.size === 0 ? index : Math.max(index, this.offset + this.size - 1);
    if (high - low >= this.#maxSize) {
      let change = 0;
      for (; high - low >= this.#maxSize; change++) {
        low >>= 1;
        high >>= 1;
      }
      this.#coarsen(change);
      index = indexOf(value, this.#scale);
      low = Math.min(index, this.offset);
      high = Math.max(index, this.offset + this.size - 1);
    }
    if (this.size !== high - low + 1) this.#reach(low, high);
    this.counts[index - this.offset] += count;
  }

  /** Makes the range `[low, high]`, which contains the present one. */
  #reach(low: number, high: number): void {
    const size = high - low + 1;
    const shift = this.size === 0 ? 0 : this.offset - low;
    const old = this.counts;
    if (size > old.length) this.counts = new Float64Array(Math.min(this.#maxSize, Math.max(size, old.length * 2)));
    if (shift > 0 || this.counts !== old) {
      const kept = old.slice(0, this.size);
      this.counts.fill(0);
      this.counts.set(kept, shift);
    }
    this.offset = low;
    this.size = size;
  }

  /** Joins every 2^change buckets into one. */
  #coarsen(change: number): void {
    this.#scale -= change;
    const { counts, offset, size } = this;
    const low = offset >> change;
    this.offset = low;
    this.size = ((offset + size - 1) >> change) - low + 1;
    for (let i = 0; i < size; i++) {
      const to = ((offset + i) >> change) - low;
      if (to === i) continue;
      counts[to] += counts[i];
      counts[i] = 0;
    }
  }
}
