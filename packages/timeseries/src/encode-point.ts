import type { AttributesView, ByteWriter, ValueType } from '@millrace/wire';
import type { Distribution } from './distribution.ts';
import type { SketchBuckets } from './sketch.ts';

/** Tags of the members of `AnyValue` that a value of each type is written under. */
const valueTags: Readonly<Record<ValueType, number>> = {
  empty: 0,
  string: 0x0a,
  bool: 0x10,
  int: 0x18,
  double: 0x21,
  array: 0x2a,
  kvlist: 0x32,
  bytes: 0x3a,
};

/** The kinds of points that series are folded into. */
export type PointKind = 'number' | 'histogram' | 'exponentialHistogram' | 'summary';

/** The tag of `attributes` in a data point of each kind. */
export const attributesTags: Readonly<Record<PointKind, number>> = {
  number: 0x3a,
  histogram: 0x4a,
  exponentialHistogram: 0x0a,
  summary: 0x3a,
};

/** Writes one attribute, verbatim, as a field with a tag. */
export function writeAttribute(writer: ByteWriter, tag: number, attributes: AttributesView, slot: number): void {
  const at = writer.begin(tag);
  const keyRange = attributes.keyRangeAt(slot);
  const keyAt = writer.begin(0x0a);
  writer.bytes(keyRange.buffer.subarray(keyRange.start, keyRange.end));
  writer.end(keyAt);
  const valueAt = writer.begin(0x12);
  const type = attributes.typeAt(slot);
  const valueTag = valueTags[type];
  const { buffer, start, end } = attributes.rangeAt(slot);
  const bytes = buffer.subarray(start, end);
  if ((valueTag & 7) === 2) {
    const bytesAt = writer.begin(valueTag);
    writer.bytes(bytes);
    writer.end(bytesAt);
  } else if (valueTag !== 0) {
    writer.byte(valueTag);
    writer.bytes(bytes);
  }
  writer.end(valueAt);
  writer.end(at);
}

/** Writes the attributes that `writeAttribute` wrote into `[start, end)` of a buffer, under another tag. */
export function copyAttributes(writer: ByteWriter, tag: number, from: Uint8Array, start: number, end: number): void {
  for (let p = start; p < end;) {
    let next = p + 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = from[next++];
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    next += length;
    writer.byte(tag);
    writer.bytes(from.subarray(p + 1, next));
    p = next;
  }
}

/** Writes the times of a data point of any kind. */
export function writeTimes(writer: ByteWriter, startUnixNano: bigint, timeUnixNano: bigint): void {
  if (startUnixNano !== 0n) {
    writer.byte(0x11);
    writer.fixed64(startUnixNano);
  }
  writer.byte(0x19);
  writer.fixed64(timeUnixNano);
}

/** Writes the value of a number point: an int when it is exact. */
export function writeNumber(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === 'bigint') {
    writer.byte(0x31);
    writer.fixed64(value);
  } else {
    writer.byte(0x21);
    writer.double(value);
  }
}

/** Writes count, sum, minimum, maximum and buckets of a histogram, exponential histogram or summary point. */
export function writeDistribution(
  writer: ByteWriter,
  kind: Exclude<PointKind, 'number'>,
  of: Pick<Distribution, 'count' | 'sum' | 'min' | 'max' | 'bounds' | 'counts' | 'sketch'>,
): void {
  writer.byte(0x21);
  writer.fixed64(BigInt(of.count));
  writeOptional(writer, 0x29, of.sum);
  if (kind === 'summary') return;
  const { bounds, counts, sketch } = of;
  if (kind === 'exponentialHistogram') {
    if (sketch !== undefined) {
      if (sketch.scale !== 0) {
        writer.byte(0x30);
        writer.varint(((sketch.scale << 1) ^ (sketch.scale >> 31)) >>> 0);
      }
      writer.byte(0x39);
      writer.fixed64(BigInt(sketch.zeroCount));
      writeBuckets(writer, 0x42, sketch.positive);
      writeBuckets(writer, 0x4a, sketch.negative);
      if (sketch.zeroThreshold > 0) writeOptional(writer, 0x71, sketch.zeroThreshold);
    }
  } else if (counts.length > 0) {
    writer.byte(0x32);
    writer.varint(counts.length * 8);
    for (const count of counts) writer.fixed64(BigInt(count));
    if (bounds.length > 0) {
      writer.byte(0x3a);
      writer.varint(bounds.length * 8);
      for (const bound of bounds) writer.double(bound);
    }
  }
  if (of.count === 0) return;
  writeOptional(writer, kind === 'histogram' ? 0x59 : 0x61, of.min);
  writeOptional(writer, kind === 'histogram' ? 0x61 : 0x69, of.max);
}

function writeOptional(writer: ByteWriter, tag: number, value: number | undefined): void {
  if (value === undefined) return;
  writer.byte(tag);
  writer.double(value);
}

function writeBuckets(writer: ByteWriter, tag: number, buckets: SketchBuckets): void {
  if (buckets.size === 0) return;
  const at = writer.begin(tag);
  if (buckets.offset !== 0) {
    writer.byte(0x08);
    writer.varint(((buckets.offset << 1) ^ (buckets.offset >> 31)) >>> 0);
  }
  const countsAt = writer.begin(0x12);
  for (let i = 0; i < buckets.size; i++) {
    const count = buckets.at(i);
    if (count <= 0xffff_ffff) writer.varint(count);
    else writer.varint64(BigInt(count));
  }
  writer.end(countsAt);
  writer.end(at);
}
