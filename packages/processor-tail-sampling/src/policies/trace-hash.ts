const maxHash = 2n ** 64n - 1n;
const low32 = 2 ** 32;
/** 64-bit FNV: the prime is 2^40 + 0x1b3. */
const primeLow = 0x1b3;
const basisHigh = 0xcbf2_9ce4;
const basisLow = 0x8422_2325;

/** Whether the 64-bit FNV-1a hash of a salt and a trace id is within a share of all hashes, as the Collector computes both. */
export class TraceHash {
  readonly #saltHigh: number;
  readonly #saltLow: number;
  readonly #limitHigh: number;
  readonly #limitLow: number;
  #high = 0;
  #low = 0;

  /** `ratio`: 0 to 1; below counts as 0, above as 1. */
  constructor(salt: string, ratio: number) {
    this.#high = basisHigh;
    this.#low = basisLow;
    this.#add(Buffer.from(salt));
    this.#saltHigh = this.#high;
    this.#saltLow = this.#low;
    const limit = shareOf(ratio);
    this.#limitHigh = Number(limit >> 32n);
    this.#limitLow = Number(limit & 0xffff_ffffn);
  }

  /** `id`: the 16 bytes as words. */
  isWithin(id: Int32Array): boolean {
    this.#high = this.#saltHigh;
    this.#low = this.#saltLow;
    this.#add(new Uint8Array(id.buffer, id.byteOffset, 16));
    return this.#high < this.#limitHigh || (this.#high === this.#limitHigh && this.#low <= this.#limitLow);
  }

  #add(bytes: Uint8Array): void {
    let high = this.#high;
    let low = this.#low;
    for (let i = 0; i < bytes.length; i++) {
      low = (low ^ bytes[i]) >>> 0;
      const product = low * primeLow;
      high = (Math.imul(high, primeLow) + Math.floor(product / low32) + (low << 8)) >>> 0;
      low = product >>> 0;
    }
    this.#high = high;
    this.#low = low;
  }
}

/** A share of all 64-bit numbers. */
function shareOf(ratio: number): bigint {
  if (!(ratio > 0)) return 0n;
  if (ratio >= 1) return maxHash;
  // Exact down to 2^-106: the bits of the ratio in two steps.
  const steps = ratio * 2 ** 53;
  const whole = BigInt(Math.floor(steps));
  const rest = BigInt(Math.floor((steps % 1) * 2 ** 53));
  return (maxHash * ((whole << 53n) + rest)) >> 106n;
}
