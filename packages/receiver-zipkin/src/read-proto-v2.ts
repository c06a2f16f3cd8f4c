import type { ProtoReader } from '@millrace/trace-format';
import type { BatchBuilder } from '@millrace/wire';
import { addZipkinSpan, type Endpoint, type Tags, type ZipkinSpan } from './zipkin-span.ts';

const kinds = ['', 'CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'];

const noBytes: Buffer = Buffer.alloc(0);

/**
 * Reads a zipkin.proto3.ListOfSpans and adds its spans (zipkin.proto).
 *
 * @throws WireError with the byte's offset when the bytes are none.
 */
export function readProtoV2(reader: ProtoReader, builder: BatchBuilder, parseStringTags: boolean): void {
  while (reader.next()) {
    if (reader.field === 1) addZipkinSpan(builder, readSpan(reader), parseStringTags);
    else reader.skip();
  }
}

function readSpan(reader: ProtoReader): ZipkinSpan {
  const at = reader.position;
  let traceId: Buffer | undefined;
  let id: Buffer | undefined;
  let parentId: Buffer | undefined;
  let name = '';
  let kind = '';
  let timestampMicros = 0n;
  let durationMicros = 0n;
  let localEndpoint: Endpoint | undefined;
  let remoteEndpoint: Endpoint | undefined;
  const annotations: { timestampMicros: bigint; value: string }[] = [];
  const tags = Object.create(null) as Tags;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        traceId = readId(reader, 16, 'TraceID');
        break;
      case 2:
        parentId = readId(reader, 8, 'ParentID');
        break;
      case 3:
        id = readId(reader, 8, 'SpanID');
        break;
      case 4:
        kind = kinds[reader.int32()] ?? '';
        break;
      case 5:
        name = reader.string();
        break;
      case 6:
        timestampMicros = reader.fixed64();
        break;
      case 7:
        durationMicros = reader.uint64();
        break;
      case 8:
        localEndpoint = readEndpoint(reader);
        break;
      case 9:
        remoteEndpoint = readEndpoint(reader);
        break;
      case 10:
        // One without content says nothing, and a payload of such must not become a heap of objects.
        if (reader.bytes[reader.position] === 0) reader.skip();
        else annotations.push(readAnnotation(reader));
        break;
      case 11:
        readTag(reader, tags);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (traceId === undefined) reader.fail('invalid TraceID: has length 0 yet wanted length 16', at);
  if (id === undefined) reader.fail('expected a non-nil SpanID', at);
  return { traceId, id, parentId, name, kind, timestampMicros, durationMicros, localEndpoint, remoteEndpoint, annotations, tags };
}

/** Undefined for an empty one. */
function readId(reader: ProtoReader, sizeBytes: number, name: string): Buffer | undefined {
  const at = reader.position;
  const bytes = reader.delimited();
  if (bytes.length === sizeBytes) return bytes;
  if (bytes.length > 0) reader.fail(`invalid ${name}: has length ${bytes.length} yet wanted length ${sizeBytes}`, at);
  return undefined;
}

function readEndpoint(reader: ProtoReader): Endpoint {
  let serviceName = '';
  let ipv4: Uint8Array = noBytes;
  let ipv6: Uint8Array = noBytes;
  let port = 0;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) serviceName = reader.string();
    else if (reader.field === 2) ipv4 = reader.delimited();
    else if (reader.field === 3) ipv6 = reader.delimited();
    else if (reader.field === 4) port = reader.int32() & 0xffff;
    else reader.skip();
  }
  reader.leave(outer);
  return { serviceName, ipv4, ipv6, port };
}

function readAnnotation(reader: ProtoReader): { timestampMicros: bigint; value: string } {
  let timestampMicros = 0n;
  let value = '';
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) timestampMicros = reader.fixed64();
    else if (reader.field === 2) value = reader.string();
    else reader.skip();
  }
  reader.leave(outer);
  return { timestampMicros, value };
}

function readTag(reader: ProtoReader, tags: Tags): void {
  let name = '';
  let value = '';
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) value = reader.string();
    else reader.skip();
  }
  reader.leave(outer);
  tags[name] = value;
}
