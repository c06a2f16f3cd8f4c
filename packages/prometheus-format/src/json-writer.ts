import type { ByteSink } from './byte-sink.ts';
import type { ExpositionWriter, SampleTimes } from './exposition-writer.ts';
import { escapeHeader, escapeLabels } from './exposed-family.ts';
import { goNumber } from './go-number.ts';
import { eachLabel, labelText } from './labels.ts';
import type { EncodedLabels } from './labels.ts';
import type { Exemplar, FamilyHeader, FamilyType, HistogramValue, NativeBuckets, SummaryValue } from './metric-family.ts';
import type { Escaping } from './names.ts';

const types: Readonly<Record<FamilyType, string>> = {
  counter: 'COUNTER',
  gauge: 'GAUGE',
  histogram: 'HISTOGRAM',
  gaugehistogram: 'GAUGE_HISTOGRAM',
  summary: 'SUMMARY',
  info: 'GAUGE',
  stateset: 'GAUGE',
  unknown: 'UNTYPED',
};

/**
 * Writes a JSON array of families in the form of prom2json: `[{name, help, type, unit, metrics: [{labels, value}]}]`, histograms with
 * `buckets` by upper bound, summaries with `quantiles`. Values are texts, so that NaN and infinities are there. Beyond that form there are
 * `created_ms`, `exemplar`, `exemplars` and `native`.
 */
export class JsonWriter implements ExpositionWriter {
  readonly sink: ByteSink;
  readonly #escaping: Escaping;
  #families = 0;
  #samples = 0;

  constructor(sink: ByteSink, escaping: Escaping) {
    this.sink = sink;
    this.#escaping = escaping;
  }

  beginFamily(family: FamilyHeader): void {
    const { name, help, type, unit } = escapeHeader(family, this.#escaping);
    const header = JSON.stringify({ name, help: help ?? '', type: types[type], ...(unit !== undefined && { unit }) });
    this.sink.text(`${this.#families++ === 0 ? '[' : ',\n'}${header.slice(0, -1)},"metrics":[`);
    this.#samples = 0;
  }

  number(labels: EncodedLabels, value: number, times: SampleTimes, exemplar?: Exemplar): void {
    const more = exemplar === undefined ? '' : `,"exemplar":${exemplarJson(exemplar)}`;
    this.#metric(labels, `"value":"${goNumber(value)}"${more}`, times);
  }

  histogram(labels: EncodedLabels, value: HistogramValue, times: SampleTimes): void {
    const { bounds, counts, count, sum, exemplars, native } = value;
    let text = '"buckets":{';
    for (let i = 0; i < bounds.length; i++) text += `"${goNumber(bounds[i]!)}":"${goNumber(counts[i]!)}",`;
    text += `"+Inf":"${goNumber(count)}"},"count":"${goNumber(count)}","sum":"${goNumber(sum)}"`;
    const all = [...(exemplars ?? []), ...(native?.exemplars ?? [])].filter((exemplar) => exemplar !== undefined);
    if (all.length > 0) text += `,"exemplars":[${all.map(exemplarJson).join(',')}]`;
    if (native !== undefined) {
      const { schema, zeroThreshold, zeroCount, positive, negative } = native;
      const sides = `"positive":${bucketsJson(positive)},"negative":${bucketsJson(negative)}`;
      text += `,"native":{"schema":${schema},"zero_threshold":"${goNumber(zeroThreshold)}","zero_count":"${goNumber(zeroCount)}",${sides}}`;
    }
    this.#metric(labels, text, times);
  }

  summary(labels: EncodedLabels, value: SummaryValue, times: SampleTimes): void {
    let text = '"quantiles":{';
    for (let i = 0; i < value.quantiles.length; i++) {
      text += `${i === 0 ? '' : ','}"${goNumber(value.quantiles[i]!)}":"${goNumber(value.values[i]!)}"`;
    }
    this.#metric(labels, `${text}},"count":"${goNumber(value.count)}","sum":"${goNumber(value.sum)}"`, times);
  }

  endFamily(): void {
    this.sink.text(']}');
  }

  end(): void {
    this.sink.text(this.#families === 0 ? '[]\n' : ']\n');
  }

  #metric(labels: EncodedLabels, value: string, { timestampMs, createdMs }: SampleTimes): void {
    let text = this.#samples++ === 0 ? '\n{"labels":{' : ',\n{"labels":{';
    let first = true;
    eachLabel(labelText(escapeLabels(labels, this.#escaping)), (name, labelValue) => {
      text += `${first ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(labelValue)}`;
      first = false;
    });
    text += '},';
    if (!Number.isNaN(timestampMs)) text += `"timestamp_ms":"${Math.trunc(timestampMs)}",`;
    if (!Number.isNaN(createdMs)) text += `"created_ms":"${createdMs}",`;
    this.sink.text(`${text}${value}}`);
  }
}

function exemplarJson({ labels, value, timestampMs }: Exemplar): string {
  return JSON.stringify({
    labels: Object.fromEntries(labels),
    value: goNumber(value),
    ...(timestampMs !== undefined && { timestamp_ms: String(timestampMs) }),
  });
}

function bucketsJson({ spans, counts }: NativeBuckets): string {
  return JSON.stringify({ spans: Array.from(spans), counts: Array.from(counts, goNumber) });
}
