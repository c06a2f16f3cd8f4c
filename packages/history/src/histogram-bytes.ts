import type { HistogramSample, SampleBuckets } from '@millrace/api';
import { ByteInput, ByteOutput } from './byte-output.ts';

const isGauge = 1;
const hasBounds = 2;

const out = new ByteOutput();

/** A native histogram as bytes. */
export function histogramBytes(histogram: HistogramSample): Uint8Array<ArrayBuffer> {
  const { schema, zeroThreshold, zeroCount, count, sum, positive, negative, customBounds, gauge } = histogram;
  out.clear();
  out.byte((gauge === true ? isGauge : 0) | (customBounds === undefined ? 0 : hasBounds));
  out.signed(schema);
  out.double(zeroThreshold);
  out.double(sum);
  writeCount(count);
  writeCount(zeroCount);
  writeBuckets(positive);
  writeBuckets(negative);
  if (customBounds !== undefined) {
    out.varint(customBounds.length);
    for (let i = 0; i < customBounds.length; i++) out.double(customBounds[i]!);
  }
  return out.take();
}

/** The histogram of bytes that `histogramBytes` made. */
export function histogramOf(bytes: Uint8Array): HistogramSample {
  const input = new ByteInput(bytes);
  const flags = input.byte();
  const schema = input.signed();
  const zeroThreshold = input.double();
  const sum = input.double();
  const count = readCount(input);
  const zeroCount = readCount(input);
  const positive = readBuckets(input);
  const negative = readBuckets(input);
  return {
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positive,
    negative,
    ...((flags & hasBounds) !== 0 && { customBounds: Float64Array.from({ length: input.varint() }, () => input.double()) }),
    ...((flags & isGauge) !== 0 && { gauge: true }),
  };
}

/** Counts are whole but for those of float histograms. */
function writeCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 0 && count < 2 ** 52) return out.varint(count + 1);
  out.varint(0);
  out.double(count);
}

function readCount(input: ByteInput): number {
  const count = input.varint();
  return count === 0 ? input.double() : count - 1;
}

function writeBuckets({ spans, counts }: SampleBuckets): void {
  out.varint(spans.length);
  for (let i = 0; i < spans.length; i++) out.signed(spans[i]!);
  out.varint(counts.length);
  for (let i = 0; i < counts.length; i++) writeCount(counts[i]!);
}

function readBuckets(input: ByteInput): SampleBuckets {
  const spans = Array.from({ length: input.varint() }, () => input.signed());
  return { spans, counts: Array.from({ length: input.varint() }, () => readCount(input)) };
}
