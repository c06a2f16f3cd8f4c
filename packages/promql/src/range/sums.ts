/** A sum with the rounding error of each addition carried along. */
export class CompensatedSum {
  #sum = 0;
  #error = 0;

  add(value: number): void {
    const before = this.#sum;
    const sum = before + value;
    if (!Number.isFinite(sum)) this.#error = 0;
    else this.#error += Math.abs(before) >= Math.abs(value) ? before - sum + value : value - sum + before;
    this.#sum = sum;
  }

  get value(): number {
    return Number.isFinite(this.#sum) ? this.#sum + this.#error : this.#sum;
  }

  reset(): void {
    this.#sum = 0;
    this.#error = 0;
  }
}

/** The sum of a stretch of numbers, added one by one. */
export function sumOf(values: Float64Array, from: number, to: number): number {
  const sum = new CompensatedSum();
  for (let i = from; i < to; i++) sum.add(values[i]!);
  return sum.value;
}

/** The mean of a stretch of numbers, also where their sum would be too large for a number. */
export function meanOf(values: Float64Array, from: number, to: number): number {
  const count = to - from;
  const sum = sumOf(values, from, to);
  if (Number.isFinite(sum)) return sum / count;
  let mean = values[from]!;
  for (let i = from + 1; i < to; i++) {
    const done = i - from;
    const kept = (done / (done + 1)) * mean;
    mean = kept + values[i]! / (done + 1);
  }
  return mean;
}

/** Sums of any stretch in constant time: what was summed before each number, to twice the digits of a number, so that differences are exact enough. */
export class PrefixSums {
  readonly #values: Float64Array;
  readonly #sums: Float64Array;
  readonly #errors: Float64Array;
  /** How many numbers before each are not finite. */
  readonly #odd: Uint32Array;

  constructor(values: Float64Array) {
    const { length } = values;
    this.#values = values;
    this.#sums = new Float64Array(length + 1);
    this.#errors = new Float64Array(length + 1);
    this.#odd = new Uint32Array(length + 1);
    let [sum, error, odd] = [0, 0, 0];
    for (let i = 0; i < length; i++) {
      const value = values[i]!;
      if (Number.isFinite(value)) {
        const next = sum + value;
        const added = next - sum;
        error += sum - (next - added) + (value - added);
        sum = next;
      } else odd++;
      this.#sums[i + 1] = sum;
      this.#errors[i + 1] = error;
      this.#odd[i + 1] = odd;
    }
  }

  /** Whether a stretch is all numbers that a sum of them can be taken of here. */
  isFinite(from: number, to: number): boolean {
    return this.#odd[to] === this.#odd[from] && Number.isFinite(this.#sums[to]!) && Number.isFinite(this.#errors[to]!);
  }

  sum(from: number, to: number): number {
    if (!this.isFinite(from, to)) return sumOf(this.#values, from, to);
    return this.#sums[to]! - this.#sums[from]! + (this.#errors[to]! - this.#errors[from]!);
  }
}
