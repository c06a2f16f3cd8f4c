import type { ExponentialHistogram } from '@millrace/timeseries';
import type { ByteWriter } from '@millrace/wire';

const low32 = 0x1_0000_0000;

/** Writes a whole number below 2^53 as 64 bits. */
export function fixed64(to: ByteWriter, value: number): void {
  to.fixed32(value % low32);
  to.fixed32(Math.floor(value / low32));
}

/** Writes a whole number below 2^53 as a varint. */
function varint(to: ByteWriter, value: number): void {
  if (value < low32) to.varint(value);
  else to.varint64(BigInt(value));
}

/** Gives the fields from `from` up to the writer's place, each of which has a length, another tag of one byte. */
export function retag(to: ByteWriter, from: number, tag: number): void {
  const b = to.buffer;
  for (let p = from; p < to.position;) {
    b[p++] = tag;
    let length = 0;
    let shift = 0;
    do length |= (b[p] & 0x7f) << shift;
    while ((shift += 7) && b[p++] > 0x7f);
    p += length;
  }
}

/** Tags of a `NumberDataPoint`. */
export const numberPoint = { attributes: 0x3a, exemplars: 0x2a } as const;

/** Tags of a `HistogramDataPoint`, and its values. */
export const histogramPoint = {
  attributes: 0x4a,
  exemplars: 0x42,
  write(to: ByteWriter, count: number, sum: number, buckets: Float64Array, from: number, bounds: Float64Array): void {
    to.byte(0x21);
    fixed64(to, count);
    to.byte(0x29);
    to.double(sum);
    to.byte(0x32);
    to.varint((bounds.length + 1) * 8);
    for (let i = 0; i <= bounds.length; i++) fixed64(to, buckets[from + i]);
    if (bounds.length === 0) return;
    to.byte(0x3a);
    to.varint(bounds.length * 8);
    for (let i = 0; i < bounds.length; i++) to.double(bounds[i]);
  },
} as const;

/** Tags of an `ExponentialHistogramDataPoint`, and its values. */
export const exponentialPoint = {
  attributes: 0x0a,
  exemplars: 0x5a,
  write(to: ByteWriter, { count, sum, scale, zeroCount, offset, size, counts, min, max }: ExponentialHistogram): void {
    to.byte(0x21);
    fixed64(to, count);
    to.byte(0x29);
    to.double(sum);
    to.byte(0x30);
    to.varint(zigzag(scale));
    to.byte(0x39);
    fixed64(to, zeroCount);
    const at = to.begin(0x42);
    if (size > 0) {
      to.byte(0x08);
      to.varint(zigzag(offset));
      const countsAt = to.begin(0x12);
      for (let i = 0; i < size; i++) varint(to, counts[i]);
      to.end(countsAt);
    }
    to.end(at);
    to.end(to.begin(0x4a));
    to.byte(0x61);
    to.double(min);
    to.byte(0x69);
    to.double(max);
  },
} as const;

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}
