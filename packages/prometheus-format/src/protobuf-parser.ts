import './buffer-methods.ts';
import { escapeValue, quotedName } from './labels.ts';
import { isLegacyName } from './names.ts';
import type { Exemplar, FamilyType, Label } from './metric-family.ts';
import { goNumber } from './go-number.ts';
import { ExpositionError } from './parsed-sample.ts';
import type { ExpositionParser, ExpositionVisitor, ParsedHistogram, ParsedSample } from './parsed-sample.ts';
import { ProtobufReader } from './protobuf-reader.ts';

/** By `io.prometheus.client.MetricType`. */
const types: readonly FamilyType[] = ['counter', 'gauge', 'summary', 'unknown', 'histogram', 'gaugehistogram'];

/** No family is larger; a longer length is taken for damage. */
const maxFamilyBytes = 1024 * 1024 * 1024;

/**
 * Reads `io.prometheus.client.MetricFamily` messages, each after its length. Histograms and summaries become the samples that text would have;
 * a native histogram comes as one more sample, with the name of the family.
 */
export class ProtobufParser implements ExpositionParser, ParsedSample {
  series = '';
  name = '';
  value = 0;
  timestampMs: number = Number.NaN;
  createdMs: number = Number.NaN;
  readonly isCreated = false;
  histogram: ParsedHistogram | undefined;
  readonly #visitor: ExpositionVisitor;
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  /** Of the family that has begun. */
  #neededBytes = 0;
  #labels: Label[] = [];
  #labelText = '';
  #more: Label | undefined;
  #exemplar: Exemplar | undefined;

  constructor(visitor: ExpositionVisitor) {
    this.#visitor = visitor;
  }

