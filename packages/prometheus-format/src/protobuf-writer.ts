import { noBytes } from './buffer-methods.ts';
import type { ByteSink } from './byte-sink.ts';
import type { ExpositionWriter, SampleTimes } from './exposition-writer.ts';
import { escapeHeader, escapeLabels } from './exposed-family.ts';
import { eachLabel, encodeLabels, labelText } from './labels.ts';
import type { EncodedLabels } from './labels.ts';
import type { Exemplar, FamilyHeader, FamilyType, HistogramValue, NativeBuckets, NativeHistogram, SummaryValue } from './metric-family.ts';
import type { Escaping } from './names.ts';

/** `io.prometheus.client.MetricType`. */
const types: Readonly<Record<FamilyType, number>> = {
  counter: 0,
  gauge: 1,
  summary: 2,
  unknown: 3,
  histogram: 4,
  gaugehistogram: 5,
  info: 1,
  stateset: 1,
};

/** The field of `Metric` that holds the value, as a tag, by type. */
const valueTags: Readonly<Record<FamilyType, number>> = {
  counter: 0x1a,
  gauge: 0x12,
  summary: 0x22,
  unknown: 0x2a,
  histogram: 0x3a,
  gaugehistogram: 0x3a,
  info: 0x12,
  stateset: 0x12,
};

/**
 * Writes `io.prometheus.client.MetricFamily` messages, each after its length (client_model's metrics.proto). Messages are written from front
 * to back: a length is left out, and put in when what it counts is there.
 */
export class ProtobufWriter implements ExpositionWriter {
  readonly sink: ByteSink;
  readonly #escaping: Escaping;
  #type: FamilyType = 'unknown';
  #buffer: Buffer = noBytes;
  #at = 0;

  constructor(sink: ByteSink, escaping: Escaping) {
    this.sink = sink;
    this.#escaping = escaping;
  }

  beginFamily(family: FamilyHeader): void {
    const { name, help, type, unit } = escapeHeader(family, this.#escaping);
    this.#type = type;
    this.sink.hold();
    this.#open((name.length + (help?.length ?? 0) + (unit?.length ?? 0)) * 3 + 64);
    this.#text(0x0a, name);
    if (help !== undefined) this.#text(0x12, help);
    this.#buffer[this.#at++] = 0x18;
    this.#buffer[this.#at++] = types[type];
    if (unit !== undefined) this.#text(0x2a, unit);
    this.#close();
  }

  number(labels: EncodedLabels, value: number, times: SampleTimes, exemplar?: Exemplar): void {
    const metric = this.#metric(labels, 64 + exemplarBytes(exemplar));
    const start = this.#begin(valueTags[this.#type]);
    this.#double(0x09, value);
    if (this.#type === 'counter') {
      if (exemplar !== undefined) this.#exemplar(0x12, exemplar);
      this.#time(0x1a, times.createdMs);
    }
    this.#end(start);
    this.#endMetric(metric, times);
  }

  histogram(labels: EncodedLabels, value: HistogramValue, times: SampleTimes): void {
    const { bounds, counts, exemplars, native } = value;
    let bytes = 128 + bounds.length * 40 + nativeBytes(native);
    for (const exemplar of exemplars ?? []) bytes += exemplarBytes(exemplar);
    const metric = this.#metric(labels, bytes);
    const start = this.#begin(valueTags[this.#type]);
    this.#uint(0x08, value.count);
    this.#double(0x11, value.sum);
    const last = exemplars?.[bounds.length];
    for (let i = 0; i < bounds.length; i++) this.#bucket(bounds[i]!, counts[i]!, exemplars?.[i]);
    if (last !== undefined) this.#bucket(Infinity, value.count, last);
    if (native !== undefined) this.#native(native);
    this.#time(0x7a, times.createdMs);
    if (native?.exemplars !== undefined) for (const exemplar of native.exemplars) this.#exemplar(0x82, exemplar);
    this.#end(start);
    this.#endMetric(metric, times);
  }

  summary(labels: EncodedLabels, value: SummaryValue, times: SampleTimes): void {
    const metric = this.#metric(labels, 96 + value.quantiles.length * 24);
    const start = this.#begin(valueTags[this.#type]);
    this.#uint(0x08, value.count);
    this.#double(0x11, value.sum);
    for (let i = 0; i < value.quantiles.length; i++) {
      const quantile = this.#begin(0x1a);
      this.#double(0x09, value.quantiles[i]!);
      this.#double(0x11, value.values[i]!);
      this.#end(quantile);
    }
    this.#time(0x22, times.createdMs);
    this.#end(start);
    this.#endMetric(metric, times);
  }

  endFamily(): void {
    this.sink.release((sizeBytes) => {
      const header = Buffer.alloc(10);
      return header.subarray(0, writeVarint(header, 0, sizeBytes));
    });
  }

  end(): void {}

  #open(sizeBytes: number): void {
    this.sink.reserve(sizeBytes);
    this.#buffer = this.sink.buffer;
    this.#at = this.sink.length;
  }

