import protobuf from 'protobufjs';
import { bool, double, i32, i64, list, string, struct, type ThriftValue } from './thrift-writer.ts';

/** A tag's value: bigint is a long. */
export type TagValue = string | number | boolean | bigint | Uint8Array;

/** A span of Jaeger's model as tests write it; ids are hex. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  /** Thrift's own parent field. */
  readonly parentSpanId?: string;
  readonly references?: readonly { readonly childOf: boolean; readonly traceId: string; readonly spanId: string }[];
  readonly flags?: number;
  readonly startMicros: bigint;
  readonly durationMicros: bigint;
  readonly tags?: Readonly<Record<string, TagValue>>;
  readonly logs?: readonly { readonly micros: bigint; readonly fields: Readonly<Record<string, TagValue>> }[];
}

/** A batch of Jaeger's model as tests write it. */
export interface Batch {
  readonly service: string;
  readonly tags?: Readonly<Record<string, TagValue>>;
  readonly spans: readonly Span[];
}

const half = (hex: string, upper: boolean): bigint => {
  const id = hex.padStart(32, '0');
  return BigInt.asIntN(64, BigInt(`0x${upper ? id.slice(0, 16) : id.slice(16)}`));
};

function thriftTags(tags: Readonly<Record<string, TagValue>>): ThriftValue {
  return list(
    'struct',
    Object.entries(tags).map(([key, value]) => {
      const named = (type: number, field: number, written: ThriftValue): ThriftValue =>
        struct({ 1: string(key), 2: i32(type), [field]: written });
      if (typeof value === 'string') return named(0, 3, string(value));
      if (typeof value === 'number') return named(1, 4, double(value));
      if (typeof value === 'boolean') return named(2, 5, bool(value));
      if (typeof value === 'bigint') return named(3, 6, i64(value));
      return named(4, 7, string(value));
    }),
  );
}

/** The batch as jaeger.thrift has it; `process` replaces the one of the batch. */
export function thriftBatch({ service, tags, spans }: Batch, process?: ThriftValue): ThriftValue {
  return struct({
    1: process ?? struct({ 1: string(service), 2: tags === undefined ? undefined : thriftTags(tags) }),
    2: list(
      'struct',
      spans.map((span) =>
        struct({
          1: i64(half(span.traceId, false)),
          2: i64(half(span.traceId, true)),
          3: i64(half(span.spanId, false)),
          4: i64(half(span.parentSpanId ?? '', false)),
          5: string(span.name),
          6:
            span.references === undefined
              ? undefined
              : list(
                  'struct',
                  span.references.map((reference) =>
                    struct({
                      1: i32(reference.childOf ? 0 : 1),
                      2: i64(half(reference.traceId, false)),
                      3: i64(half(reference.traceId, true)),
                      4: i64(half(reference.spanId, false)),
                    }),
                  ),
                ),
          7: i32(span.flags ?? 1),
          8: i64(span.startMicros),
          9: i64(span.durationMicros),
          10: span.tags === undefined ? undefined : thriftTags(span.tags),
          11:
            span.logs === undefined
              ? undefined
              : list(
                  'struct',
                  span.logs.map(({ micros, fields }) => struct({ 1: i64(micros), 2: thriftTags(fields) })),
                ),
        }),
      ),
    ),
  });
}

/** api_v2 as protobufjs knows it, written down from the fields of jaeger-idl's model.proto and collector.proto. */
export const jaegerProto: protobuf.Root = protobuf.parse(`
  syntax = "proto3";
  package jaeger.api_v2;
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message KeyValue { string key = 1; int32 v_type = 2; string v_str = 3; bool v_bool = 4; int64 v_int64 = 5; double v_float64 = 6; bytes v_binary = 7; }
  message Log { Timestamp timestamp = 1; repeated KeyValue fields = 2; }
  message SpanRef { bytes trace_id = 1; bytes span_id = 2; int32 ref_type = 3; }
  message Process { string service_name = 1; repeated KeyValue tags = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string operation_name = 3; repeated SpanRef references = 4; uint32 flags = 5;
    Timestamp start_time = 6; Duration duration = 7; repeated KeyValue tags = 8; repeated Log logs = 9; Process process = 10;
    string process_id = 11; repeated string warnings = 12;
  }
  message Batch { repeated Span spans = 1; Process process = 2; }
  message PostSpansRequest { Batch batch = 1; }
`).root;

const time = (micros: bigint): object => ({ seconds: Number(micros / 1_000_000n), nanos: Number(micros % 1_000_000n) * 1000 });

const longOf = (value: bigint): unknown =>
  (protobuf.util.Long as unknown as { fromString(text: string): unknown }).fromString(String(value));

function protoTags(tags: Readonly<Record<string, TagValue>> = {}): object[] {
  return Object.entries(tags).map(([key, value]) => {
    if (typeof value === 'string') return { key, vType: 0, vStr: value };
    if (typeof value === 'boolean') return { key, vType: 1, vBool: value };
    if (typeof value === 'bigint') return { key, vType: 2, vInt64: longOf(value) };
    if (typeof value === 'number') return { key, vType: 3, vFloat64: value };
    return { key, vType: 4, vBinary: value };
  });
}

/** A Process as protobufjs takes it. */
export function protoProcess(service: string, tags?: Readonly<Record<string, TagValue>>): object {
  return { serviceName: service, tags: protoTags(tags) };
}

/** A Span as protobufjs takes it; Thrift's parent field becomes a reference. */
export function protoSpan(span: Span): Record<string, unknown> {
  const parent = span.parentSpanId === undefined ? [] : [{ childOf: true, traceId: span.traceId, spanId: span.parentSpanId }];
  return {
    traceId: Buffer.from(span.traceId.padStart(32, '0'), 'hex'),
    spanId: Buffer.from(span.spanId, 'hex'),
    operationName: span.name,
    references: [...parent, ...(span.references ?? [])].map(({ childOf, traceId, spanId }) => ({
      traceId: Buffer.from(traceId.padStart(32, '0'), 'hex'),
      spanId: Buffer.from(spanId, 'hex'),
      refType: childOf ? 0 : 1,
    })),
    flags: span.flags ?? 1,
    startTime: time(span.startMicros),
    duration: time(span.durationMicros),
    tags: protoTags(span.tags),
    logs: (span.logs ?? []).map(({ micros, fields }) => ({ timestamp: time(micros), fields: protoTags(fields) })),
  };
}

/** An encoded PostSpansRequest. */
export function postSpansRequest(batch: object): Buffer {
  return Buffer.from(jaegerProto.lookupType('PostSpansRequest').encode({ batch }).finish());
}

/** The batch as an encoded PostSpansRequest. */
export function postSpans({ service, tags, spans }: Batch): Buffer {
  return postSpansRequest({ spans: spans.map(protoSpan), process: protoProcess(service, tags) });
}
