import type { DataPointView } from '@millrace/wire';
import type { Payload } from '../payload.ts';
import { MessageList } from './message-list.ts';
import { type Dimensions, seriesTypes, writeSeries, writeSketch } from './series.ts';

/** Why a data point is not sent. */
export type PointDrop = 'no_recorded_value' | 'not_finite' | 'unsupported_metric' | 'invalid_histogram';

/** What became of a batch. */
export interface MappedMetrics {
  readonly series: Payload[];
  readonly sketches: Payload[];
  /** Encoded `StatsPayload`s that a connector put into it. */
  readonly stats: Buffer[];
  readonly statsPoints: number;
  readonly dropped: ReadonlyMap<PointDrop, number>;
}

/** Limits of the agent's serializer. */
const maxSeriesBytes = 5_242_880;
const maxSeriesPoints = 10_000;
const maxSketchBytes = 4 * 1024 * 1024;

/** Collects what the data points of one batch are sent as, and counts each point once. */
export class PointOutput {
  readonly #series = new MessageList(maxSeriesBytes, maxSeriesPoints);
  readonly #sketches = new MessageList(maxSketchBytes);
  readonly #stats: Buffer[] = [];
  readonly #dropped = new Map<PointDrop, number>();
  #statsPoints = 0;
  /** 1 until the point gave its first series or sketch. */
  #fresh = 0;

  /** What follows belongs to the next data point. */
  nextPoint(): void {
    this.#fresh = 1;
  }

  count(series: Dimensions, point: DataPointView, value: number): void {
    this.#append(series, seriesTypes.count, point, value);
  }

  gauge(series: Dimensions, point: DataPointView, value: number): void {
    this.#append(series, seriesTypes.gauge, point, value);
  }

  sketch(series: Dimensions, point: DataPointView, sketch: Parameters<typeof writeSketch>[3]): void {
    this.#sketches.append(this.#fresh, (writer) => writeSketch(writer, series, seconds(point), sketch));
    this.#fresh = 0;
  }

  /** Takes what a point of the connector carries. */
  stats(payload: unknown): void {
    this.#statsPoints++;
    if (payload instanceof Uint8Array) this.#stats.push(Buffer.from(payload));
    else this.drop('unsupported_metric');
  }

  /** Counts the point as dropped, unless it gave something before. */
  drop(reason: PointDrop): void {
    if (this.#fresh === 1) this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  finish(): MappedMetrics {
    return {
      series: this.#series.finish(),
      sketches: this.#sketches.finish(),
      stats: this.#stats,
      statsPoints: this.#statsPoints,
      dropped: this.#dropped,
    };
  }

  #append(series: Dimensions, type: number, point: DataPointView, value: number): void {
    this.#series.append(this.#fresh, (writer) => writeSeries(writer, series, type, seconds(point), value));
    this.#fresh = 0;
  }
}

function seconds(point: DataPointView): number {
  return Number(point.timeUnixNano / 1_000_000_000n);
}
