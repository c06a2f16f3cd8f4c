export { Accumulator } from './accumulator.ts';
export { admit, admitBytes } from './admit.ts';
export { BatchBuilder } from './batch-builder.ts';
export { Batch, createBatch } from './batch.ts';
export { BufferPool, Lease } from './buffer-pool.ts';
export type { BufferPoolOptions } from './buffer-pool.ts';
export { noClient } from './client.ts';
export type { Client } from './client.ts';
export { admitJson } from './json/admit-json.ts';
export { JsonReader } from './json/json-reader.ts';
export { decodeMessageJson, encodeMessageJson } from './json/message-json.ts';
export { encodeJson } from './json/protobuf-to-json.ts';
export type { Encoded } from './json/protobuf-writer.ts';
export { Key, KeyPrefixes, KeySet, key, keyPrefixes, keySet } from './key.ts';
export { MemoryLedger } from './memory-ledger.ts';
export type { MemoryAccount } from './memory-ledger.ts';
export { merge } from './merge.ts';
export { itemMessages, messages, requestMessage } from './schema.ts';
export type { Field, FieldType, Message } from './schema.ts';
export { signals } from './signal.ts';
export type { Signal } from './signal.ts';
export { split } from './split.ts';
export type { SplitLimit } from './split.ts';
export { valueText } from './value-text.ts';
export { maxGroupDepth, maxValueDepth } from './validate.ts';
export { WireError } from './wire-error.ts';
export { NewMetric, NewResource, NewScope } from './new-items.ts';
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
  FieldsEdit,
  ItemView,
  LinkView,
  ListView,
  LogView,
  MetricEdit,
  MetricType,
  MetricView,
  Plain,
  PlainInput,
  QuantileView,
  ResourceEdit,
  ResourceView,
  ScopeEdit,
  ScopeView,
  SpanView,
  ValueType,
  ValueView,
} from './views.ts';
export { ByteWriter } from './walk/byte-writer.ts';
export { addKeyedHash, setHashSeed } from './walk/hash.ts';
export { skipField } from './walk/scan.ts';
export { walk } from './walk/walk.ts';
export type { Walk } from './walk/walk.ts';
export type {
  BucketsInput,
  EventInput,
  ExemplarInput,
  ExponentialHistogramPointInput,
  HistogramPointInput,
  IdInput,
  LinkInput,
  LogInput,
  MetricInput,
  NumberPointInput,
  PlainAttributes,
  PointInputs,
  SpanInput,
  SummaryPointInput,
} from './item-inputs.ts';
