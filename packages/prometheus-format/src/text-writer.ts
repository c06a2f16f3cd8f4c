import type { ByteSink } from './byte-sink.ts';
import type { ExpositionWriter, SampleTimes } from './exposition-writer.ts';
import { baseName, escapeHeader, escapeLabels } from './exposed-family.ts';
import { goNumber, openMetricsNumber } from './go-number.ts';
import { encodeLabels, escapeValue, labelText } from './labels.ts';
import type { EncodedLabels } from './labels.ts';
import type { Exemplar, FamilyHeader, FamilyType, HistogramValue, SummaryValue } from './metric-family.ts';
import { isLegacyName } from './names.ts';
import type { ExpositionFormat } from './negotiate.ts';

/** Types that text 0.0.4 has, by ours. */
const textTypes: Readonly<Record<FamilyType, string>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'histogram',
  summary: 'summary',
  info: 'gauge',
  stateset: 'gauge',
  unknown: 'untyped',
};

const maxNumberBytes = 32;

/** Writes text 0.0.4 or 1.0.0, or OpenMetrics. */
export class TextWriter implements ExpositionWriter {
  readonly sink: ByteSink;
  readonly #format: ExpositionFormat;
  readonly #openMetrics: boolean;
  readonly #createdSamples: boolean;
  readonly #number: (value: number) => string;
  /** `le` and `quantile` labels, which come again and again. */
  readonly #bounds = new Map<number, string>();
  readonly #quantiles = new Map<number, string>();
  #name = '';
  #base = '';
  /** What stands before the labels, per sample name. */
  #plain = '';
  #bucket = '';
  #sum = '';
  #count = '';

  constructor(sink: ByteSink, format: ExpositionFormat, createdSamples: boolean) {
    this.sink = sink;
    this.#format = format;
    this.#openMetrics = format.kind === 'openmetrics';
    this.#createdSamples = createdSamples && this.#openMetrics;
    this.#number = this.#openMetrics ? openMetricsNumber : goNumber;
  }

