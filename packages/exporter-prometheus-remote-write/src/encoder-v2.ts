import type { Exemplar, Label } from '@millrace/prometheus-format';
import { ByteWriter } from '@millrace/wire';
import type { EncodedHistogram, Encoder, ExtraLabel, LabelRange, LabelSplits, MetricHeader } from './encoder.ts';
import { metadataTypes } from './metadata-types.ts';
import { SymbolTable } from './symbol-table.ts';
import { writeHistogram } from './write-histogram.ts';
import { varintBytes, writeValue, writeVarint } from './write-number.ts';

/** Remote write 2.0: `io.prometheus.write.v2.Request`, in which series refer to texts that are sent once. */
export class EncoderV2 implements Encoder<number, number> {
  readonly #symbols = new SymbolTable();
  readonly #nameLabel = this.#symbols.id('__name__');
  readonly #extraLabels = { le: this.#symbols.id('le'), quantile: this.#symbols.id('quantile') };
  readonly #extraNames: number[] = [];
  /** Exemplars and histograms of the next series. */
  readonly #tail = new ByteWriter();
  readonly #refs = new ByteWriter();
  #writer: ByteWriter | undefined;

  get keptBytes(): number {
    return this.#symbols.keptBytes + this.#extraNames.length * 8;
  }

  name(text: string): number {
    return this.#symbols.id(text);
  }

  text(text: string): number {
    return this.#symbols.id(text);
  }

  extra(label: ExtraLabel, value: string): number {
    return this.#extraNames.push(this.#extraLabels[label], this.#symbols.id(value)) - 2;
  }

  labels(labels: readonly Label[], into: ByteWriter): LabelSplits {
    const symbols = this.#symbols;
    const before = (other: string): number => labels.filter(([name]) => name < other).length * 8;
    for (const [name, value] of labels) {
      into.fixed32(symbols.id(name));
      into.fixed32(symbols.id(value));
    }
    return { name: before('__name__'), le: before('le'), quantile: before('quantile') };
  }

  begin(writer: ByteWriter): void {
    this.#writer = writer;
    this.#tail.position = 0;
    this.#symbols.begin();
  }

  exemplar({ labels, value, timestampMs = 0 }: Exemplar): void {
    const tail = this.#tail;
    const symbols = this.#symbols;
    const message = tail.begin(0x22);
    const refs = tail.begin(0x0a);
    for (const [name, text] of labels.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      writeVarint(tail, symbols.refOnce(name));
      writeVarint(tail, symbols.refOnce(text));
    }
    tail.end(refs);
    tail.byte(0x11);
    tail.double(value);
    if (timestampMs >= 1) {
      tail.byte(0x18);
      writeVarint(tail, Math.floor(timestampMs));
    }
    tail.end(message);
  }

  histogram(histogram: EncodedHistogram, timeMs: number, startMs: number): void {
    writeHistogram(this.#tail, 0x1a, histogram, timeMs, startMs);
  }

  sample(
    metric: MetricHeader<number>,
    name: number,
    labels: LabelRange,
    extra: number | undefined,
    extraAt: number,
    value: number,
    isStale: boolean,
    timeMs: number,
    startMs: number,
  ): void {
    const sampleBytes = 10 + varintBytes(timeMs) + (startMs > 0 ? 1 + varintBytes(startMs) : 0);
    this.#open(metric, name, labels, extra, extraAt, 2 + sampleBytes);
    const writer = this.#writer!;
    writer.byte(0x12);
    writer.byte(sampleBytes);
    writer.byte(0x09);
    writeValue(writer, value, isStale);
    writer.byte(0x10);
    writeVarint(writer, timeMs);
    if (startMs > 0) {
      writer.byte(0x18);
      writeVarint(writer, startMs);
    }
    this.#close();
  }

  histogramSeries(metric: MetricHeader<number>, labels: LabelRange): void {
    this.#open(metric, metric.name, labels, undefined, 0, 0);
    this.#close();
  }

  shared(): Buffer {
    return this.#symbols.bytes;
  }

  metadata(): undefined {
    return undefined;
  }

  /** Starts a `TimeSeries` with its labels and metadata. */
  #open(
    metric: MetricHeader<number>,
    name: number,
    { source, start, end, nameAt }: LabelRange,
    extra: number | undefined,
    extraAt: number,
    sampleBytes: number,
  ): void {
    const symbols = this.#symbols;
    const refs = this.#refs;
    refs.position = 0;
    this.#copyRefs(source, start, nameAt);
    writeVarint(refs, symbols.ref(this.#nameLabel));
    writeVarint(refs, symbols.ref(name));
    if (extra === undefined) this.#copyRefs(source, nameAt, end);
    else {
      this.#copyRefs(source, nameAt, extraAt);
      writeVarint(refs, symbols.ref(this.#extraNames[extra]!));
      writeVarint(refs, symbols.ref(this.#extraNames[extra + 1]!));
      this.#copyRefs(source, extraAt, end);
    }
    const help = symbols.ref(metric.help);
    const unit = symbols.ref(metric.unit);
    const metadataBytes = 4 + varintBytes(help) + varintBytes(unit);
    const labelBytes = refs.position;
    const writer = this.#writer!;
    writer.byte(0x2a);
    writeVarint(writer, 1 + varintBytes(labelBytes) + labelBytes + 2 + metadataBytes + sampleBytes + this.#tail.position);
    writer.byte(0x0a);
    writeVarint(writer, labelBytes);
    writer.copy(refs.buffer, refs.view, 0, labelBytes);
    writer.byte(0x2a);
    writer.byte(metadataBytes);
    writer.byte(0x08);
    writer.byte(metadataTypes[metric.type]);
    writer.byte(0x18);
    writeVarint(writer, help);
    writer.byte(0x20);
    writeVarint(writer, unit);
  }

  #close(): void {
    const tail = this.#tail;
    if (tail.position === 0) return;
    this.#writer!.copy(tail.buffer, tail.view, 0, tail.position);
    tail.position = 0;
  }

  #copyRefs({ view }: ByteWriter, start: number, end: number): void {
    const refs = this.#refs;
    const symbols = this.#symbols;
    for (let at = start; at < end; at += 4) writeVarint(refs, symbols.ref(view.getUint32(at, true)));
  }
}
