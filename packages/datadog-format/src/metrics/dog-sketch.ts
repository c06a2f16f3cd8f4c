const gamma = 1 + 2 / 128;
const lnGamma = Math.log1p(2 / 128);
const lowestValue = 1e-9;
const maxBins = 4096;
const maxBinCount = 65_535;
const infiniteKey = 32_767;

const bias = 1 - Math.floor(Math.log(lowestValue) / lnGamma);
const smallest = power(1 - bias);

/** The base of the sketch and the shift of its keys. */
export const sketchMapping: { readonly gamma: number; readonly bias: number } = { gamma, bias };

/**
 * A distribution as the Datadog Agent sends it (pkg/util/quantile): counts by logarithmic keys, with exact totals beside them. Counts of one
 * key beyond 268 million are cut.
 */
export class DogSketch {
  count = 0;
  sum = 0;
  min = 0;
  max = 0;
  average = 0;
  readonly #counts = new Map<number, number>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** Counts values of a key without a change of the totals. */
  addKey(key: number, count: number): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  /** Spreads a count over the keys between two values. Throws a `RangeError` when the lower one is above the other or one is no number. */
  addBetween(lower: number, upper: number, count: number): void {
    let key = keyOf(lower);
    const lastKey = keyOf(upper);
    if (!(key <= lastKey)) throw new RangeError('explicit bucket histogram: non-monotonic boundaries');
    const distance = upper - lower;
    let left = count;
    let low = lowOf(key);
    let remainder = 0;
    for (let next = key + 1; next <= lastKey && left > 0; next++) {
      const high = lowOf(next);
      const share = ((high - low) / distance) * count;
      let part = Math.trunc(share);
      if (share > 1) remainder += share - part;
      if (remainder > 1) {
        part++;
        remainder--;
      }
      if (part <= 0) continue;
      part = Math.min(part, left);
      this.#add(key, low, part);
      left -= part;
      key = next;
      low = high;
    }
    if (left > 0) this.#add(key, low, left);
  }

  /** Keys and their counts, none above 65,535: a key with more is repeated. The lowest of more than 4096 keys are one. */
  bins(): { readonly keys: number[]; readonly counts: number[] } {
    const sorted = [...this.#counts.keys()].sort((a, b) => a - b);
    const surplus = Math.max(0, sorted.length - maxBins);
    let carried = 0;
    for (const key of sorted.splice(0, surplus)) carried += this.#counts.get(key)!;
    const keys: number[] = [];
    const counts: number[] = [];
    for (const key of sorted) {
      const total = this.#counts.get(key)! + carried;
      carried = 0;
      const rest = total % maxBinCount;
      if (rest > 0) {
        keys.push(key);
        counts.push(rest);
      }
      for (let full = Math.min(maxBins, Math.floor(total / maxBinCount)); full > 0; full--) {
        keys.push(key);
        counts.push(maxBinCount);
      }
    }
    return { keys, counts };
  }

  #add(key: number, value: number, count: number): void {
    this.addKey(key, count);
    const isFirst = this.count === 0;
    if (isFirst || value < this.min) this.min = value;
    if (isFirst || value > this.max) this.max = value;
    this.count += count;
    this.sum += count * value;
    this.average = isFirst ? value : this.average + ((value - this.average) * count) / this.count;
  }
}

function keyOf(value: number): number {
  if (value < 0) return -keyOf(-value);
  if (value < smallest) return 0;
  // Infinity has the lowest key, as in the agent on amd64.
  if (value === Infinity) return 1;
  const key = roundHalfEven(Math.log(value) / lnGamma) + bias;
  return key >= infiniteKey ? infiniteKey : Math.max(key, 1);
}

function lowOf(key: number): number {
  if (key < 0) return -lowOf(-key);
  if (key === 0) return 0;
  return key === infiniteKey ? Infinity : power(key - bias);
}

/** gamma to a whole number by repeated squaring, whose rounding is the agent's. */
function power(exponent: number): number {
  let result = 1;
  let square = gamma;
  for (let rest = Math.abs(exponent); rest > 0; rest >>= 1) {
    if ((rest & 1) === 1) result *= square;
    square *= square;
  }
  return exponent < 0 ? 1 / result : result;
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
