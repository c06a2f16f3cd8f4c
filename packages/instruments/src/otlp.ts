import { ByteWriter, createBatch, noClient } from '@millrace/wire';
import type { Batch, BufferPool } from '@millrace/wire';
import { attributesTags, writeDistribution, writeNumber, writeTimes } from '@millrace/timeseries';
import type { PointKind } from '@millrace/timeseries';
import { overflowLabel } from './definition.ts';
import { ExponentialSeries } from './exponential-series.ts';
import { GaugeSeries } from './gauge-series.ts';
import { HistogramSeries } from './histogram-series.ts';
import type { MeasuredExample } from './histogram-series.ts';
import type { LabelValue, Series } from './series.ts';
import type { Stream } from './stream.ts';
import { SumSeries } from './sum-series.ts';
import { SummarySeries } from './summary-series.ts';

const initialBytes = 1 << 14;
const delta = 1;
const cumulative = 2;
/** Of `Metric.data`. */
const dataTags = { gauge: 0x2a, sum: 0x3a, histogram: 0x4a, exponentialHistogram: 0x52, summary: 0x5a } as const;

/** What a reader says of a request. */
export interface BatchOptions {
  readonly resource: Readonly<Record<string, LabelValue>>;
  readonly scope: { readonly name: string; readonly version?: string };
  readonly isDelta: boolean;
  readonly nowMs: number;
  /** What to write of a series; undefined for nothing. */
  point(series: Series): Series | undefined;
  startMs(series: Series): number;
}

/** Metrics as an OTLP request; undefined without points. */
export function writeBatch(streams: readonly Stream[], pool: BufferPool, options: BatchOptions): Batch | undefined {
  const lease = pool.lease(initialBytes);
  const to = new ByteWriter(lease);
  let points = 0;
  try {
    const at = to.begin(0x0a);
    const resourceAt = to.begin(0x0a);
    for (const [key, value] of Object.entries(options.resource)) writeAttribute(to, 0x0a, key, value);
    to.end(resourceAt);
    const groupAt = to.begin(0x12);
    const scopeAt = to.begin(0x0a);
    writeText(to, 0x0a, options.scope.name);
    if (options.scope.version !== undefined) writeText(to, 0x12, options.scope.version);
    to.end(scopeAt);
    for (const stream of streams) points += writeMetric(to, stream, options);
    to.end(groupAt);
    to.end(at);
  } catch (error) {
    lease.release();
    throw error;
  }
  if (points > 0) return createBatch('metrics', lease, 0, to.position, points, noClient);
  lease.release();
  return undefined;
}

function writeMetric(to: ByteWriter, stream: Stream, options: BatchOptions): number {
  const { name, description, unit, kind, exponential } = stream.definition;
  const isSum = kind === 'counter' || kind === 'updown';
  const data = isSum ? 'sum' : exponential ? 'exponentialHistogram' : kind;
  const begin = to.position;
  const at = to.begin(0x12);
  writeText(to, 0x0a, name);
  if (description !== '') writeText(to, 0x12, description);
  if (unit !== '') writeText(to, 0x1a, unit);
  const dataAt = to.begin(dataTags[data as keyof typeof dataTags]);
  let points = 0;
  for (const series of stream.all()) {
    const point = options.point(series);
    if (point === undefined) continue;
    writePoint(to, series, point, options);
    points++;
  }
  if (data !== 'gauge' && data !== 'summary') {
    to.byte(0x10);
    to.byte(options.isDelta && kind !== 'updown' ? delta : cumulative);
  }
  if (kind === 'counter') {
    to.byte(0x18);
    to.byte(1);
  }
  to.end(dataAt);
  to.end(at);
  if (points === 0) to.position = begin;
  return points;
}

