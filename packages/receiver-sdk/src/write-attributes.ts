import type { ByteWriter } from '@millrace/wire';

// What the hooks are given, as far as it is read here: shapes that the SDKs of OpenTelemetry for JavaScript have had since 1.0, so that an
// application may have any of their versions.

/** Seconds since the epoch, and nanoseconds of that second. */
export type HrTime = readonly [number, number];

/** Attributes as applications set them. */
export type Attributes = Readonly<Record<string, unknown>>;

/** A resource of @opentelemetry/resources. */
export interface Resource {
  readonly attributes: Attributes;
  /** The name that OpenTelemetry's SDK has for its schema URL since 2.1. */
  readonly schemaUrl?: string | undefined;
}

/** An instrumentation scope. */
export interface Scope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
  readonly attributes?: Attributes | undefined;
}

/** The ids of a span. */
export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote?: boolean | undefined;
  readonly traceState?: { serialize(): string } | undefined;
}

/** Lists and maps in values may hold each other this deep; what is deeper is written as nothing. */
const maxDepth = 32;

/** Writes a `KeyValue` field with this tag for every attribute that has a value. An integer becomes an int, any other number a double. */
export function writeAttributes(writer: ByteWriter, tag: number, attributes: Attributes, depth = 0): void {
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (value === undefined || value === null) continue;
    const at = writer.begin(tag);
    const key = keys.get(name);
    if (key === undefined) writeKey(writer, name);
    else writer.bytes(key);
    writeValueField(writer, 0x12, value, depth);
    writer.end(at);
  }
}

/** Names as they are written, which are few and always the same. */
const keys = new Map<string, Uint8Array>();
const maxKeys = 1000;
const maxKeyLength = 100;

function writeKey(writer: ByteWriter, name: string): void {
  const start = writer.position;
  writeText(writer, 0x0a, name);
  if (name.length <= maxKeyLength && keys.size < maxKeys) keys.set(name, new Uint8Array(writer.buffer.subarray(start, writer.position)));
}

/** Writes an `AnyValue` as a field with this tag. What telemetry cannot hold, such as a function, becomes an empty value. */
export function writeValueField(writer: ByteWriter, tag: number, value: unknown, depth = 0): void {
  const at = writer.begin(tag);
  writeValue(writer, value, depth);
  writer.end(at);
}

function writeValue(writer: ByteWriter, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      return writeText(writer, 0x0a, value);
    case 'boolean':
      writer.byte(0x10);
      return writer.byte(value ? 1 : 0);
    case 'number':
      if (!Number.isSafeInteger(value)) {
        writer.byte(0x21);
        return writer.double(value);
      }
      writer.byte(0x18);
      return value >= 0 && value <= 0x7fff_ffff ? writer.varint(value) : writer.varint64(BigInt(value));
    case 'bigint':
      writer.byte(0x18);
      return writer.varint64(BigInt.asIntN(64, value));
    case 'object':
      if (value !== null && depth < maxDepth) writeStructure(writer, value, depth + 1);
      return undefined;
    default:
      return undefined;
  }
}

function writeStructure(writer: ByteWriter, value: object, depth: number): void {
  if (value instanceof Uint8Array) {
    const bytesAt = writer.begin(0x3a);
    writer.bytes(value);
    writer.end(bytesAt);
    return;
  }
  const at = writer.begin(Array.isArray(value) ? 0x2a : 0x32);
  if (Array.isArray(value)) for (const element of value as readonly unknown[]) writeValueField(writer, 0x0a, element, depth);
  else writeAttributes(writer, 0x0a, value as Attributes, depth);
  writer.end(at);
}

/** Writes a text field; an empty one too. */
export function writeText(writer: ByteWriter, tag: number, text: string): void {
  const at = writer.begin(tag);
  if (text.length > shortText || !writeAscii(writer, text)) writer.text(text);
  writer.end(at);
}

/** Up to this length a loop writes faster than a call. */
const shortText = 32;

/** Writes a short text if all of it is ASCII. */
function writeAscii(writer: ByteWriter, text: string): boolean {
  writer.room(shortText);
  const { buffer, position } = writer;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    buffer[position + i] = code;
  }
  writer.position = position + text.length;
  return true;
}

/** Writes a time field (fixed64). */
export function writeTime(writer: ByteWriter, tag: number, [seconds, nanoseconds]: HrTime): void {
  writer.byte(tag);
  if (!(Number.isInteger(seconds) && seconds >= 0 && seconds < latestSecond && nanoseconds >= 0 && nanoseconds < 1e9)) {
    writer.fixed64(BigInt(seconds) * 1_000_000_000n + BigInt(Math.round(nanoseconds)));
    return;
  }
  // Without bigints: in two halves, the lower 16 bits of the seconds apart, so that all products are exact.
  const high = Math.floor(seconds / 0x1_0000) * 1e9;
  const low = (high % 0x1_0000) * 0x1_0000 + (seconds % 0x1_0000) * 1e9 + Math.round(nanoseconds);
  writer.fixed32(low % 0x1_0000_0000);
  writer.fixed32(Math.floor(high / 0x1_0000) + Math.floor(low / 0x1_0000_0000));
}

/** What 64 bits of nanoseconds can hold is above that. */
const latestSecond = 2 ** 34;

/** Writes an id field of so many bytes from hex. Throws on a text of another form; writes nothing for an absent or empty one. */
export function writeId(writer: ByteWriter, tag: number, hex: string | undefined, sizeBytes: 8 | 16): void {
  if (hex === undefined || hex === '') return;
  writer.byte(tag);
  writer.byte(sizeBytes);
  writer.room(sizeBytes);
  const written = hex.length === 2 * sizeBytes ? writer.buffer.write(hex, writer.position, sizeBytes, 'hex') : 0;
  if (written !== sizeBytes) throw new TypeError(`${JSON.stringify(hex)} is no id of ${sizeBytes} bytes in hex`);
  writer.position += sizeBytes;
}

/** Writes a number field as a varint, unless it is 0 or absent. */
export function writeNumber(writer: ByteWriter, tag: number, value: number | undefined): void {
  if (value === undefined || value === 0) return;
  writer.byte(tag);
  writer.varint(value);
}