  push(chunk: Uint8Array): void {
    this.#pieces.push(Buffer.from(chunk));
    this.#piecesBytes += chunk.length;
    if (this.#piecesBytes < this.#neededBytes) return;
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    let at = 0;
    this.#neededBytes = 0;
    while (at < bytes.length) {
      const reader = new ProtobufReader(bytes, at, bytes.length);
      const length = reader.tryVarint();
      if (length === undefined) break;
      if (length > maxFamilyBytes) throw new ExpositionError(`a metric family of ${length} bytes`, 0);
      if (reader.at + length > bytes.length) {
        this.#neededBytes = reader.at + length - at;
        break;
      }
      this.#family(bytes, reader.at, reader.at + length);
      at = reader.at + length;
    }
    this.#pieces = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#piecesBytes = bytes.length - at;
  }

  end(): void {
    if (this.#piecesBytes > 0) throw new ExpositionError('data ends within a metric family', 0);
  }

  labels(): Label[] {
    return this.#more === undefined ? [...this.#labels] : [...this.#labels, this.#more];
  }

  exemplar(): Exemplar | undefined {
    return this.#exemplar;
  }

  #family(bytes: Buffer, start: number, end: number): void {
    let name = '';
    let help: string | undefined;
    let unit = '';
    let type: FamilyType = 'counter';
    const metrics: number[] = [];
    const reader = new ProtobufReader(bytes, start, end);
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) help = reader.text();
      else if (reader.field === 3) type = types[reader.varint()] ?? 'unknown';
      else if (reader.field === 4) {
        const [from, to] = reader.range();
        metrics.push(from, to);
      } else if (reader.field === 5) unit = reader.text();
    }
    if (name === '') throw new ExpositionError('a metric family without a name', 0);
    if (help !== undefined) this.#visitor.help?.(name, help);
    this.#visitor.type?.(name, type);
    if (unit !== '') this.#visitor.unit?.(name, unit);
    for (let i = 0; i < metrics.length; i += 2) this.#metric(bytes, metrics[i]!, metrics[i + 1]!, name, type);
  }

  #metric(bytes: Buffer, start: number, end: number, name: string, type: FamilyType): void {
    this.#labels = [];
    this.#labelText = '';
    this.timestampMs = this.createdMs = Number.NaN;
    this.histogram = undefined;
    let from = end;
    let to = end;
    let kind = 0;
    const reader = new ProtobufReader(bytes, start, end);
    while (reader.next()) {
      if (reader.field === 1) {
        const label = readLabel(reader.message());
        this.#labels.push(label);
        this.#labelText += `${this.#labelText === '' ? '' : ','}${quotedName(label[0])}="${escapeValue(label[1])}"`;
      } else if (reader.field === 6) this.timestampMs = reader.signed();
      else if ([2, 3, 4, 5, 7].includes(reader.field)) {
        kind = reader.field;
        [from, to] = reader.range();
      }
    }
    const value = new ProtobufReader(bytes, from, to);
    if (kind === 4) this.#summary(value, name);
    else if (kind === 7) this.#readHistogram(value, name, type === 'gaugehistogram');
    else if (kind > 0) this.#number(value, name);
  }

  /** Gauge, counter or untyped: the value is field 1. */
  #number(reader: ProtobufReader, name: string): void {
    let value = 0;
    let exemplar: Exemplar | undefined;
    while (reader.next()) {
      if (reader.field === 1) value = reader.double();
      else if (reader.field === 2) exemplar = readExemplar(reader.message());
      else if (reader.field === 3) this.createdMs = readTimeMs(reader.message());
    }
    this.#emit(name, undefined, value, exemplar);
  }

  #summary(reader: ProtobufReader, name: string): void {
    let count = 0;
    let sum = 0;
    const quantiles: [number, number][] = [];
    while (reader.next()) {
      if (reader.field === 1) count = reader.varint();
      else if (reader.field === 2) sum = reader.double();
      else if (reader.field === 3) {
        const inner = reader.message();
        let quantile = 0;
        let value = 0;
        while (inner.next()) {
          if (inner.field === 1) quantile = inner.double();
          else if (inner.field === 2) value = inner.double();
        }
        quantiles.push([quantile, value]);
      } else if (reader.field === 4) this.createdMs = readTimeMs(reader.message());
    }
    for (const [quantile, value] of quantiles) this.#emit(name, ['quantile', goNumber(quantile)], value);
    this.#emit(`${name}_sum`, undefined, sum);
    this.#emit(`${name}_count`, undefined, count);
  }

  #readHistogram(reader: ProtobufReader, name: string, isGauge: boolean): void {
    let count = 0;
    let countFloat = 0;
    let sum = 0;
    let schema: number | undefined;
    let zeroThreshold = 0;
    let zeroCount = 0;
    let zeroCountFloat = 0;
    const buckets: { bound: number; count: number; exemplar: Exemplar | undefined }[] = [];
    const sides = { positive: new Side(), negative: new Side() };
    const exemplars: Exemplar[] = [];
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          count = reader.varint();
          break;
        case 2:
          sum = reader.double();
          break;
        case 3:
          buckets.push(readBucket(reader.message()));
          break;
        case 4:
          countFloat = reader.double();
          break;
        case 5:
          schema = reader.zigzag();
          break;
        case 6:
          zeroThreshold = reader.double();
          break;
        case 7:
          zeroCount = reader.varint();
          break;
        case 8:
          zeroCountFloat = reader.double();
          break;
        case 9:
          sides.negative.span(reader.message());
          break;
        case 10:
          reader.each(() => sides.negative.delta(reader.zigzag()));
          break;
        case 11:
          reader.each(() => sides.negative.counts.push(reader.double()));
          break;
        case 12:
          sides.positive.span(reader.message());
          break;
        case 13:
          reader.each(() => sides.positive.delta(reader.zigzag()));
          break;
        case 14:
          reader.each(() => sides.positive.counts.push(reader.double()));
          break;
        case 15:
          this.createdMs = readTimeMs(reader.message());
          break;
        case 16:
          exemplars.push(readExemplar(reader.message()));
      }
    }
    const total = countFloat > 0 ? countFloat : count;
    const { positive, negative } = sides;
    const isNative = positive.spans.length > 0 || negative.spans.length > 0 || zeroThreshold > 0 || zeroCount > 0 || zeroCountFloat > 0;
    if (isNative) {
      const zeros = zeroCountFloat > 0 ? zeroCountFloat : zeroCount;
      this.histogram = { count: total, sum, schema: schema ?? 0, zeroThreshold, zeroCount: zeros, positive, negative, exemplars, isGauge };
      this.#emit(name, undefined, total);
      this.histogram = undefined;
      if (buckets.length === 0) return;
    }
    let hasLast = false;
    for (const { bound, count: upTo, exemplar } of buckets) {
      hasLast = bound === Infinity;
      this.#emit(`${name}_bucket`, ['le', goNumber(bound)], upTo, exemplar);
    }
    if (!hasLast) this.#emit(`${name}_bucket`, ['le', '+Inf'], total);
    this.#emit(`${name}_${isGauge ? 'gsum' : 'sum'}`, undefined, sum);
    this.#emit(`${name}_${isGauge ? 'gcount' : 'count'}`, undefined, total);
  }

  #emit(name: string, more: Label | undefined, value: number, exemplar?: Exemplar): void {
    this.name = name;
    this.value = value;
    this.#more = more;
    this.#exemplar = exemplar;
    const separator = this.#labelText === '' || more === undefined ? '' : ',';
    const labels = `${this.#labelText}${separator}${more === undefined ? '' : `${more[0]}="${more[1]}"`}`;
    if (isLegacyName(name)) this.series = labels === '' ? name : `${name}{${labels}}`;
    else this.series = `{"${escapeValue(name)}"${labels === '' ? '' : ','}${labels}}`;
    this.#visitor.sample(this);
  }
}

