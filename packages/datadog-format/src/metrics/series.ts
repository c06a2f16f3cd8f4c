import type { ProtoWriter } from '../proto-writer.ts';
import type { DogSketch } from './dog-sketch.ts';

/** The types of series (MetricPayload.MetricType). */
export const seriesTypes = { count: 1, gauge: 3 } as const;

/** What identifies a series. */
export interface Dimensions {
  readonly name: string;
  readonly host: string;
  readonly tags: readonly string[];
  readonly unit: string;
  /** See `originService`. */
  readonly origin: number;
}

/** Datadog's number of the Collector's exporter, as the product that metrics come from. */
const originProduct = 19;

/** Writes a series with one point (agent-payload, MetricPayload.series). */
export function writeSeries(writer: ProtoWriter, series: Dimensions, type: number, seconds: number, value: number): void {
  const mark = writer.begin(1);
  const host = writer.begin(1);
  writer.string(1, 'host');
  writer.string(2, series.host);
  writer.end(host);
  writer.string(2, series.name);
  for (const tag of series.tags) writer.text(3, tag);
  const point = writer.begin(4);
  writer.double(1, value);
  writer.integer(2, seconds);
  writer.end(point);
  writer.integer(5, type);
  writer.string(6, series.unit);
  writeOrigin(writer, 9, series.origin);
  writer.end(mark);
}

/** Writes a distribution with one sketch (agent-payload, SketchPayload.sketches). */
export function writeSketch(writer: ProtoWriter, series: Dimensions, seconds: number, sketch: DogSketch): void {
  const mark = writer.begin(1);
  writer.string(1, series.name);
  writer.string(2, series.host);
  for (const tag of series.tags) writer.text(4, tag);
  const dogSketch = writer.begin(7);
  writer.integer(1, seconds);
  writer.integer(2, sketch.count);
  writer.double(3, sketch.min);
  writer.double(4, sketch.max);
  writer.double(5, sketch.average);
  writer.double(6, sketch.sum);
  const { keys, counts } = sketch.bins();
  writer.packedSint32(7, keys);
  writer.packedUint32(8, counts);
  writer.end(dogSketch);
  writeOrigin(writer, 8, series.origin);
  writer.end(mark);
}

function writeOrigin(writer: ProtoWriter, field: number, service: number): void {
  const metadata = writer.begin(field);
  const origin = writer.begin(1);
  writer.integer(4, originProduct);
  writer.integer(6, service);
  writer.end(origin);
  writer.end(metadata);
}
