import type { NativeBuckets } from '@millrace/prometheus-format';
import type { ByteWriter } from '@millrace/wire';
import type { EncodedHistogram } from './encoder.ts';
import { writeValue, writeVarint, writeZigzag } from './write-number.ts';

/** The schema of histograms with custom buckets. */
const customBuckets = -53;

/** Writes a `Histogram`, which is the same message in both versions but for its start, under a tag; `startMs` 0 for none. */
export function writeHistogram(writer: ByteWriter, tag: number, histogram: EncodedHistogram, timeMs: number, startMs: number): void {
  const { count, sum, zeroThreshold, zeroCount, positive, negative, bounds, isStale } = histogram;
  const message = writer.begin(tag);
  writer.byte(0x08);
  writeVarint(writer, isStale ? 0 : count);
  writer.byte(0x19);
  writeValue(writer, sum, isStale);
  writer.byte(0x20);
  writeZigzag(writer, bounds === undefined ? histogram.schema : customBuckets);
  if (bounds === undefined) {
    writer.byte(0x29);
    writer.double(zeroThreshold);
    writer.byte(0x30);
    writeVarint(writer, isStale ? 0 : zeroCount);
  }
  if (!isStale) {
    writeBuckets(writer, 0x42, negative);
    writeBuckets(writer, 0x5a, positive);
  }
  if (timeMs > 0) {
    writer.byte(0x78);
    writeVarint(writer, timeMs);
  }
  if (bounds !== undefined && bounds.length > 0) {
    const values = writer.begin(0x82);
    for (let i = 0; i < bounds.length; i++) writer.double(bounds[i]!);
    writer.end(values);
  }
  if (startMs > 0) {
    writer.varint(0x88);
    writeVarint(writer, startMs);
  }
  writer.end(message);
}

/** Runs of buckets under `tag`, and under the number after it the count of each as the difference to the one before. */
function writeBuckets(writer: ByteWriter, tag: number, { spans, counts }: NativeBuckets): void {
  for (let i = 0; i < spans.length; i += 2) {
    const span = writer.begin(tag);
    writer.byte(0x08);
    writeZigzag(writer, spans[i]!);
    writer.byte(0x10);
    writeVarint(writer, spans[i + 1]!);
    writer.end(span);
  }
  if (counts.length === 0) return;
  const deltas = writer.begin(tag + 8);
  for (let i = 0, before = 0; i < counts.length; before = counts[i++]!) writeZigzag(writer, counts[i]! - before);
  writer.end(deltas);
}
