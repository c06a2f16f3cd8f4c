import { parseIp } from '@millrace/trace-format';
import type { BatchBuilder, JsonReader } from '@millrace/wire';
import { closeJson, openJson, readArray, readInteger, readObject, readScalarText, readText } from './json-members.ts';
import { addZipkinSpan, type Endpoint, type Tags, type ZipkinSpan } from './zipkin-span.ts';

const noBytes: Buffer = Buffer.alloc(0);

/**
 * Reads a list of spans in Zipkin's v2 JSON from `[0, end)` and adds them.
 *
 * @throws WireError with the byte's offset when the text is none.
 */
export function readJsonV2(bytes: Buffer, end: number, builder: BatchBuilder, parseStringTags: boolean): void {
  const reader = openJson(bytes, end);
  readArray(reader, () => {
    const span = readSpan(reader);
    if (span !== undefined) addZipkinSpan(builder, span, parseStringTags);
  });
  closeJson(reader);
}

function readSpan(reader: JsonReader): ZipkinSpan | undefined {
  let traceId: Buffer = Buffer.alloc(16);
  let id: Buffer | undefined;
  let parentId: Buffer | undefined;
  let name = '';
  let kind = '';
  let timestampMicros: bigint | undefined;
  let durationMicros = 0n;
  let localEndpoint: Endpoint | undefined;
  let remoteEndpoint: Endpoint | undefined;
  const annotations: { timestampMicros: bigint; value: string }[] = [];
  const tags = Object.create(null) as Tags;
  reader.peek();
  const at = reader.position;
  const found = readObject(reader, (member) => {
    switch (member) {
      case 'traceId':
        traceId = readId(reader, 16, 'valid traceId required') ?? reader.fail('valid traceId required');
        break;
      case 'id':
        id = readId(reader, 8, 'valid span id required');
        break;
      case 'parentId':
        parentId = readId(reader, 8, 'valid parentId required');
        break;
      case 'name':
        name = readText(reader);
        break;
      case 'kind':
        kind = readText(reader);
        break;
      case 'timestamp': {
        const micros = readCount(reader);
        timestampMicros = micros > 0n ? micros : undefined;
        break;
      }
      case 'duration':
        durationMicros = readCount(reader);
        break;
      case 'localEndpoint':
        localEndpoint = readEndpoint(reader);
        break;
      case 'remoteEndpoint':
        remoteEndpoint = readEndpoint(reader);
        break;
      case 'annotations':
        readArray(reader, () => annotations.push(readAnnotation(reader)));
        break;
      case 'tags':
        readObject(reader, (tag) => (tags[tag] = readScalarText(reader)));
        break;
      default:
        reader.skipValue();
    }
  });
  if (!found) return undefined;
  if (id === undefined || id.every((byte) => byte === 0)) reader.fail('valid span id required', at);
  return { traceId, id, parentId, name, kind, timestampMicros, durationMicros, localEndpoint, remoteEndpoint, annotations, tags };
}

/** An id in up to as many hexadecimal digits as it has bytes for; undefined for an empty one. */
function readId(reader: JsonReader, sizeBytes: number, reason: string): Buffer | undefined {
  reader.peek();
  const at = reader.position;
  const text = readText(reader);
  if (text === '') return undefined;
  if (text.length > sizeBytes * 2 || !/^[0-9a-f]+$/i.test(text)) reader.fail(reason, at);
  return Buffer.from(text.padStart(sizeBytes * 2, '0'), 'hex');
}

function readCount(reader: JsonReader): bigint {
  reader.peek();
  const at = reader.position;
  const value = readInteger(reader);
  if (value < 0n) reader.fail('expected a number that is not negative', at);
  return value;
}

function readAnnotation(reader: JsonReader): { timestampMicros: bigint; value: string } {
  let timestampMicros = 0n;
  let value = '';
  reader.peek();
  const at = reader.position;
  readObject(reader, (member) => {
    if (member === 'timestamp') timestampMicros = readCount(reader);
    else if (member === 'value') value = readText(reader);
    else reader.skipValue();
  });
  if (timestampMicros === 0n) reader.fail('valid annotation timestamp required', at);
  return { timestampMicros, value };
}

function readEndpoint(reader: JsonReader): Endpoint | undefined {
  let serviceName = '';
  let ipv4: Uint8Array = noBytes;
  let ipv6: Uint8Array = noBytes;
  let port = 0;
  readObject(reader, (member) => {
    if (member === 'serviceName') serviceName = readText(reader);
    else if (member === 'ipv4') ipv4 = readAddress(reader);
    else if (member === 'ipv6') ipv6 = readAddress(reader);
    else if (member === 'port') port = readPort(reader);
    else reader.skipValue();
  });
  const empty = serviceName === '' && ipv4.length === 0 && ipv6.length === 0 && port === 0;
  return empty ? undefined : { serviceName, ipv4, ipv6, port };
}

function readAddress(reader: JsonReader): Uint8Array {
  reader.peek();
  const at = reader.position;
  const text = readText(reader);
  return text === '' ? noBytes : (parseIp(text) ?? reader.fail('invalid IP address', at));
}

function readPort(reader: JsonReader): number {
  reader.peek();
  const at = reader.position;
  const port = readInteger(reader);
  if (port < 0n || port > 65_535n) reader.fail('invalid port', at);
  return Number(port);
}
