import { ProtoWriter } from '../proto-writer.ts';

/** Relative accuracy 1 %. */
const gamma = 1.01 / 0.99;
const multiplier = 1 / Math.log(gamma);
const maxBins = 2048;
/** Smaller values count as zero. */
const minIndexable = 2.2250738585072014e-308 * gamma;

/** A DDSketch of durations, logarithmic with 1 % accuracy; the lowest of more than 2048 bins are one (github.com/DataDog/sketches-go). */
export class DurationSketch {
  readonly #counts = new Map<number, number>();
  #zeroes = 0;

  /** Adds a duration in nanoseconds, rounded to nine significant bits as the agent does. */
  add(durationNanos: bigint): void {
    const value = rounded(Number(durationNanos));
    if (value <= minIndexable) this.#zeroes++;
    else {
      const index = Math.floor(Math.log(value) * multiplier);
      this.#counts.set(index, (this.#counts.get(index) ?? 0) + 1);
    }
  }

  /** Encodes it as `DDSketch` (sketches-go, ddsketch.proto). */
  encode(): Buffer {
    const writer = new ProtoWriter(256);
    const mapping = writer.begin(1);
    writer.double(1, gamma);
    writer.end(mapping);
    const positive = writer.begin(2);
    if (this.#counts.size > 0) {
      const indexes = [...this.#counts.keys()];
      const highest = Math.max(...indexes);
      const lowest = Math.max(Math.min(...indexes), highest - maxBins + 1);
      const bins = new Float64Array(highest - lowest + 1);
      for (const [index, count] of this.#counts) bins[Math.max(index, lowest) - lowest]! += count;
      writer.packedDouble(2, bins);
      writer.sint32(3, lowest);
    }
    writer.end(positive);
    const negative = writer.begin(3);
    writer.end(negative);
    writer.double(4, this.#zeroes);
    return writer.bytes;
  }
}

const bits = new DataView(new ArrayBuffer(8));

function rounded(value: number): number {
  bits.setFloat64(0, value);
  bits.setBigUint64(0, bits.getBigUint64(0) & 0xffff_f800_0000_0000n);
  return bits.getFloat64(0);
}
