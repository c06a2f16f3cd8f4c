export { isClientAuthenticator, isServerAuthenticator } from './auth.ts';
export type { AuthData, ClientAuthenticator, RequestHeaders, ServerAuthenticator } from './auth.ts';
export { lend, over } from './consumer.ts';
export type { Consumed, Consumer } from './consumer.ts';
export type { Clock, Component, ComponentKind, Context, Host, ItemLedger, Logger, LogLevel, Tally, Timer } from './component.ts';
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
  ProcessorVisitor,
  ReceiverFactory,
  Scope,
  SignalFactory,
  Stability,
  Stage,
} from './factory.ts';
export type { ConfigOf, ConfigSchema, NoSettings, OnlyKeywords, SchemaType } from './plugin/config-of.ts';
export { defineConnector } from './plugin/define-connector.ts';
export type { ConnectorPlugin } from './plugin/define-connector.ts';
export { defineExporter } from './plugin/define-exporter.ts';
export type { ExportBatch, ExporterPlugin, ExporterPluginFactory, OpenExporter } from './plugin/define-exporter.ts';
export { defineProcessor } from './plugin/define-processor.ts';
export type { ItemVerdict, ProcessorPlugin } from './plugin/define-processor.ts';
export { defineReceiver } from './plugin/define-receiver.ts';
export type { ReceiverPlugin } from './plugin/define-receiver.ts';
export type { Emit, EmittedSignal, MetricWithPoints, Origin } from './plugin/emit.ts';
export { PluginError } from './plugin/definition.ts';
export type { PluginSettings } from './plugin/plugin-run.ts';
export { isMetricSource } from './metric-source.ts';
export type {
  HistogramSample,
  LabelMatcher,
  MetricMetadata,
  MetricSource,
  MetricSourceExtension,
  SampleBuckets,
  SeriesExemplars,
  SeriesSamples,
  SeriesSelection,
} from './metric-source.ts';
export type { ComponentInfo, OwnSpan, PipelineInfo, ServiceInfo, Status, StatusReport } from './status.ts';
export { isStorage } from './storage.ts';
export type { BatchLog, LogOwner, StorageExtension, StoredBatch } from './storage.ts';
export { sharedPorts } from './shared-ports.ts';
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
  LogInput,
  LogView,
  MetricEdit,
  MetricInput,
  MetricView,
  Plain,
  PlainAttributes,
  PointInputs,
  PointWriter,
  ResourceEdit,
  ResourceView,
  ScopeEdit,
  ScopeView,
  Signal,
  SpanInput,
  SpanView,
  ValueView,
  Verdict,
  Visitor,
} from '@millrace/wire';
