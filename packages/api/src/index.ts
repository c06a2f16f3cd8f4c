export { lend } from './consumer.ts';
export type { Consumed, Consumer } from './consumer.ts';
export type { Clock, Component, ComponentKind, Context, Host, ItemLedger, Logger, LogLevel, Timer } from './component.ts';
export type {
  ConnectorFactory,
  ConnectorOutputs,
  ExporterFactory,
  Extension,
  ExtensionFactory,
  Factory,
  FactoryBase,
  FactoryEntry,
  ProcessorFactory,
  ReceiverFactory,
  SignalFactory,
  Stability,
  Stage,
} from './factory.ts';
export { isPermanent, isPipelineError, PipelineError } from './pipeline-error.ts';
export type { PipelineErrorOptions } from './pipeline-error.ts';
export { Batch, BufferPool, createBatch, Key, key, KeySet, keySet, MemoryLedger, noClient, signals, WireError } from '@millrace/wire';
export type {
  AttributesEdit,
  AttributesView,
  Client,
  DataPointView,
  EventView,
  ExemplarView,
  LinkView,
  LogView,
  MetricEdit,
  MetricView,
  Plain,
  PointWriter,
  ResourceEdit,
  ResourceView,
  ScopeEdit,
  ScopeView,
  Signal,
  SpanView,
  ValueView,
  Verdict,
  Visitor,
} from '@millrace/wire';
