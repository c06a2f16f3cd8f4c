export { defaultBoundaries } from './definition.ts';
export { EventClock } from './event-clock.ts';
export type { HistogramOptions, InstrumentKind, InstrumentOptions, Labels, SummaryOptions } from './definition.ts';
export type { TraceContext } from './histogram-series.ts';
export type {
  Counter,
  Gauge,
  Histogram,
  KeptDistribution,
  KeptGauge,
  KeptSum,
  Measurement,
  Summary,
  UpDownCounter,
  WithSeries,
} from './instruments.ts';
export { Reader } from './reader.ts';
export type { ReaderOptions, Temporality } from './reader.ts';
export { receive, Relay } from './relay.ts';
export type { RelayOptions, RelaySource, RelayTarget } from './relay.ts';
export { RollingMean } from './rolling-mean.ts';
export type { Mean } from './rolling-mean.ts';
export { Registry } from './registry.ts';
export type { RegistryOptions } from './registry.ts';
export type { LabelValue } from './series.ts';
export type { View } from './view.ts';
