export { createMillrace } from './create-millrace.ts';
export { Millrace } from './millrace.ts';
export type { MetricsReader, MillraceConfig, PipelineConfig, PrometheusOptions, SdkOptions } from './options.ts';
export type { ObserveOptions } from './observe/observed-call.ts';
export { Recorder } from './recording/recorder.ts';
export type { Detail, RecorderOptions } from './recording/recorder.ts';
export type {
  BatchEvent,
  CacheEvent,
  ErrorEvent,
  InferenceEvent,
  PolicyEvent,
  RetryEvent,
  RoutingEvent,
  Timed,
} from './recording/events.ts';
export type { SpanStart, TracedSpan } from './tracing/tracing.ts';
