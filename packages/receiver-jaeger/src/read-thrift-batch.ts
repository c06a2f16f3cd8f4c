import type { BatchBuilder, NewScope } from '@millrace/wire';
import { type ThriftReader, thriftType } from '@millrace/trace-format';
import { addSpan, type Attributes, type JaegerReference, resourceAttributes } from './jaeger-span.ts';

const { bool, i32, i64, double, string, struct, list } = thriftType;
const microsecond = 1000n;

/** A set of required fields, as bits by field id. */
function fields(...ids: number[]): number {
  return ids.reduce((bits, id) => bits | (1 << id), 0);
}

const requiredOf = {
  Batch: fields(1, 2),
  Process: fields(1),
  Span: fields(1, 2, 3, 4, 5, 7, 8, 9),
  SpanRef: fields(1, 2, 3, 4),
  Tag: fields(1, 2),
  Log: fields(1, 2),
} as const;

/** Refuses a struct that lacks a required field. */
function checkRequired(reader: ThriftReader, name: keyof typeof requiredOf, seen: number): void {
  const missing = requiredOf[name] & ~seen;
  if (missing !== 0) reader.fail(`required field ${31 - Math.clz32(missing)} of ${name} is not set`);
}

/**
 * Reads a jaeger.thrift Batch and adds its spans (jaeger.thrift; contrib's pkg/translator/jaeger: neither scope nor trace state come out
 * of tags here).
 *
 * @throws WireError with the byte's offset when the bytes are none.
 */
export function readThriftBatch(reader: ThriftReader, builder: BatchBuilder): void {
  const lists: number[] = [];
  let resource: Attributes = {};
  let seen = 0;
  reader.beginStruct();
  while (reader.next()) {
    seen |= reader.fieldBit;
    if (reader.is(1, struct)) resource = readProcess(reader);
    else {
      if (reader.is(2, list)) lists.push(reader.position);
      reader.skip();
    }
  }
  checkRequired(reader, 'Batch', seen);
  // The process may stand behind the spans. Those are read one by one: a payload of tiny ones must not become a heap of objects.
  let scope: NewScope | undefined;
  for (const position of lists) {
    reader.position = position;
    readList(reader, () => {
      const span = readSpan(reader);
      if (!span.blank) addSpan((scope ??= builder.resource(resource).scope()), span);
    });
  }
}

/** Counts the spans of a Batch without reading them; as many as can be told of a broken one. */
export function countSpans(reader: ThriftReader): number {
  try {
    reader.beginStruct();
    while (reader.next()) {
      if (reader.is(2, list)) return reader.beginList();
      reader.skip();
    }
  } catch {
    // What cannot be read has no spans to count.
  }
  return 0;
}

/** Reads the list of structs that is the value of the field; lists of anything else are skipped. */
function readList(reader: ThriftReader, read: () => void): void {
  const size = reader.beginList();
  const { elementType } = reader;
  for (let i = 0; i < size; i++) {
    if (elementType === struct) read();
    else reader.skipValue(elementType, 0);
  }
}

function readProcess(reader: ThriftReader): Attributes {
  let serviceName = '';
  let tags = Object.create(null) as Attributes;
  let seen = 0;
  reader.beginStruct();
  while (reader.next()) {
    seen |= reader.fieldBit;
    if (reader.is(1, string)) serviceName = reader.string();
    else if (reader.is(2, list)) tags = readTags(reader);
    else reader.skip();
  }
  checkRequired(reader, 'Process', seen);
  return resourceAttributes(serviceName, tags);
}

type ThriftSpan = Parameters<typeof addSpan>[1] & { readonly blank: boolean };

