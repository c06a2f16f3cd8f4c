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
  ReceiverFactory,
  Scope,
  SignalFactory,
  Stability,
  Stage,
} from './factory.ts';
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
