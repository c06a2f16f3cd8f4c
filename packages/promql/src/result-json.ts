import { formatPlain, formatValue } from './format-number.ts';
import { histogramJson } from './histogram/histogram-text.ts';
import type { Labels } from './labels.ts';
import type { QueryData, ResultSample, ResultSeries } from './result.ts';

const chunkLength = 1 << 16;

function seconds(timeMs: number): string {
  return String(timeMs / 1000);
}

function metricJson(labels: Labels): string {
  return `"metric":{${labels.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
}

/** `{"resultType": ..., "result": ...}` as Prometheus's API has it, in pieces. */
export function* queryJson(data: QueryData): Generator<string> {
  yield `{"resultType":"${data.type}","result":`;
  if (data.type === 'scalar') yield `[${seconds(data.timeMs)},"${formatPlain(data.value)}"]`;
  else if (data.type === 'string') yield `[${seconds(data.timeMs)},${JSON.stringify(data.value)}]`;
  else yield* listJson(data);
  yield '}';
}

function* listJson(data: QueryData & { readonly type: 'matrix' | 'vector' }): Generator<string> {
  let chunk = '[';
  let between = '';
  const parts = data.type === 'vector' ? data.samples.map((sample) => sampleJson(sample, data.timeMs)) : seriesParts(data.series);
  for (const part of parts) {
    if (typeof part === 'string') {
      chunk += between + part;
      between = ',';
    } else {
      chunk += part.text;
    }
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = '';
  }
  yield `${chunk}]`;
}

function sampleJson({ labels, value }: ResultSample, timeMs: number): string {
  const time = seconds(timeMs);
  if (typeof value === 'number') return `{${metricJson(labels)},"value":[${time},"${formatValue(value)}"]}`;
  return `{${metricJson(labels)},"histogram":[${time},${JSON.stringify(histogramJson(value))}]}`;
}

/** Beginnings of series as texts; what continues them as objects. */
function* seriesParts(series: readonly ResultSeries[]): Generator<string | { readonly text: string }> {
  for (const { labels, timesMs, values, histogramTimesMs, histograms } of series) {
    yield `{${metricJson(labels)}`;
    let text = '';
    for (let i = 0; i < values.length; i++) {
      text += `${i === 0 ? ',"values":[' : ','}[${seconds(timesMs[i]!)},"${formatValue(values[i]!)}"]`;
      if (text.length < chunkLength) continue;
      yield { text };
      text = '';
    }
    if (values.length > 0) text += ']';
    for (let i = 0; i < histograms.length; i++) {
      text += `${i === 0 ? ',"histograms":[' : ','}[${seconds(histogramTimesMs[i]!)},${JSON.stringify(histogramJson(histograms[i]!))}]`;
    }
    if (histograms.length > 0) text += ']';
    yield { text: `${text}}` };
  }
}