function readSpan(reader: ThriftReader): ThriftSpan {
  const ids = Buffer.alloc(32);
  let name = '';
  let references: JaegerReference[] = [];
  let startMicros = 0n;
  let durationMicros = 0n;
  let tags: Attributes | undefined;
  let logs: { timeUnixNano: bigint; fields: Attributes }[] | undefined;
  let seen = 0;
  reader.beginStruct();
  while (reader.next()) {
    seen |= reader.fieldBit;
    if (reader.is(1, i64)) ids.writeBigInt64BE(reader.int64(), 8);
    else if (reader.is(2, i64)) ids.writeBigInt64BE(reader.int64(), 0);
    else if (reader.is(3, i64)) ids.writeBigInt64BE(reader.int64(), 16);
    else if (reader.is(4, i64)) ids.writeBigInt64BE(reader.int64(), 24);
    else if (reader.is(5, string)) name = reader.string();
    else if (reader.is(6, list)) references = readReferences(reader);
    else if (reader.is(8, i64)) startMicros = reader.int64();
    else if (reader.is(9, i64)) durationMicros = reader.int64();
    else if (reader.is(10, list)) tags = readTags(reader);
    else if (reader.is(11, list)) logs = readLogs(reader);
    else reader.skip();
  }
  checkRequired(reader, 'Span', seen);
  const blank = name === '' && startMicros === 0n && tags === undefined && logs === undefined && ids.every((byte) => byte === 0);
  return {
    blank,
    traceId: ids.subarray(0, 16),
    spanId: ids.subarray(16, 24),
    parentSpanId: ids.subarray(24, 32),
    name,
    references,
    startUnixNano: startMicros * microsecond,
    durationNanos: durationMicros * microsecond,
    tags: tags ?? (Object.create(null) as Attributes),
    logs: logs ?? [],
  };
}

function readReferences(reader: ThriftReader): JaegerReference[] {
  const references: JaegerReference[] = [];
  readList(reader, () => {
    const ids = Buffer.alloc(24);
    let childOf = true;
    let seen = 0;
    reader.beginStruct();
    while (reader.next()) {
      seen |= reader.fieldBit;
      if (reader.is(1, i32)) childOf = reader.int32() === 0;
      else if (reader.is(2, i64)) ids.writeBigInt64BE(reader.int64(), 8);
      else if (reader.is(3, i64)) ids.writeBigInt64BE(reader.int64(), 0);
      else if (reader.is(4, i64)) ids.writeBigInt64BE(reader.int64(), 16);
      else reader.skip();
    }
    checkRequired(reader, 'SpanRef', seen);
    references.push({ traceId: ids.subarray(0, 16), spanId: ids.subarray(16), childOf });
  });
  return references;
}

function readLogs(reader: ThriftReader): { timeUnixNano: bigint; fields: Attributes }[] {
  const logs: { timeUnixNano: bigint; fields: Attributes }[] = [];
  readList(reader, () => {
    let timeUnixNano = 0n;
    let tags = Object.create(null) as Attributes;
    let seen = 0;
    reader.beginStruct();
    while (reader.next()) {
      seen |= reader.fieldBit;
      if (reader.is(1, i64)) timeUnixNano = reader.int64() * microsecond;
      else if (reader.is(2, list)) tags = readTags(reader);
      else reader.skip();
    }
    checkRequired(reader, 'Log', seen);
    logs.push({ timeUnixNano, fields: tags });
  });
  return logs;
}

const noBytes = Buffer.alloc(0);

/** jaeger.thrift TagType. */
const tagType = { string: 0, double: 1, bool: 2, long: 3, binary: 4 } as const;

function readTags(reader: ThriftReader): Attributes {
  const tags = Object.create(null) as Attributes;
  readList(reader, () => {
    let name = '';
    let type = 0;
    let text = '';
    let number = 0;
    let flag = false;
    let integer = 0n;
    let bytes: Uint8Array = noBytes;
    let seen = 0;
    reader.beginStruct();
    while (reader.next()) {
      seen |= reader.fieldBit;
      if (reader.is(1, string)) name = reader.string();
      else if (reader.is(2, i32)) type = reader.int32();
      else if (reader.is(3, string)) text = reader.string();
      else if (reader.is(4, double)) number = reader.double();
      else if (reader.is(5, bool)) flag = reader.bool();
      else if (reader.is(6, i64)) integer = reader.int64();
      else if (reader.is(7, string)) bytes = reader.binary();
      else reader.skip();
    }
    checkRequired(reader, 'Tag', seen);
    switch (type) {
      case tagType.string:
        tags[name] = text;
        break;
      case tagType.double:
        tags[name] = number;
        break;
      case tagType.bool:
        tags[name] = flag;
        break;
      case tagType.long:
        tags[name] = integer;
        break;
      case tagType.binary:
        tags[name] = bytes;
        break;
      default:
        tags[name] = '<Unknown Jaeger TagType "<UNSET>">';
    }
  });
  return tags;
}