  beginFamily(family: FamilyHeader): void {
    const header = escapeHeader(family, this.#format.escaping);
    const { name, type, help, unit } = header;
    this.#name = name;
    this.#base = baseName(header);
    const shown = metadataName(this.#openMetrics ? this.#base : name);
    let text = '';
    if (help !== undefined) {
      const escaped = this.#openMetrics ? escapeValue(help) : help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
      text += `# HELP ${shown} ${escaped}\n`;
    }
    text += `# TYPE ${shown} ${this.#openMetrics ? this.#openMetricsType(type) : textTypes[type]}\n`;
    if (unit !== undefined && this.#openMetrics) text += `# UNIT ${shown} ${unit}\n`;
    this.sink.text(text);
    this.#plain = opening(name);
    this.#bucket = opening(`${name}_bucket`);
    const gauge = type === 'gaugehistogram' && this.#openMetrics ? 'g' : '';
    this.#sum = opening(`${name}_${gauge}sum`);
    this.#count = opening(`${name}_${gauge}count`);
  }

  /** OpenMetrics demands suffixes of some types. */
  #openMetricsType(type: FamilyType): string {
    if (type === 'counter' && this.#base === this.#name) return 'unknown';
    return type === 'info' && this.#base === this.#name ? 'gauge' : type;
  }

  number(labels: EncodedLabels, value: number, times: SampleTimes, exemplar?: Exemplar): void {
    const escaped = escapeLabels(labels, this.#format.escaping);
    this.#sample(this.#plain, escaped, '', this.#number(value), times, exemplar);
    if (this.#createdSamples) this.#created(escaped, times);
  }

  histogram(labels: EncodedLabels, value: HistogramValue, times: SampleTimes): void {
    const escaped = escapeLabels(labels, this.#format.escaping);
    const { bounds, counts, exemplars } = value;
    for (let i = 0; i < bounds.length; i++) {
      this.#sample(this.#bucket, escaped, this.#bound(this.#bounds, 'le', bounds[i]!), this.#integer(counts[i]!), times, exemplars?.[i]);
    }
    const total = this.#integer(value.count);
    this.#sample(this.#bucket, escaped, 'le="+Inf"', total, times, exemplars?.[bounds.length]);
    this.#sample(this.#sum, escaped, '', this.#number(value.sum), times);
    this.#sample(this.#count, escaped, '', total, times);
    if (this.#createdSamples) this.#created(escaped, times);
  }

  summary(labels: EncodedLabels, value: SummaryValue, times: SampleTimes): void {
    const escaped = escapeLabels(labels, this.#format.escaping);
    const { quantiles, values } = value;
    for (let i = 0; i < quantiles.length; i++) {
      this.#sample(this.#plain, escaped, this.#bound(this.#quantiles, 'quantile', quantiles[i]!), this.#number(values[i]!), times);
    }
    this.#sample(this.#sum, escaped, '', this.#number(value.sum), times);
    this.#sample(this.#count, escaped, '', this.#integer(value.count), times);
    if (this.#createdSamples) this.#created(escaped, times);
  }

  endFamily(): void {}

  end(): void {
    if (this.#openMetrics) this.sink.text('# EOF\n');
  }

  /** One line. Everything but labels is ASCII or prepared. */
  #sample(name: string, labels: EncodedLabels, more: string, value: string, times: SampleTimes, exemplar?: Exemplar): void {
    const { sink } = this;
    const labelBytes = typeof labels === 'string' ? labels.length * 3 : labels.end - labels.start;
    sink.reserve((name.length + more.length) * 3 + labelBytes + 4 * maxNumberBytes);
    const { buffer } = sink;
    let at = sink.length;
    if (labelBytes === 0 && more === '')
      at += buffer.utf8Write(name.charCodeAt(0) === 0x7b ? `${name.slice(0, -1)}}` : name.slice(0, -1), at);
    else {
      at += buffer.utf8Write(name, at);
      if (typeof labels === 'string') at += labels === '' ? 0 : buffer.utf8Write(labels, at);
      else at += labels.buffer.copy(buffer, at, labels.start, labels.end);
      if (more !== '') {
        if (labelBytes > 0) buffer[at++] = 0x2c;
        at += buffer.utf8Write(more, at);
      }
      buffer[at++] = 0x7d;
    }
    buffer[at++] = 0x20;
    at += buffer.utf8Write(value, at);
    const { timestampMs } = times;
    if (!Number.isNaN(timestampMs)) {
      buffer[at++] = 0x20;
      at += buffer.utf8Write(this.#openMetrics ? openMetricsNumber(timestampMs / 1000) : String(Math.trunc(timestampMs)), at);
    }
    sink.length = at;
    if (exemplar !== undefined && this.#openMetrics && exemplar.labels.length > 0) this.#exemplar(exemplar);
    sink.reserve(1);
    sink.buffer[sink.length++] = 0x0a;
  }

  #exemplar({ labels, value, timestampMs }: Exemplar): void {
    const escaped = escapeLabels(encodeLabels(labels), this.#format.escaping);
    const time = timestampMs === undefined ? '' : ` ${openMetricsNumber(timestampMs / 1000)}`;
    this.sink.text(` # {${labelText(escaped)}} ${openMetricsNumber(value)}${time}`);
  }

  #created(labels: EncodedLabels, { createdMs }: SampleTimes): void {
    if (Number.isNaN(createdMs)) return;
    const none = { timestampMs: Number.NaN, createdMs };
    this.#sample(opening(`${this.#base}_created`), labels, '', openMetricsNumber(createdMs / 1000), none);
  }

  /** A whole number: OpenMetrics writes counts without a point. */
  #integer(value: number): string {
    return this.#openMetrics && Number.isSafeInteger(value) ? String(value) : this.#number(value);
  }

  #bound(known: Map<number, string>, name: string, value: number): string {
    let text = known.get(value);
    if (text === undefined) {
      if (known.size >= 1000) known.clear();
      known.set(value, (text = `${name}="${this.#number(value)}"`));
    }
    return text;
  }
}

/** A family's name in its metadata lines. */
function metadataName(name: string): string {
  return isLegacyName(name) ? name : `"${escapeValue(name)}"`;
}

/** A sample's name and the brace before its labels; a name that is no legacy one stands inside, with the comma behind it. */
function opening(name: string): string {
  return isLegacyName(name) ? `${name}{` : `{"${escapeValue(name)}",`;
}
