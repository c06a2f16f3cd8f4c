import type { ByteWriter } from '@millrace/wire';
import type { Endpoint, ZipkinSpan } from './zipkin-span.ts';

/** zipkin.proto3.Span.Kind. */
const kinds: Readonly<Record<string, number>> = { CLIENT: 1, SERVER: 2, PRODUCER: 3, CONSUMER: 4 };

/** Writes a span as a field of zipkin.proto3.ListOfSpans (zipkin.proto). */
export function writeProto(writer: ByteWriter, span: ZipkinSpan): void {
  const { timestampMicros, durationMicros, annotations, tags } = span;
  const at = writer.begin(0x0a);
  writeBytes(writer, 0x0a, Buffer.from(span.traceId, 'hex'));
  if (span.parentId !== '') writeBytes(writer, 0x12, Buffer.from(span.parentId, 'hex'));
  writeBytes(writer, 0x1a, Buffer.from(span.id, 'hex'));
  const kind = kinds[span.kind];
  if (kind !== undefined) {
    writer.byte(0x20);
    writer.byte(kind);
  }
  writeText(writer, 0x2a, span.name);
  if (timestampMicros > 0n) {
    writer.byte(0x31);
    writer.fixed64(timestampMicros);
  }
  if (durationMicros > 0n) {
    writer.byte(0x38);
    writer.varint64(durationMicros);
  }
  writeEndpoint(writer, 0x42, span.localEndpoint);
  writeEndpoint(writer, 0x4a, span.remoteEndpoint);
  for (const annotation of annotations) {
    const annotationAt = writer.begin(0x52);
    writer.byte(0x09);
    writer.fixed64(annotation.timestampMicros);
    writeText(writer, 0x12, annotation.value);
    writer.end(annotationAt);
  }
  for (const [name, value] of tags) {
    const tagAt = writer.begin(0x5a);
    writeText(writer, 0x0a, name);
    writeText(writer, 0x12, value);
    writer.end(tagAt);
  }
  writer.end(at);
}

function writeEndpoint(writer: ByteWriter, tag: number, endpoint: Endpoint | undefined): void {
  if (endpoint === undefined) return;
  const at = writer.begin(tag);
  writeText(writer, 0x0a, endpoint.serviceName);
  if (endpoint.ip !== undefined) writeBytes(writer, endpoint.ip.length === 4 ? 0x12 : 0x1a, endpoint.ip);
  if (endpoint.port > 0) {
    writer.byte(0x20);
    writer.varint(endpoint.port);
  }
  writer.end(at);
}

function writeText(writer: ByteWriter, tag: number, value: string): void {
  if (value === '') return;
  const at = writer.begin(tag);
  writer.text(value);
  writer.end(at);
}

function writeBytes(writer: ByteWriter, tag: number, value: Uint8Array): void {
  const at = writer.begin(tag);
  writer.bytes(value);
  writer.end(at);
}