function writePoint(to: ByteWriter, series: Series, point: Series, options: BatchOptions): void {
  const isAbsolute = series.stream.definition.kind === 'updown' || series.stream.definition.kind === 'summary';
  const startMs = series instanceof GaugeSeries ? 0 : isAbsolute ? series.startMs : options.startMs(series);
  const kind: PointKind =
    point instanceof HistogramSeries
      ? 'histogram'
      : point instanceof ExponentialSeries
        ? 'exponentialHistogram'
        : point instanceof SummarySeries
          ? 'summary'
          : 'number';
  const at = to.begin(0x0a);
  to.bytes((series.attributes ??= attributesOf(series, attributesTags[kind])));
  writeTimes(to, nanoseconds(startMs), nanoseconds(options.nowMs));
  if (point instanceof SumSeries || point instanceof GaugeSeries) writeNumber(to, point.value);
  else if (point instanceof HistogramSeries || point instanceof ExponentialSeries) {
    const sketch = point instanceof ExponentialSeries ? point.sketch : undefined;
    const bounds = point instanceof HistogramSeries ? Float64Array.from(point.stream.boundaries) : none;
    const counts = point instanceof HistogramSeries ? point.counts : none;
    const { count, sum } = point;
    const extremes = Number.isNaN(point.min) ? { min: undefined, max: undefined } : { min: point.min, max: point.max };
    writeDistribution(to, kind as 'histogram', { count, sum, bounds, counts, sketch, ...extremes });
  } else if (point instanceof SummarySeries) writeSummary(to, point);
  if (series instanceof HistogramSeries && series.exemplars !== undefined) {
    for (const exemplar of series.exemplars)
      if (exemplar !== undefined && (!options.isDelta || exemplar.timeMs >= startMs)) writeExemplar(to, exemplar);
  }
  to.end(at);
}

const none = new Float64Array(0);

function writeSummary(to: ByteWriter, point: SummarySeries): void {
  const { quantiles } = point.stream.definition;
  to.byte(0x21);
  to.fixed64(BigInt(point.count));
  to.byte(0x29);
  to.double(point.sum);
  point.quantiles(quantiles).forEach((value, i) => {
    if (Number.isNaN(value)) return;
    const at = to.begin(0x32);
    to.byte(0x09);
    to.double(quantiles[i]!);
    to.byte(0x11);
    to.double(value);
    to.end(at);
  });
}

function writeExemplar(to: ByteWriter, { traceId, spanId, value, timeMs }: MeasuredExample): void {
  const at = to.begin(0x42);
  to.byte(0x11);
  to.fixed64(nanoseconds(timeMs));
  to.byte(0x19);
  to.double(value);
  for (const [tag, id] of [
    [0x22, spanId],
    [0x2a, traceId],
  ] as const) {
    const idAt = to.begin(tag);
    to.bytes(Buffer.from(id, 'hex'));
    to.end(idAt);
  }
  to.end(at);
}

function attributesOf({ stream, values, isOverflow }: Series, tag: number): Uint8Array {
  const to = new ByteWriter();
  if (isOverflow) writeAttribute(to, tag, overflowLabel, true);
  values.forEach((value, i) => {
    if (value !== undefined) writeAttribute(to, tag, stream.labels[i]!, value);
  });
  return Uint8Array.prototype.slice.call(to.buffer, 0, to.position);
}

function writeAttribute(to: ByteWriter, tag: number, key: string, value: LabelValue): void {
  const at = to.begin(tag);
  writeText(to, 0x0a, key);
  const valueAt = to.begin(0x12);
  if (typeof value === 'string') writeText(to, 0x0a, value);
  else if (typeof value === 'boolean') {
    to.byte(0x10);
    to.byte(value ? 1 : 0);
  } else if (Number.isSafeInteger(value)) {
    to.byte(0x18);
    to.varint64(BigInt(value));
  } else {
    to.byte(0x21);
    to.double(value);
  }
  to.end(valueAt);
  to.end(at);
}

function writeText(to: ByteWriter, tag: number, text: string): void {
  const at = to.begin(tag);
  to.text(text);
  to.end(at);
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1e3)) * 1_000n;
}
