export { Batch, createBatch } from './batch.ts';
export { BufferPool, Lease } from './buffer-pool.ts';
export type { BufferPoolOptions } from './buffer-pool.ts';
export { noClient } from './client.ts';
export type { Client } from './client.ts';
export { decodeMessageJson, encodeMessageJson } from './json/message-json.ts';
export { encodeJson } from './json/protobuf-to-json.ts';
export type { Encoded } from './json/protobuf-writer.ts';
export { Key, KeySet, key, keySet } from './key.ts';
export { MemoryLedger } from './memory-ledger.ts';
export type { MemoryAccount } from './memory-ledger.ts';
export { itemMessages, messages, requestMessage } from './schema.ts';
export type { Field, FieldType, Message } from './schema.ts';
export { signals } from './signal.ts';
export type { Signal } from './signal.ts';
export { WireError } from './wire-error.ts';
export type { PointWriter, Verdict, Visitor, VisitorTraits } from './visitor.ts';
export type {
  AttributesEdit,
  AttributesView,
  BucketsView,
  ByteRange,
  DataPointView,
  EditableListView,
  EntityRefView,
  EventView,
  ExemplarView,
  ItemView,
  LinkView,
  ListView,
  LogView,
  MetricEdit,
  MetricType,
  MetricView,
  Plain,
  QuantileView,
  ResourceEdit,
  ResourceView,
  ScopeEdit,
  ScopeView,
  SpanView,
  ValueType,
  ValueView,
} from './views.ts';
