import type { BatchBuilder, JsonReader } from '@millrace/wire';
import { closeJson, openJson, readArray, readInteger, readObject, readScalarText, readText } from './json-members.ts';
import { typedText } from './typed-text.ts';
import { addV1Span, type V1Endpoint, type V1Span } from './v1-span.ts';

/**
 * Reads a list of spans in Zipkin's v1 JSON from `[0, end)` and adds them.
 *
 * @throws WireError with the byte's offset when the text is none.
 */
export function readJsonV1(bytes: Buffer, end: number, builder: BatchBuilder, parseStringTags: boolean, nowUnixNano: bigint): void {
  const reader = openJson(bytes, end);
  readArray(reader, () => {
    const span = readSpan(reader, parseStringTags);
    if (span !== undefined) addV1Span(builder, span, nowUnixNano);
  });
  closeJson(reader);
}

function readSpan(reader: JsonReader, parseStringTags: boolean): V1Span | undefined {
  let traceId: Buffer | undefined;
  let id: Buffer | undefined;
  let parentId: Buffer | undefined;
  let name = '';
  let timestampMicros: bigint | undefined;
  let durationMicros = 0n;
  const annotations: V1Span['annotations'][number][] = [];
  const binaryAnnotations: V1Span['binaryAnnotations'][number][] = [];
  reader.peek();
  const at = reader.position;
  const found = readObject(reader, (member) => {
    switch (member) {
      case 'traceId':
        traceId = readId(reader, [16, 32], 16, 'zipkinV1 span traceId: hex traceId span has wrong length (expected 16 or 32)');
        break;
      case 'id':
        id = readId(reader, [16], 8, 'zipkinV1 span id: hex Id has wrong length (expected 16)');
        break;
      case 'parentId':
        parentId = readId(reader, [0, 16], 8, 'zipkinV1 span parentId: hex Id has wrong length (expected 16)');
        break;
      case 'name':
        name = readText(reader);
        break;
      case 'timestamp':
        timestampMicros = readInteger(reader) || undefined;
        break;
      case 'duration':
        durationMicros = readInteger(reader);
        break;
      case 'annotations':
        readArray(reader, () => {
          const annotation = readAnnotation(reader);
          if (annotation.value !== '') annotations.push(annotation);
        });
        break;
      case 'binaryAnnotations':
        readArray(reader, () => {
          const annotation = readBinaryAnnotation(reader, parseStringTags);
          if (annotation.key !== '' || annotation.endpoint !== undefined) binaryAnnotations.push(annotation);
        });
        break;
      default:
        reader.skipValue();
    }
  });
  if (!found) return undefined;
  if (traceId === undefined || traceId.every(isZero)) reader.fail('zipkinV1 span traceId: traceId is zero', at);
  if (id === undefined || id.every(isZero)) reader.fail('zipkinV1 span id: ID is zero', at);
  return { traceId, id, parentId, name, timestampMicros, durationMicros, annotations, binaryAnnotations };
}

function isZero(byte: number): boolean {
  return byte === 0;
}

function readId(reader: JsonReader, digits: readonly number[], sizeBytes: number, reason: string): Buffer {
  reader.peek();
  const at = reader.position;
  const text = readText(reader);
  if (!digits.includes(text.length)) reader.fail(reason, at);
  if (!/^[0-9a-f]*$/i.test(text)) reader.fail('an id that is not hexadecimal', at);
  return Buffer.from(text.padStart(sizeBytes * 2, '0'), 'hex');
}

function readAnnotation(reader: JsonReader): V1Span['annotations'][number] {
  let timestampMicros = 0n;
  let value = '';
  let endpoint: V1Endpoint | undefined;
  readObject(reader, (member) => {
    if (member === 'timestamp') timestampMicros = readInteger(reader);
    else if (member === 'value') value = readText(reader);
    else if (member === 'endpoint') endpoint = readEndpoint(reader);
    else reader.skipValue();
  });
  return { timestampMicros, value, endpoint };
}

/** Senders write booleans and numbers here, too. */
function readBinaryAnnotation(reader: JsonReader, parseStringTags: boolean): V1Span['binaryAnnotations'][number] {
  let key = '';
  let text = '';
  let endpoint: V1Endpoint | undefined;
  readObject(reader, (member) => {
    if (member === 'key') key = readText(reader);
    else if (member === 'value') text = readScalarText(reader);
    else if (member === 'endpoint') endpoint = readEndpoint(reader);
    else reader.skipValue();
  });
  return { key, text, value: typedText(text, parseStringTags), endpoint };
}

function readEndpoint(reader: JsonReader): V1Endpoint | undefined {
  let serviceName = '';
  let ipv4 = '';
  let ipv6 = '';
  let port = 0;
  const found = readObject(reader, (member) => {
    if (member === 'serviceName') serviceName = readText(reader);
    else if (member === 'ipv4') ipv4 = readText(reader);
    else if (member === 'ipv6') ipv6 = readText(reader);
    else if (member === 'port') port = Number(BigInt.asIntN(32, readInteger(reader)));
    else reader.skipValue();
  });
  return found ? { serviceName, ipv4, ipv6, port } : undefined;
}
