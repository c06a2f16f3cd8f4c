/** Buckets in an octave at the finest scale: 2^6. */
const finest = 6;
const perOctave = 1 << finest;
/** Over this many buckets of one sign the scale is halved: 40 octaves, 12 decades, at the finest. */
const maxBuckets = 2560;
const minBuckets = 8;
/** About what the objects of a sketch take beside its counts. */
const overheadBytes = 160;

/** Lower bound of the significand of each bucket in an octave, and 2 at the end. */
const bounds = Float64Array.from({ length: perOctave + 1 }, (_, i) => 2 ** (i / perOctave));
/** By the first 8 bits of a significand: a bucket that is not above its own. */
const guesses = Uint8Array.from({ length: 256 }, (_, i) => Math.floor(Math.log2(1 + i / 256) * perOctave * (1 - 1e-12)));

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** The bucket (base^i, base^(i+1)] of a positive value at the finest scale, where base is 2^(1/64). Exact at the bounds. */
function indexOf(value: number): number {
  double[0] = value;
  let high = halves[1];
  if (high < 0x0010_0000) {
    // Subnormal numbers: all below the smallest normal one are in its bucket.
    high = 0x0010_0000;
    halves[0] = 0;
  }
  const octave = (high >>> 20) - 1023;
  halves[1] = (high & 0x000f_ffff) | 0x3ff0_0000;
  const significand = double[0];
  let bucket = guesses[(high >>> 12) & 0xff];
  while (significand > bounds[bucket + 1]) bucket++;
  if (significand === 1) bucket = -1;
  return octave * perOctave + bucket;
}

/** The counts of one sign: of the buckets `offset`, `offset + 1` and so on. */
export class SketchBuckets {
  offset = 0;
  /** Buckets from `offset` on. */
  size = 0;
  /** Counts; 32-bit integers until one does not fit. */
  counts: Uint32Array | Float64Array = none;
  #head = 0;

