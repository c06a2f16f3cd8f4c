import { formatIp, type ThriftReader, thriftType } from '@millrace/trace-format';
import type { BatchBuilder, Plain } from '@millrace/wire';
import { addV1Span, type V1Endpoint, type V1Span } from './v1-span.ts';

const { i16, i32, i64, string, struct, list } = thriftType;

const noBytes: Buffer = Buffer.alloc(0);

/**
 * Reads a list of zipkincore.thrift Spans and adds them.
 *
 * @throws WireError with the byte's offset when the bytes are none.
 */
export function readThriftV1(reader: ThriftReader, builder: BatchBuilder): void {
  readStructs(reader, () => addV1Span(builder, readSpan(reader), undefined));
}

/** No span or annotation that says anything takes fewer bytes: a payload of empty ones must not become a heap of objects. */
const leastStructBytes = 8;

function readStructs(reader: ThriftReader, read: () => void): void {
  const at = reader.position;
  const size = reader.beginList();
  if (size > 0 && reader.elementType !== struct) reader.fail('expected a list of structs', at);
  if (size * leastStructBytes > reader.remaining) reader.fail(`a list of ${size} structs with ${reader.remaining} bytes left`, at);
  for (let i = 0; i < size; i++) read();
}

function readSpan(reader: ThriftReader): V1Span {
  const at = reader.position;
  const ids = Buffer.alloc(32);
  let hasParent = false;
  let name = '';
  let timestampMicros: bigint | undefined;
  let durationMicros = 0n;
  const annotations: V1Span['annotations'][number][] = [];
  const binaryAnnotations: V1Span['binaryAnnotations'][number][] = [];
  reader.beginStruct();
  while (reader.next()) {
    if (reader.is(1, i64)) ids.writeBigInt64BE(reader.int64(), 8);
    else if (reader.is(3, string)) name = reader.string();
    else if (reader.is(4, i64)) ids.writeBigInt64BE(reader.int64(), 16);
    else if (reader.is(5, i64)) {
      hasParent = true;
      ids.writeBigInt64BE(reader.int64(), 24);
    } else if (reader.is(6, list)) readStructs(reader, () => annotations.push(readAnnotation(reader)));
    else if (reader.is(8, list)) readStructs(reader, () => binaryAnnotations.push(readBinaryAnnotation(reader)));
    else if (reader.is(10, i64)) timestampMicros = reader.int64();
    else if (reader.is(11, i64)) durationMicros = reader.int64();
    else if (reader.is(12, i64)) ids.writeBigInt64BE(reader.int64(), 0);
    else reader.skip();
  }
  const traceId = ids.subarray(0, 16);
  const id = ids.subarray(16, 24);
  if (traceId.every(isZero)) reader.fail('zipkinV1 span traceId: traceId is zero', at);
  if (id.every(isZero)) reader.fail('zipkinV1 span id: ID is zero', at);
  return {
    traceId,
    id,
    parentId: hasParent ? ids.subarray(24) : undefined,
    name,
    timestampMicros,
    durationMicros,
    annotations,
    binaryAnnotations,
  };
}

function isZero(byte: number): boolean {
  return byte === 0;
}

function readAnnotation(reader: ThriftReader): V1Span['annotations'][number] {
  let timestampMicros = 0n;
  let value = '';
  let endpoint: V1Endpoint | undefined;
  reader.beginStruct();
  while (reader.next()) {
    if (reader.is(1, i64)) timestampMicros = reader.int64();
    else if (reader.is(2, string)) value = reader.string();
    else if (reader.is(3, struct)) endpoint = readEndpoint(reader);
    else reader.skip();
  }
  return { timestampMicros, value, endpoint };
}

function readBinaryAnnotation(reader: ThriftReader): V1Span['binaryAnnotations'][number] {
  let key = '';
  let bytes: Buffer = noBytes;
  let type = 0;
  let endpoint: V1Endpoint | undefined;
  reader.beginStruct();
  while (reader.next()) {
    if (reader.is(1, string)) key = reader.string();
    else if (reader.is(2, string)) bytes = reader.binary();
    else if (reader.is(3, i32)) type = reader.int32();
    else if (reader.is(4, struct)) endpoint = readEndpoint(reader);
    else reader.skip();
  }
  return { key, value: valueOf(type, bytes), text: bytes.toString(), endpoint };
}

/** zipkincore.thrift AnnotationType. */
const annotationType = { bool: 0, bytes: 1, i16: 2, i32: 3, i64: 4, double: 5, string: 6 } as const;
const tooShort = '<not enough bytes representing the number>';

/** Bytes become text in base64, integers are without a sign, as contrib reads them. */
function valueOf(type: number, bytes: Buffer): Plain {
  switch (type) {
    case annotationType.bool:
      return bytes.length === 1 && bytes[0] === 1;
    case annotationType.bytes:
      return bytes.toString('base64');
    case annotationType.i16:
      return bytes.length < 2 ? tooShort : BigInt(bytes.readUInt16BE(0));
    case annotationType.i32:
      return bytes.length < 4 ? tooShort : BigInt(bytes.readUInt32BE(0));
    case annotationType.i64:
      return bytes.length < 8 ? tooShort : bytes.readBigInt64BE(0);
    case annotationType.double:
      return bytes.length < 8 ? tooShort : bytes.readDoubleBE(0);
    case annotationType.string:
      return bytes.toString();
    default:
      return `<unknown zipkin v1 binary annotation type (${type})>`;
  }
}

function readEndpoint(reader: ThriftReader): V1Endpoint {
  let serviceName = '';
  let ipv4 = '';
  let ipv6 = '';
  let port = 0;
  reader.beginStruct();
  while (reader.next()) {
    if (reader.is(1, i32)) {
      const at = reader.position;
      if (reader.int32() !== 0) ipv4 = formatIp(reader.bytes.subarray(at, at + 4));
    } else if (reader.is(2, i16)) port = reader.int16();
    else if (reader.is(3, string)) serviceName = reader.string();
    else if (reader.is(4, string)) ipv6 = formatIp(reader.binary());
    else reader.skip();
  }
  return { serviceName, ipv4, ipv6, port };
}
