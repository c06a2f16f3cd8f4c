import type { Labels } from './definition.ts';
import type { GaugeSeries } from './gauge-series.ts';
import type { HistogramSeries } from './histogram-series.ts';
import type { LabelValue, Series } from './series.ts';
import type { Stream } from './stream.ts';
import type { SumSeries } from './sum-series.ts';

type LabelObject = Readonly<Record<string, LabelValue | undefined>>;
type Values = readonly (LabelValue | undefined)[];

/** The arguments of a measurement: the labels are asked for when there are any. */
export type Measurement<Label extends string> = [Label] extends [never]
  ? [value: number, labels?: undefined]
  : [value: number, labels: Labels<Label>];

/** An instrument that can give its series away, to be kept: what is recorded on one is not looked up. */
export interface WithSeries<Label extends string, Kept> {
  readonly name: string;
  /** The series of these labels. */
  series(labels: Labels<Label>): Kept;
  /** The series of values in the order in which the labels were declared: the fastest way to find one. */
  seriesOf(...values: Values): Kept;
  /** The series of all that is beyond the limit: for a caller that has a limit of its own. */
  overflow(): Kept;
}

/** A series of a counter or up-down counter. */
export interface KeptSum {
  add(value: number): void;
}

/** A series of a gauge. */
export interface KeptGauge {
  set(value: number): void;
  add(value: number): void;
  subtract(value: number): void;
  /** It ends: no reading has it until it is set again. For what is not known any more. */
  end(): void;
}

/** A series of a histogram or summary. */
export interface KeptDistribution {
  record(value: number): void;
}

/** Only grows. A value below 0, and one that is not finite, is dropped and counted in `millrace.instruments.refused`; nothing is thrown. */
export interface Counter<Label extends string = never> extends WithSeries<Label, KeptSum> {
  add(...measurement: Measurement<Label>): void;
}

/** Grows and shrinks by differences. */
export interface UpDownCounter<Label extends string = never> extends WithSeries<Label, KeptSum> {
  add(...measurement: Measurement<Label>): void;
}

/** What something is now. */
export interface Gauge<Label extends string = never> extends WithSeries<Label, KeptGauge> {
  set(...measurement: Measurement<Label>): void;
  add(...measurement: Measurement<Label>): void;
  subtract(...measurement: Measurement<Label>): void;
}

/** How values are distributed over buckets. */
export interface Histogram<Label extends string = never> extends WithSeries<Label, KeptDistribution> {
  record(...measurement: Measurement<Label>): void;
}

/** Quantiles of the values of the last while. */
export interface Summary<Label extends string = never> extends WithSeries<Label, KeptDistribution> {
  record(...measurement: Measurement<Label>): void;
}

/** What the instruments have in common. Most have one stream; views can make it more. */
abstract class Instrument<Of extends Series> {
  readonly name: string;
  protected readonly stream: Stream;
  protected readonly more: readonly Stream[] | undefined;

  constructor(name: string, streams: readonly Stream[]) {
    this.name = name;
    this.stream = streams[0]!;
    this.more = streams.length > 1 ? streams.slice(1) : undefined;
  }

  protected all(find: (stream: Stream) => Series): Of[] {
    return [this.stream, ...(this.more ?? [])].map((stream) => find(stream) as Of);
  }

  protected abstract join(series: readonly Of[]): unknown;

  series(labels: LabelObject): Of {
    if (this.more === undefined) return this.stream.find(labels) as Of;
    return this.join(this.all((stream) => stream.find(labels))) as Of;
  }

  seriesOf(...values: Values): Of {
    if (this.more === undefined) return this.stream.findOf(values) as Of;
    return this.join(this.all((stream) => stream.findOf(values))) as Of;
  }

  overflow(): Of {
    if (this.more === undefined) return this.stream.overflow as Of;
    return this.join(this.all((stream) => stream.overflow)) as Of;
  }
}

/** Implements `Counter` and `UpDownCounter`. */
export class SumInstrument extends Instrument<SumSeries> {
  add(value: number, labels?: LabelObject): void {
    (this.stream.find(labels) as SumSeries).add(value);
    if (this.more !== undefined) for (const stream of this.more) (stream.find(labels) as SumSeries).add(value);
  }

  protected join(series: readonly SumSeries[]): KeptSum {
    return { add: (value) => series.forEach((one) => one.add(value)) };
  }
}

/** Implements `Gauge`. */
export class GaugeInstrument extends Instrument<GaugeSeries> {
  set(value: number, labels?: LabelObject): void {
    (this.stream.find(labels) as GaugeSeries).set(value);
    if (this.more !== undefined) for (const stream of this.more) (stream.find(labels) as GaugeSeries).set(value);
  }

  add(value: number, labels?: LabelObject): void {
    (this.stream.find(labels) as GaugeSeries).add(value);
    if (this.more !== undefined) for (const stream of this.more) (stream.find(labels) as GaugeSeries).add(value);
  }

  subtract(value: number, labels?: LabelObject): void {
    this.add(-value, labels);
  }

  protected join(series: readonly GaugeSeries[]): KeptGauge {
    return {
      set: (value) => series.forEach((one) => one.set(value)),
      add: (value) => series.forEach((one) => one.add(value)),
      subtract: (value) => series.forEach((one) => one.subtract(value)),
      end: () => series.forEach((one) => one.end()),
    };
  }
}

/** Implements `Histogram` and `Summary`. */
export class DistributionInstrument extends Instrument<HistogramSeries> {
  record(value: number, labels?: LabelObject): void {
    (this.stream.find(labels) as HistogramSeries).record(value);
    if (this.more !== undefined) for (const stream of this.more) (stream.find(labels) as HistogramSeries).record(value);
  }

  protected join(series: readonly HistogramSeries[]): KeptDistribution {
    return { record: (value) => series.forEach((one) => one.record(value)) };
  }
}
