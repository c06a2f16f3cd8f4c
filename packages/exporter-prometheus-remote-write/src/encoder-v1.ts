import type { Exemplar, FamilyType, Label } from '@millrace/prometheus-format';
import { ByteWriter } from '@millrace/wire';
import type { EncodedHistogram, Encoder, ExtraLabel, LabelRange, LabelSplits, MetricHeader } from './encoder.ts';
import { metadataTypes } from './metadata-types.ts';
import { writeHistogram } from './write-histogram.ts';
import { varintBytes, writeValue, writeVarint } from './write-number.ts';

const nothing = Buffer.alloc(0);

/** Remote write 1.0: `prometheus.WriteRequest`, in which every series carries its labels as text. */
export class EncoderV1 implements Encoder<Buffer, Buffer> {
  readonly keptBytes = 0;
  /** Exemplars and histograms of the next series. */
  readonly #tail = new ByteWriter();
  readonly #scratch = new ByteWriter();
  #writer: ByteWriter | undefined;

  name(text: string): Buffer {
    return this.#label('__name__', text);
  }

  text(): Buffer {
    return nothing;
  }

  extra(label: ExtraLabel, value: string): Buffer {
    return this.#label(label, value);
  }

  labels(labels: readonly Label[], into: ByteWriter): LabelSplits {
    const start = into.position;
    const splits = { name: -1, le: -1, quantile: -1 };
    for (const [name, value] of labels) {
      const at = into.position - start;
      if (splits.name < 0 && name > '__name__') splits.name = at;
      if (splits.le < 0 && name > 'le') splits.le = at;
      if (splits.quantile < 0 && name > 'quantile') splits.quantile = at;
      writeLabel(into, name, value);
    }
    const end = into.position - start;
    if (splits.name < 0) splits.name = end;
    if (splits.le < 0) splits.le = end;
    if (splits.quantile < 0) splits.quantile = end;
    return splits;
  }

  begin(writer: ByteWriter): void {
    this.#writer = writer;
    this.#tail.position = 0;
  }

  exemplar({ labels, value, timestampMs = 0 }: Exemplar): void {
    const tail = this.#tail;
    const message = tail.begin(0x1a);
    for (const [name, text] of labels) writeLabel(tail, name, text);
    tail.byte(0x11);
    tail.double(value);
    if (timestampMs >= 1) {
      tail.byte(0x18);
      writeVarint(tail, Math.floor(timestampMs));
    }
    tail.end(message);
  }

  histogram(histogram: EncodedHistogram, timeMs: number): void {
    writeHistogram(this.#tail, 0x22, histogram, timeMs, 0);
  }

  sample(
    _metric: MetricHeader<Buffer>,
    name: Buffer,
    labels: LabelRange,
    extra: Buffer | undefined,
    extraAt: number,
    value: number,
    isStale: boolean,
    timeMs: number,
  ): void {
    const sampleBytes = 10 + varintBytes(timeMs);
    this.#open(name, labels, extra, extraAt, 2 + sampleBytes);
    const writer = this.#writer!;
    writer.byte(0x12);
    writer.byte(sampleBytes);
    writer.byte(0x09);
    writeValue(writer, value, isStale);
    writer.byte(0x10);
    writeVarint(writer, timeMs);
    this.#close();
  }

  histogramSeries(metric: MetricHeader<Buffer>, labels: LabelRange): void {
    this.#open(metric.name, labels, undefined, 0, 0);
    this.#close();
  }

  shared(): Buffer {
    return nothing;
  }

  metadata(family: string, type: FamilyType, help: string, unit: string): Buffer {
    const scratch = this.#scratch;
    scratch.position = 0;
    const message = scratch.begin(0x1a);
    scratch.byte(0x08);
    scratch.byte(metadataTypes[type]);
    writeText(scratch, 0x12, family);
    writeText(scratch, 0x22, help);
    writeText(scratch, 0x2a, unit);
    scratch.end(message);
    return Buffer.from(scratch.buffer.subarray(0, scratch.position));
  }

  /** Starts a `TimeSeries` with its labels; its length is known before anything of it is written. */
  #open(name: Buffer, { source, start, end, nameAt }: LabelRange, extra: Buffer | undefined, extraAt: number, sampleBytes: number): void {
    const writer = this.#writer!;
    const { buffer, view } = source;
    writer.byte(0x0a);
    writeVarint(writer, end - start + name.length + (extra?.length ?? 0) + sampleBytes + this.#tail.position);
    writer.copy(buffer, view, start, nameAt);
    writer.bytes(name);
    if (extra === undefined) writer.copy(buffer, view, nameAt, end);
    else {
      writer.copy(buffer, view, nameAt, extraAt);
      writer.bytes(extra);
      writer.copy(buffer, view, extraAt, end);
    }
  }

  #close(): void {
    const tail = this.#tail;
    if (tail.position === 0) return;
    this.#writer!.copy(tail.buffer, tail.view, 0, tail.position);
    tail.position = 0;
  }

  #label(name: string, value: string): Buffer {
    const scratch = this.#scratch;
    scratch.position = 0;
    writeLabel(scratch, name, value);
    return Buffer.from(scratch.buffer.subarray(0, scratch.position));
  }
}

function writeLabel(writer: ByteWriter, name: string, value: string): void {
  const label = writer.begin(0x0a);
  writeText(writer, 0x0a, name);
  writeText(writer, 0x12, value);
  writer.end(label);
}

function writeText(writer: ByteWriter, tag: number, text: string): void {
  const content = writer.begin(tag);
  writer.text(text);
  writer.end(content);
}
