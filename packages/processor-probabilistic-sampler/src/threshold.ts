const halfDigits = 7;
const half = 2 ** 28;
const digits = 2 * halfDigits;
const maxCount = 2 ** 56;

/** The smallest probability that a threshold can express. */
export const minProbability: number = 1 / maxCount;

/** 56 random bits in two halves of 28. Mutable, so that one serves for all items. */
export interface Randomness {
  high: number;
  low: number;
}

/** Parses 14 hexadecimal digits (an `rv` value) into `into`; false when the text is something else. */
export function parseRandomness(text: string, into: Randomness): boolean {
  if (text.length !== digits || !isHex(text)) return false;
  into.high = Number.parseInt(text.slice(0, halfDigits), 16);
  into.low = Number.parseInt(text.slice(halfDigits), 16);
  return true;
}

/** The 14 hexadecimal digits of an `rv` value. */
export function randomnessText({ high, low }: Readonly<Randomness>): string {
  return (high + half).toString(16).slice(1) + (low + half).toString(16).slice(1);
}

/**
 * How many of 2^56 random values are rejected, as the OpenTelemetry specification of tracestate has it (`th`): an item is kept when its
 * randomness is not below the threshold.
 */
export class Threshold {
  readonly high: number;
  readonly low: number;
  /** The `th` value: hexadecimal without trailing zeros, `0` for everything, '' for nothing. */
  readonly text: string;

  private constructor(high: number, low: number) {
    this.high = high;
    this.low = low;
    if (high === half) this.text = '';
    else this.text = randomnessText(this).replace(/0+$/, '') || '0';
  }

  static readonly always: Threshold = new Threshold(0, 0);
  static readonly never: Threshold = new Threshold(half, 0);

  /** The threshold of a `th` value, or what is wrong with the text. */
  static parse(text: string): Threshold | string {
    if (text.length > digits) return 't-value exceeds 14 hex digits';
    if (text === '') return 't-value is empty';
    if (!isHex(text)) return `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    const padded = text.padEnd(digits, '0');
    return new Threshold(Number.parseInt(padded.slice(0, halfDigits), 16), Number.parseInt(padded.slice(halfDigits), 16));
  }

  /** The threshold that rejects the first `count` of 2^14 equal parts. */
  static ofBuckets(count: number): Threshold {
    return new Threshold(count * 2 ** 14, 0);
  }

  /**
   * The threshold of a probability in `precision` hexadecimal digits, not counting the leading `0`s or `f`s that a probability near 1 or 0
   * has; undefined when the probability is not between 2^-56 and 1.
   */
  static ofProbability(probability: number, precision: number): Threshold | undefined {
    if (!(probability >= minProbability && probability <= 1)) return undefined;
    if (probability === 1) return Threshold.always;
    const added = Math.max(leadingDigits(probability), leadingDigits(1 - probability));
    let threshold = BigInt(maxCount) - BigInt(Math.round(probability * maxCount));
    const shift = BigInt(4 * (digits - Math.min(digits, precision + added)));
    if (shift > 0n) threshold = ((threshold + (1n << (shift - 1n))) >> shift) << shift;
    return new Threshold(Number(threshold >> 28n), Number(threshold & BigInt(half - 1)));
  }

  /** The share of items that are kept. */
  get probability(): number {
    return Number(BigInt(maxCount) - ((BigInt(this.high) << 28n) | BigInt(this.low))) / maxCount;
  }

  keeps({ high, low }: Readonly<Randomness>): boolean {
    return this.high < high || (this.high === high && this.low <= low);
  }

  isBelow(other: Threshold): boolean {
    return this.high < other.high || (this.high === other.high && this.low < other.low);
  }
}

/** Zero digits behind the point of a hexadecimal fraction. */
function leadingDigits(fraction: number): number {
  let count = 0;
  for (let rest = fraction * 16; rest < 1 && count < digits; rest *= 16) count++;
  return count;
}

function isHex(text: string): boolean {
  return /^[0-9a-fA-F]+$/.test(text);
}
