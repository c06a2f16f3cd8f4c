const { cos, exp, floor, imul, log, max, PI, round, sqrt } = Math;

/**
 * A source of random numbers that repeats for the same words: a 32-bit generator (sfc32, of Chris Doty-Humphrey's PractRand) seeded by a hash.
 * Sources of different words are independent, so that any minute of a simulation can be made without those before it.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(...words: readonly (string | number)[]) {
    const seeds = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35];
    for (const word of words.join('\0')) {
      const code = word.codePointAt(0)!;
      for (let i = 0; i < 3; i++) seeds[i] = mix(seeds[i]! ^ imul(code + i, 0x2c1b3c6d));
    }
    [this.#a, this.#b, this.#c] = seeds as [number, number, number];
    for (let i = 0; i < 12; i++) this.next();
  }

  /** From 0 to below 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  /** From `low` to below `high`. */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of a list, each with its weight. */
  pick<T>(list: readonly T[], weight: (item: T, index: number) => number = () => 1): T {
    let total = 0;
    for (const [index, item] of list.entries()) total += weight(item, index);
    let left = this.next() * total;
    for (const [index, item] of list.entries()) {
      left -= weight(item, index);
      if (left < 0) return item;
    }
    return list.at(-1)!;
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    return sqrt(-2 * log(1 - this.next())) * cos(2 * PI * this.next());
  }

  /** Lognormal with this median; `spread` is the standard deviation of the logarithm. */
  lognormal(median: number, spread: number): number {
    return median * exp(spread * this.normal());
  }

  /** How many of something that happens `mean` times on average. */
  poisson(mean: number): number {
    if (mean > 50) return max(0, round(mean + sqrt(mean) * this.normal()));
    const limit = exp(-mean);
    let count = 0;
    for (let product = this.next(); product > limit; product *= this.next()) count++;
    return count;
  }

  /** So many hexadecimal digits. */
  hex(digits: number): string {
    let text = '';
    while (text.length < digits)
      text += floor(this.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return text.slice(0, digits);
  }
}

function mix(word: number): number {
  let mixed = imul(word ^ (word >>> 16), 0x21f0aaad);
  mixed = imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