/** The buckets of one sign as they are read. */
class Side {
  readonly spans: number[] = [];
  readonly counts: number[] = [];

  span(reader: ProtobufReader): void {
    let offset = 0;
    let length = 0;
    while (reader.next()) {
      if (reader.field === 1) offset = reader.zigzag();
      else if (reader.field === 2) length = reader.varint();
    }
    this.spans.push(offset, length);
  }

  delta(difference: number): void {
    this.counts.push((this.counts.at(-1) ?? 0) + difference);
  }
}

function readLabel(reader: ProtobufReader): Label {
  let name = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) value = reader.text();
  }
  return [name, value];
}

function readBucket(reader: ProtobufReader): { bound: number; count: number; exemplar: Exemplar | undefined } {
  let bound = 0;
  let count = 0;
  let countFloat = 0;
  let exemplar: Exemplar | undefined;
  while (reader.next()) {
    if (reader.field === 1) count = reader.varint();
    else if (reader.field === 2) bound = reader.double();
    else if (reader.field === 3) exemplar = readExemplar(reader.message());
    else if (reader.field === 4) countFloat = reader.double();
  }
  return { bound, count: countFloat > 0 ? countFloat : count, exemplar };
}

function readExemplar(reader: ProtobufReader): Exemplar {
  const labels: Label[] = [];
  let value = 0;
  let timestampMs: number | undefined;
  while (reader.next()) {
    if (reader.field === 1) labels.push(readLabel(reader.message()));
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestampMs = readTimeMs(reader.message());
  }
  return timestampMs === undefined ? { labels, value } : { labels, value, timestampMs };
}

/** A `google.protobuf.Timestamp`. */
function readTimeMs(reader: ProtobufReader): number {
  let seconds = 0;
  let nanos = 0;
  while (reader.next()) {
    if (reader.field === 1) seconds = reader.signed();
    else if (reader.field === 2) nanos = reader.signed();
  }
  return seconds * 1000 + nanos / 1e6;
}
