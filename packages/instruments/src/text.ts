import { ByteSink, createWriter, encodeLabels, LabelNames, unitName } from '@millrace/prometheus-format';
import type { Exemplar, ExpositionFormat, ExpositionWriter, FamilyType, Label } from '@millrace/prometheus-format';
import { overflowLabel } from './definition.ts';
import type { InstrumentKind } from './definition.ts';
import { ExponentialSeries } from './exponential-series.ts';
import { GaugeSeries } from './gauge-series.ts';
import { HistogramSeries } from './histogram-series.ts';
import type { MeasuredExample } from './histogram-series.ts';
import type { Series } from './series.ts';
import type { Stream } from './stream.ts';
import { SumSeries } from './sum-series.ts';
import { SummarySeries } from './summary-series.ts';

const types: Readonly<Record<InstrumentKind, FamilyType>> = {
  counter: 'counter',
  updown: 'gauge',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
};
const names = new LabelNames({ utf8: false });

/** Metrics in a format of Prometheus, in order of their names, `target_info` last. */
export function writeText(
  streams: readonly Stream[],
  format: ExpositionFormat,
  resource: Readonly<Record<string, string | number | boolean>>,
): Buffer[] {
  const sink = new ByteSink();
  const writer = createWriter(format, sink);
  for (const stream of streams.toSorted((a, b) => (a.exposedName < b.exposedName ? -1 : 1))) writeStream(writer, stream);
  const target = Object.entries(resource).map(([key, value]): Label => [names.label(key), String(value)]);
  if (target.length > 0) {
    writer.beginFamily({ name: 'target_info', type: 'gauge', help: 'Target metadata' });
    writer.number(encodeLabels(target), 1, { timestampMs: Number.NaN, createdMs: Number.NaN });
    writer.endFamily();
  }
  writer.end();
  return sink.take();
}

function writeStream(writer: ExpositionWriter, stream: Stream): void {
  const { kind, description, unit } = stream.definition;
  let isBegun = false;
  for (const series of stream.all()) {
    if (!isBegun)
      writer.beginFamily({
        name: stream.exposedName,
        type: types[kind],
        ...(description !== '' && { help: description }),
        unit: unitName(unit),
      });
    isBegun = true;
    writeSeries(writer, series);
  }
  if (isBegun) writer.endFamily();
}

function writeSeries(writer: ExpositionWriter, series: Series): void {
  const labels = (series.text ??= textOf(series));
  const times = { timestampMs: Number.NaN, createdMs: series.startMs };
  if (series instanceof SumSeries || series instanceof GaugeSeries) writer.number(labels, series.value, times);
  else if (series instanceof HistogramSeries) {
    const { counts, sum } = series;
    const cumulative = new Float64Array(counts.length);
    let count = 0;
    for (let i = 0; i < counts.length; i++) cumulative[i] = count += counts[i]!;
    const exemplars = series.exemplars?.map((exemplar) => exemplar && shown(exemplar));
    writer.histogram(labels, { count, sum, bounds: series.stream.boundaries, counts: cumulative, ...(exemplars && { exemplars }) }, times);
  } else if (series instanceof ExponentialSeries) {
    const { count, sum, sketch } = series;
    const { scale, zeroThreshold, zeroCount } = sketch;
    const native = { schema: scale, zeroThreshold, zeroCount, positive: buckets(sketch.positive), negative: buckets(sketch.negative) };
    writer.histogram(labels, { count, sum, bounds: [], counts: [], native }, times);
  } else if (series instanceof SummarySeries) {
    const { quantiles } = series.stream.definition;
    writer.summary(labels, { count: series.count, sum: series.sum, quantiles, values: series.quantiles(quantiles) }, times);
  }
}

function shown({ traceId, spanId, value, timeMs }: MeasuredExample): Exemplar {
  return {
    labels: [
      ['trace_id', traceId],
      ['span_id', spanId],
    ],
    value,
    timestampMs: timeMs,
  };
}

/** Prometheus counts buckets by their upper, OpenTelemetry by their lower end. */
function buckets({ offset, state }: { readonly offset: number; readonly state: { readonly counts: ArrayLike<number> } }): {
  spans: number[];
  counts: ArrayLike<number>;
} {
  return { spans: state.counts.length === 0 ? [] : [offset + 1, state.counts.length], counts: state.counts };
}

function textOf({ stream, values, isOverflow }: Series): string {
  if (isOverflow) return encodeLabels([[names.label(overflowLabel), 'true']]);
  return encodeLabels(
    values.flatMap((value, i): Label[] => (value === undefined ? [] : [[names.label(stream.labels[i]!), String(value)]])),
  );
}
