import type { BatchBuilder, NewResource, NewScope } from '@millrace/wire';
import type { ProtoReader } from '@millrace/trace-format';
import { addSpan, type Attributes, type JaegerReference, type JaegerSpan, resourceAttributes, takeText } from './jaeger-span.ts';

const nanosInSecond = 1_000_000_000n;
const noId = Buffer.alloc(16);
const noSpanId = Buffer.alloc(8);

interface Process {
  readonly serviceName: string;
  readonly tags: Attributes;
}

/**
 * Reads an api_v2.PostSpansRequest and adds its spans (jaeger-idl, proto/api_v2; contrib's pkg/translator/jaeger). A span's own process
 * goes before that of the batch.
 *
 * @throws WireError with the byte's offset when the bytes are none.
 */
export function readPostSpans(reader: ProtoReader, builder: BatchBuilder): void {
  const { position } = reader;
  let process: Process | undefined;
  forEachField(reader, 2, () => (process = readProcess(reader)));
  // The process stands behind the spans. Those are read one by one: a payload of tiny ones must not become a heap of objects.
  reader.position = position;
  const shared = resourceOf(builder, process);
  let scope: NewScope | undefined;
  let scopeKey = '';
  forEachField(reader, 1, () => {
    const read = readSpan(reader);
    if (read === undefined) return;
    const { span, process: own } = read;
    const name = takeText(span.tags, 'otel.scope.name');
    const version = name === undefined ? '' : (takeText(span.tags, 'otel.scope.version') ?? '');
    const traceState = takeText(span.tags, 'w3c.tracestate') ?? '';
    const key = `${name ?? ''}\n${version}`;
    if (own !== undefined) addSpan(resourceOf(builder, own).scope(name, version), span, traceState);
    else {
      if (scope === undefined || key !== scopeKey) scope = shared.scope(name, version);
      scopeKey = key;
      addSpan(scope, span, traceState);
    }
  });
}

/** Calls `read` for every value of one field of the batches; it reads the value. */
function forEachField(reader: ProtoReader, field: number, read: () => void): void {
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === field) read();
      else reader.skip();
    }
    reader.leave(outer);
  }
}

function resourceOf(builder: BatchBuilder, process: Process | undefined): NewResource {
  return builder.resource(process === undefined ? {} : resourceAttributes(process.serviceName, process.tags));
}

function readProcess(reader: ProtoReader): Process {
  let serviceName = '';
  const tags = Object.create(null) as Attributes;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) serviceName = reader.string();
    else if (reader.field === 2) readTag(reader, tags);
    else reader.skip();
  }
  reader.leave(outer);
  return { serviceName, tags };
}

/** `undefined` for an empty span, which the Collector leaves out. */
function readSpan(reader: ProtoReader): { span: JaegerSpan; process: Process | undefined } | undefined {
  let traceId: Buffer = noId;
  let spanId: Buffer = noSpanId;
  let name = '';
  const references: JaegerReference[] = [];
  let startUnixNano = 0n;
  let durationNanos = 0n;
  const tags = Object.create(null) as Attributes;
  const logs: { timeUnixNano: bigint; fields: Attributes }[] = [];
  let process: Process | undefined;
  const outer = reader.enter();
  const empty = reader.remaining === 0;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        traceId = readTraceId(reader);
        break;
      case 2:
        spanId = readSpanId(reader);
        break;
      case 3:
        name = reader.string();
        break;
      case 4:
        if (!skipEmpty(reader)) references.push(readReference(reader));
        break;
      case 6:
        startUnixNano = readTime(reader);
        break;
      case 7:
        durationNanos = readTime(reader);
        break;
      case 8:
        readTag(reader, tags);
        break;
      case 9:
        if (!skipEmpty(reader)) logs.push(readLog(reader));
        break;
      case 10:
        process = readProcess(reader);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (empty) return undefined;
  return { span: { traceId, spanId, name, references, startUnixNano, durationNanos, tags, logs }, process };
}

/** Moves over a message without content: it says nothing, and a payload of such must not become a heap of objects. */
function skipEmpty(reader: ProtoReader): boolean {
  if (reader.bytes[reader.position] !== 0) return false;
  reader.skip();
  return true;
}

/** 16 bytes; the 8 of an old client are the lower half. */
function readTraceId(reader: ProtoReader): Buffer {
  const at = reader.position;
  const bytes = reader.delimited();
  if (bytes.length === 16) return bytes;
  if (bytes.length !== 8) reader.fail('invalid length for TraceID', at);
  return Buffer.concat([noSpanId, bytes]);
}

function readSpanId(reader: ProtoReader): Buffer {
  const at = reader.position;
  const bytes = reader.delimited();
  if (bytes.length !== 8) reader.fail('invalid length for SpanID', at);
  return bytes;
}

function readReference(reader: ProtoReader): JaegerReference {
  let traceId: Buffer = noId;
  let spanId: Buffer = noSpanId;
  let childOf = true;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) traceId = readTraceId(reader);
    else if (reader.field === 2) spanId = readSpanId(reader);
    else if (reader.field === 3) childOf = reader.int32() === 0;
    else reader.skip();
  }
  reader.leave(outer);
  return { traceId, spanId, childOf };
}

const noFields: Attributes = Object.freeze(Object.create(null) as Attributes);

function readLog(reader: ProtoReader): { timeUnixNano: bigint; fields: Attributes } {
  let timeUnixNano = 0n;
  let fields: Attributes | undefined;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) timeUnixNano = readTime(reader);
    else if (reader.field === 2) readTag(reader, (fields ??= Object.create(null) as Attributes));
    else reader.skip();
  }
  reader.leave(outer);
  return { timeUnixNano, fields: fields ?? noFields };
}

/** A google.protobuf.Timestamp or Duration in nanoseconds. */
function readTime(reader: ProtoReader): bigint {
  let seconds = 0n;
  let nanos = 0;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) seconds = reader.int64();
    else if (reader.field === 2) nanos = reader.int32();
    else reader.skip();
  }
  reader.leave(outer);
  return seconds * nanosInSecond + BigInt(nanos);
}

const noBytes = Buffer.alloc(0);

/** api_v2 ValueType. */
const valueType = { string: 0, bool: 1, int64: 2, float64: 3, binary: 4 } as const;

function readTag(reader: ProtoReader, tags: Attributes): void {
  let name = '';
  let type = 0;
  let text = '';
  let flag = false;
  let integer = 0n;
  let number = 0;
  let bytes: Uint8Array = noBytes;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.string();
        break;
      case 2:
        type = reader.int32();
        break;
      case 3:
        text = reader.string();
        break;
      case 4:
        flag = reader.bool();
        break;
      case 5:
        integer = reader.int64();
        break;
      case 6:
        number = reader.double();
        break;
      case 7:
        bytes = reader.delimited();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  switch (type) {
    case valueType.string:
      tags[name] = text;
      break;
    case valueType.bool:
      tags[name] = flag;
      break;
    case valueType.int64:
      tags[name] = integer;
      break;
    case valueType.float64:
      tags[name] = number;
      break;
    case valueType.binary:
      tags[name] = bytes;
      break;
    default:
      tags[name] = `<Unknown Jaeger TagType "${type}">`;
  }
}