  #close(): void {
    this.sink.length = this.#at;
  }

  /** Starts a `Metric` with its labels. */
  #metric(labels: EncodedLabels, valueBytes: number): number {
    const escaped = labelText(escapeLabels(labels, this.#escaping));
    this.#open(escaped.length * 8 + valueBytes + 32);
    const metric = this.#begin(0x22);
    eachLabel(escaped, this.#label);
    return metric;
  }

  #endMetric(metric: number, { timestampMs }: SampleTimes): void {
    if (!Number.isNaN(timestampMs)) {
      this.#buffer[this.#at++] = 0x30;
      this.#signed(timestampMs);
    }
    this.#end(metric);
    this.#close();
  }

  readonly #label = (name: string, value: string): void => {
    const start = this.#begin(0x0a);
    this.#text(0x0a, name);
    this.#text(0x12, value);
    this.#end(start);
  };

  #bucket(upperBound: number, count: number, exemplar: Exemplar | undefined): void {
    const start = this.#begin(0x1a);
    this.#uint(0x08, count);
    this.#double(0x11, upperBound);
    if (exemplar !== undefined) this.#exemplar(0x1a, exemplar);
    this.#end(start);
  }

  #native({ schema, zeroThreshold, zeroCount, positive, negative }: NativeHistogram): void {
    this.#buffer[this.#at++] = 0x28;
    this.#zigzag(schema);
    this.#double(0x31, zeroThreshold);
    this.#uint(0x38, zeroCount);
    this.#nativeBuckets(0x4a, negative);
    // Without buckets and with no zero bucket it would look like a classic histogram.
    const isBare = positive.spans.length === 0 && negative.spans.length === 0 && zeroThreshold === 0 && zeroCount === 0;
    this.#nativeBuckets(0x62, isBare ? { spans: [0, 0], counts: [] } : positive);
  }

  /** Spans under `tag`, and the counts under the number after it, each as the difference to the one before. */
  #nativeBuckets(tag: number, { spans, counts }: NativeBuckets): void {
    for (let i = 0; i < spans.length; i += 2) {
      const start = this.#begin(tag);
      this.#buffer[this.#at++] = 0x08;
      this.#zigzag(spans[i]!);
      this.#uint(0x10, spans[i + 1]!);
      this.#end(start);
    }
    for (let i = 0, before = 0; i < counts.length; before = counts[i++]!) {
      this.#buffer[this.#at++] = tag + 6;
      this.#zigzag(counts[i]! - before);
    }
  }

  #exemplar(tag: number, { labels, value, timestampMs }: Exemplar): void {
    const start = this.#begin(tag);
    eachLabel(labelText(escapeLabels(encodeLabels(labels), this.#escaping)), this.#label);
    this.#double(0x11, value);
    this.#time(0x1a, timestampMs ?? Number.NaN);
    this.#end(start);
  }

  /** A `google.protobuf.Timestamp`, when there is one. */
  #time(tag: number, timeMs: number): void {
    if (Number.isNaN(timeMs)) return;
    const start = this.#begin(tag);
    const seconds = Math.floor(timeMs / 1000);
    this.#buffer[this.#at++] = 0x08;
    this.#signed(seconds);
    this.#uint(0x10, Math.min(Math.round((timeMs - seconds * 1000) * 1e6), 999_999_999));
    this.#end(start);
  }

  #text(tag: number, text: string): void {
    const start = this.#begin(tag);
    this.#at += this.#buffer.utf8Write(text, this.#at);
    this.#end(start);
  }

  /** Writes a tag and leaves a byte for the length; returns where the content starts. */
  #begin(tag: number): number {
    this.#at = writeVarint(this.#buffer, this.#at, tag) + 1;
    return this.#at;
  }

  /** Puts the length in, moving the content when the length takes more than a byte. */
  #end(start: number): void {
    const length = this.#at - start;
    const extra = length < 0x80 ? 0 : length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : 3;
    if (extra > 0) this.#buffer.copyWithin(start + extra, start, this.#at);
    writeVarint(this.#buffer, start - 1, length);
    this.#at += extra;
  }

  #double(tag: number, value: number): void {
    this.#buffer[this.#at] = tag;
    this.#buffer.writeDoubleLE(value, this.#at + 1);
    this.#at += 9;
  }

  #uint(tag: number, value: number): void {
    this.#buffer[this.#at++] = tag;
    this.#at = writeVarint(this.#buffer, this.#at, value);
  }

  #zigzag(value: number): void {
    this.#at = writeVarint(this.#buffer, this.#at, value < 0 ? -2 * value - 1 : 2 * value);
  }

  #signed(value: number): void {
    if (value >= 0) this.#at = writeVarint(this.#buffer, this.#at, value);
    else {
      // Two's complement in 64 bits, seven at a time.
      for (let rest = BigInt.asUintN(64, BigInt(Math.trunc(value))); ; rest >>= 7n) {
        const low = Number(rest & 0x7fn);
        this.#buffer[this.#at++] = rest > 0x7fn ? low | 0x80 : low;
        if (rest <= 0x7fn) return;
      }
    }
  }
}

/** Writes a whole number of at most 2^53 and returns where it ends. */
function writeVarint(buffer: Buffer, at: number, value: number): number {
  let rest = Math.trunc(value);
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) buffer[at++] = (rest % 128) | 0x80;
  for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
  buffer[at++] = rest;
  return at;
}

function exemplarBytes(exemplar: Exemplar | undefined): number {
  if (exemplar === undefined) return 0;
  let bytes = 64;
  for (const [name, value] of exemplar.labels) bytes += (name.length + value.length) * 6 + 32;
  return bytes;
}

function nativeBytes(native: NativeHistogram | undefined): number {
  if (native === undefined) return 0;
  let bytes = 64;
  for (const { spans, counts } of [native.positive, native.negative]) bytes += spans.length * 10 + counts.length * 11 + 16;
  for (const exemplar of native.exemplars ?? []) bytes += exemplarBytes(exemplar);
  return bytes;
}
