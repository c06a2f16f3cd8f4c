import { Distribution, Sketch } from '@millrace/timeseries';
import type { SketchBuckets } from '@millrace/timeseries';
import type { ByteWriter } from '@millrace/wire';
import type { ByteReader } from './byte-reader.ts';
import type { Exemplar } from './cells.ts';

/** What follows: nothing, counts of up to 32 bits, or larger ones. */
const [none, narrow, wide] = [0, 1, 2];
const zigzag = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0;
const unzigzag = (value: number): number => (value >>> 1) ^ -(value & 1);
const maxNarrow = 0xffff_ffff;

/** Writes the identity of a series. */
export function writeWords(to: ByteWriter, words: Int32Array): void {
  for (let i = 0; i < 4; i++) to.fixed32(words[i]! >>> 0);
}

/** Reads what `writeWords` wrote. */
export function readWords(from: ByteReader): Int32Array {
  return Int32Array.of(from.int32(), from.int32(), from.int32(), from.int32());
}

function writeNumbers(to: ByteWriter, numbers: Float64Array): void {
  to.varint(numbers.length);
  for (let i = 0; i < numbers.length; i++) to.double(numbers[i]!);
}

function readNumbers(from: ByteReader): Float64Array {
  return Float64Array.from({ length: from.varint() }, () => from.double());
}

function writeBuckets(to: ByteWriter, buckets: SketchBuckets): void {
  const { size } = buckets;
  if (size === 0) return to.byte(none);
  let kind = narrow;
  for (let i = 0; i < size; i++) if (buckets.at(i) > maxNarrow) kind = wide;
  to.byte(kind);
  to.varint(zigzag(buckets.offset));
  to.varint(size);
  for (let i = 0; i < size; i++) {
    if (kind === wide) to.double(buckets.at(i));
    else to.varint(buckets.at(i));
  }
}

function readBuckets(from: ByteReader): { offset: number; counts: Uint32Array | Float64Array } {
  const kind = from.byte();
  if (kind === none) return { offset: 0, counts: new Uint32Array(0) };
  const offset = unzigzag(from.varint());
  const size = from.varint();
  const counts = kind === wide ? new Float64Array(size) : new Uint32Array(size);
  for (let i = 0; i < size; i++) counts[i] = kind === wide ? from.double() : from.varint();
  return { offset, counts };
}

/** Writes a sketch, or that there is none. */
export function writeSketch(to: ByteWriter, sketch: Sketch | undefined): void {
  if (sketch === undefined) return to.byte(0);
  to.byte(1);
  to.varint(zigzag(sketch.scale));
  to.double(sketch.zeroCount);
  to.double(sketch.zeroThreshold);
  writeBuckets(to, sketch.positive);
  writeBuckets(to, sketch.negative);
}

/** Reads what `writeSketch` wrote. */
export function readSketch(from: ByteReader): Sketch | undefined {
  if (from.byte() === 0) return undefined;
  const scale = unzigzag(from.varint());
  const zeroCount = from.double();
  const zeroThreshold = from.double();
  return Sketch.from({ scale, zeroCount, zeroThreshold, positive: readBuckets(from), negative: readBuckets(from) });
}

/** NaN stands for an unknown one. */
function optional(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

/** Writes the last value of a cumulative histogram or summary, or that there is none. */
export function writeDistribution(to: ByteWriter, distribution: Distribution | undefined): void {
  if (distribution === undefined) return to.byte(0);
  to.byte(1);
  const { count, sum = NaN, min = NaN, max = NaN, bounds, counts, sketch } = distribution;
  for (const value of [count, sum, min, max]) to.double(value);
  writeNumbers(to, bounds);
  writeNumbers(to, counts);
  writeSketch(to, sketch);
}

/** Reads what `writeDistribution` wrote. */
export function readDistribution(from: ByteReader): Distribution | undefined {
  if (from.byte() === 0) return undefined;
  const count = from.double();
  const [sum, min, max] = [optional(from.double()), optional(from.double()), optional(from.double())];
  const made = new Distribution();
  return Object.assign(made, {
    count,
    sum,
    min,
    max,
    bounds: readNumbers(from),
    counts: readNumbers(from),
    sketch: readSketch(from),
    isEmpty: false,
  });
}

/** Writes an exemplar, or that there is none. */
export function writeExemplar(to: ByteWriter, exemplar: Exemplar | undefined): void {
  if (exemplar === undefined) return to.byte(0);
  to.byte(1);
  to.double(exemplar.value);
  to.fixed64(exemplar.timeUnixNano);
  for (const id of [exemplar.traceId, exemplar.spanId]) {
    to.varint(id.length);
    to.text(id);
  }
}

/** Reads what `writeExemplar` wrote. */
export function readExemplar(from: ByteReader): Exemplar | undefined {
  if (from.byte() === 0) return undefined;
  const value = from.double();
  const timeUnixNano = from.fixed64();
  return { value, timeUnixNano, traceId: from.text(from.varint()), spanId: from.text(from.varint()) };
}