  /** The count of bucket `offset + i`. */
  at(i: number): number {
    return this.counts[this.#head + i];
  }

  /** The count of a bucket; 0 outside of the range. */
  get(index: number): number {
    return index < this.offset || index >= this.offset + this.size ? 0 : this.at(index - this.offset);
  }

  get sizeBytes(): number {
    return this.counts.byteLength;
  }

  /** Forgets all counts. */
  clear(): void {
    this.counts.fill(0);
    this.size = 0;
  }

  /** Takes the buckets below an index out and returns what they counted. */
  takeBelow(index: number): number {
    const taken = Math.min(this.size, Math.max(0, index - this.offset));
    let count = 0;
    for (let i = 0; i < taken; i++) {
      count += this.at(i);
      this.counts[this.#head + i] = 0;
    }
    this.#head += taken;
    this.offset += taken;
    this.size -= taken;
    return count;
  }

  /** Adds to a bucket; false, and nothing done, when the range would be too wide. */
  add(index: number, count: number): boolean {
    if (this.size === 0) {
      this.offset = index;
      if (this.counts.length === 0) this.counts = new Uint32Array(minBuckets);
      this.#head = this.counts.length >> 1;
      this.size = 1;
    } else if (index < this.offset || index >= this.offset + this.size) {
      const low = Math.min(index, this.offset);
      const size = Math.max(index + 1, this.offset + this.size) - low;
      if (size > maxBuckets) return false;
      this.#reach(low, size);
    }
    const i = this.#head + index - this.offset;
    const sum = this.counts[i] + count;
    if (sum > 0xffff_ffff && this.counts instanceof Uint32Array) this.counts = Float64Array.from(this.counts);
    this.counts[i] = sum;
    return true;
  }

  /** Makes the range `[low, low + size)`, which contains the present one. */
  #reach(low: number, size: number): void {
    const before = this.offset - low;
    let head = this.#head - before;
    if (head < 0 || head + size > this.counts.length) {
      const length = Math.min(maxBuckets, Math.max(minBuckets, size + (size >> 1)));
      const grown = this.counts instanceof Uint32Array ? new Uint32Array(length) : new Float64Array(length);
      // The room is left on the side that it grew towards.
      head = before > 0 ? length - size : 0;
      grown.set(this.counts.subarray(this.#head, this.#head + this.size), head + before);
      this.counts = grown;
    }
    this.#head = head;
    this.offset = low;
    this.size = size;
  }

  /** What is counted, as plain data. */
  get state(): BucketsState {
    return { offset: this.offset, counts: this.counts.slice(this.#head, this.#head + this.size) };
  }

  /** Becomes what `state` was. */
  restore({ offset, counts }: BucketsState): void {
    this.clear();
    for (let i = 0; i < counts.length; i++) if (counts[i] > 0 || i === 0 || i === counts.length - 1) this.add(offset + i, counts[i]);
  }

  /** Joins every 2^shift buckets into one. */
  coarsen(shift: number): void {
    if (this.size === 0) return;
    const { offset, size } = this;
    const old = Float64Array.from(this.counts.subarray(this.#head, this.#head + size));
    const low = offset >> shift;
    const joined = ((offset + size - 1) >> shift) - low + 1;
    const wide = this.counts instanceof Float64Array;
    this.counts = wide ? new Float64Array(Math.max(minBuckets, joined)) : new Uint32Array(Math.max(minBuckets, joined));
    this.#head = 0;
    this.offset = low;
    this.size = joined;
    for (let i = 0; i < size; i++) if (old[i] > 0) this.add((offset + i) >> shift, old[i]);
  }
}

const none = new Uint32Array(0);

/** The counts of one sign as plain data. */
export interface BucketsState {
  readonly offset: number;
  readonly counts: Uint32Array | Float64Array;
}

/** A sketch as plain data, to be kept. */
export interface SketchState {
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: BucketsState;
  readonly negative: BucketsState;
}

/**
 * A distribution of which quantiles can be asked: a DDSketch whose buckets are those of an OTLP exponential histogram, so that it becomes one,
 * and takes one in, without loss. A quantile's value is wrong by at most `relativeError`: 0.55 % at scale 6, which spans 12 decades of values of one sign; a wider
 * spread halves the scale (1.1 % over 24 decades, and so on). Merging two sketches gives that of all their values. Counts are whole numbers below 2^53.
 */
export class Sketch {
  /** Buckets are powers of 2^(2^-scale): 6 at most. */
  scale: number = finest;
  zeroCount = 0;
  /** Values up to this one, in size, count as zero. */
  zeroThreshold = 0;
  readonly positive: SketchBuckets = new SketchBuckets();
  readonly negative: SketchBuckets = new SketchBuckets();

  /** `maxScale`: where it begins, 6 or less. */
  constructor(maxScale: number = finest) {
    this.scale = Math.min(maxScale, finest);
  }

  /** The largest relative error of `quantile`, from the scale. */
  get relativeError(): number {
    const base = 2 ** (2 ** -this.scale);
    return (base - 1) / (base + 1);
  }

  get sizeBytes(): number {
    return overheadBytes + this.positive.sizeBytes + this.negative.sizeBytes;
  }

  /** Adds a finite value, `count` times. */
  add(value: number, count = 1): void {
    if (value > this.zeroThreshold) this.addBucket(indexOf(value), finest, count, false);
    else if (value < -this.zeroThreshold) this.addBucket(indexOf(-value), finest, count, true);
    else this.zeroCount += count;
  }

  /** Adds `count` values of the bucket `index` of an exponential histogram of some scale. A coarser scale than this one's makes this one as coarse. */
  addBucket(index: number, scale: number, count: number, isNegative: boolean): void {
    if (count === 0) return;
    if (scale < this.scale) this.coarsen(scale);
    const buckets = isNegative ? this.negative : this.positive;
    while (!buckets.add(shifted(index, scale - this.scale), count)) this.coarsen(this.scale - 1);
  }

  /** Adds everything that another sketch has seen. */
  merge(other: Sketch): void {
    this.addZeros(other.zeroCount, other.zeroThreshold);
    for (const isNegative of [false, true]) {
      const from = isNegative ? other.negative : other.positive;
      const last = from.size - 1;
      // The ends first, so that the range grows once.
      for (let step = 0; step <= last; step++) {
        const i = step === 0 ? 0 : step === 1 ? last : step - 1;
        this.addBucket(from.offset + i, other.scale, from.at(i), isNegative);
      }
    }
  }

  /** Adds `count` values whose size is at most `threshold`; what lies below it already becomes zero, too. */
  addZeros(count: number, threshold = 0): void {
    this.zeroCount += count;
    if (!(threshold > this.zeroThreshold)) return;
    this.zeroThreshold = threshold;
    const below = (indexOf(threshold) + 1) >> (finest - this.scale);
    this.zeroCount += this.positive.takeBelow(below) + this.negative.takeBelow(below);
  }

  /** Forgets everything and is as fine as in the beginning. */
  clear(): void {
    this.positive.clear();
    this.negative.clear();
    this.zeroCount = this.zeroThreshold = 0;
    this.scale = finest;
  }

  /** Halves the resolution until the scale is this one; a larger scale changes nothing. */
  coarsen(scale: number): void {
    if (scale >= this.scale) return;
    const shift = this.scale - scale;
    this.scale = scale;
    this.positive.coarsen(shift);
    this.negative.coarsen(shift);
  }

  /** The whole sketch as plain data. */
  get state(): SketchState {
    const { scale, zeroCount, zeroThreshold, positive, negative } = this;
    return { scale, zeroCount, zeroThreshold, positive: positive.state, negative: negative.state };
  }

  /** The sketch that `state` was taken of. */
  static from(state: SketchState): Sketch {
    const sketch = new Sketch(state.scale);
    sketch.zeroCount = state.zeroCount;
    sketch.zeroThreshold = state.zeroThreshold;
    sketch.positive.restore(state.positive);
    sketch.negative.restore(state.negative);
    return sketch;
  }

  /** Values seen. */
  get count(): number {
    let count = this.zeroCount;
    for (const buckets of [this.positive, this.negative]) for (let i = 0; i < buckets.size; i++) count += buckets.at(i);
    return count;
  }

  /** The value below which the share `q` (0 to 1) of all values lies; NaN when there is none. */
  quantile(q: number): number {
    const { negative, positive } = this;
    const count = this.count;
    if (count === 0) return NaN;
    let left = q * (count - 1);
    for (let i = negative.size - 1; i >= 0; i--) if ((left -= negative.at(i)) < 0) return -this.#valueOf(negative.offset + i);
    if ((left -= this.zeroCount) < 0) return 0;
    for (let i = 0; i < positive.size; i++) if ((left -= positive.at(i)) < 0) return this.#valueOf(positive.offset + i);
    return positive.size > 0 ? this.#valueOf(positive.offset + positive.size - 1) : 0;
  }

  /** The value of a bucket whose relative distance to both of its bounds is the same. */
  #valueOf(index: number): number {
    const width = 2 ** -this.scale;
    const lower = 2 ** (index * width);
    const upper = 2 ** ((index + 1) * width);
    const middle = 2 / (1 / lower + 1 / upper);
    return Number.isFinite(middle) ? middle : lower;
  }
}

/** The bucket that a bucket of a scale that is larger by `shift` lies in. */
function shifted(index: number, shift: number): number {
  return shift > 31 ? (index < 0 ? -1 : 0) : index >> shift;
}
