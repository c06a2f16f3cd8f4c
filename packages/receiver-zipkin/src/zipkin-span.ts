import { formatIp } from '@millrace/trace-format';
import type { BatchBuilder, EventInput, LinkInput, Plain } from '@millrace/wire';
import { resourceTags } from './resource-tags.ts';
import { typedText } from './typed-text.ts';

/** Tags by name; an object without a prototype, so that every name is a name. */
export type Tags = Record<string, string>;
type Attributes = Record<string, Plain>;

/** Who took part in a span. Addresses are 4 and 16 bytes, empty when they are not known. */
export interface Endpoint {
  readonly serviceName: string;
  readonly ipv4: Uint8Array;
  readonly ipv6: Uint8Array;
  /** 0 when it is not known. */
  readonly port: number;
}

/** A span of Zipkin's v2 model. Ids are 16 and 8 bytes. */
export interface ZipkinSpan {
  readonly traceId: Buffer;
  readonly id: Buffer;
  readonly parentId: Buffer | undefined;
  readonly name: string;
  /** CLIENT, SERVER, PRODUCER, CONSUMER or anything else for none. */
  readonly kind: string;
  /** Absent when the sender does not know it. */
  readonly timestampMicros: bigint | undefined;
  readonly durationMicros: bigint;
  readonly localEndpoint: Endpoint | undefined;
  readonly remoteEndpoint: Endpoint | undefined;
  readonly annotations: readonly { readonly timestampMicros: bigint; readonly value: string }[];
  readonly tags: Tags;
}

const kinds: ReadonlyMap<string, number> = new Map([
  ['SERVER', 2],
  ['CLIENT', 3],
  ['PRODUCER', 4],
  ['CONSUMER', 5],
]);
const internal = 1;
const statusCodes: ReadonlyMap<string, number> = new Map([
  ['STATUS_CODE_OK', 1],
  ['STATUS_CODE_ERROR', 2],
  ['Ok', 1],
  ['Error', 2],
]);
const error = 2;
const serviceNameSource = 'otlp.service.name.source';
const linkLimit = 128;

/** Adds the span as OTLP has it (contrib's pkg/translator/zipkin/zipkinv2, with its feature gates as of 0.155); its tags are used up. */
export function addZipkinSpan(builder: BatchBuilder, span: ZipkinSpan, parseStringTags: boolean): void {
  const { tags } = span;
  const resource = takeResource(tags, span.localEndpoint?.serviceName ?? '');
  const scopeName = take(tags, 'otel.scope.name', 'otel.library.name');
  const scopeVersion = take(tags, 'otel.scope.version', 'otel.library.version');
  const traceState = take(tags, 'w3c.tracestate');
  const kind = takeKind(tags, span.kind);
  const status = takeStatus(tags);
  const links = takeLinks(tags);
  const attributes = Object.create(null) as Attributes;
  for (const name of Object.keys(tags)) attributes[name] = typedText(tags[name]!, parseStringTags);
  addEndpoints(attributes, span);
  const startMicros = span.timestampMicros ?? 0n;
  if (span.timestampMicros === undefined) attributes['otel.zipkin.absentField.startTime'] = true;
  builder
    .resource(resource)
    .scope(scopeName, scopeVersion)
    .span({
      traceId: orNone(span.traceId),
      spanId: span.id,
      parentSpanId: span.parentId === undefined || span.parentId.equals(span.id) ? '' : orNone(span.parentId),
      traceState,
      name: span.name,
      kind,
      startTimeUnixNano: nanos(startMicros),
      endTimeUnixNano: nanos(startMicros + span.durationMicros),
      attributes,
      ...(status !== undefined && { status }),
      events: span.annotations.map(readAnnotation),
      links,
    });
}

function nanos(micros: bigint): bigint {
  return BigInt.asUintN(64, micros * 1000n);
}

/** OTLP leaves an id of zeros out. */
function orNone(id: Buffer): Buffer | '' {
  return id.every((byte) => byte === 0) ? '' : id;
}

/** Removes tags and returns the text of the first one that is there, '' without one. */
function take(tags: Tags, ...names: readonly string[]): string {
  let found: string | undefined;
  for (const name of names) {
    const value = tags[name];
    if (value === undefined) continue;
    found ??= value;
    delete tags[name];
  }
  return found ?? '';
}

function takeResource(tags: Tags, serviceName: string): Attributes {
  const attributes = Object.create(null) as Attributes;
  const source = take(tags, serviceNameSource);
  if (serviceName !== '') attributes[source === '' ? 'service.name' : source] = serviceName;
  for (const name of Object.keys(tags)) {
    if (!resourceTags.has(name)) continue;
    attributes[name] = tags[name];
    delete tags[name];
  }
  return attributes;
}

function takeKind(tags: Tags, kind: string): number {
  const known = kinds.get(kind);
  if (known !== undefined) return known;
  return take(tags, 'span.kind') === 'internal' ? internal : 0;
}

function takeStatus(tags: Tags): { code: number; message: string } | undefined {
  const isError = tags['error'] !== undefined;
  const isStated = tags['otel.status_code'] !== undefined;
  if (!isError && !isStated) return undefined;
  let code = 0;
  let message = '';
  if (isStated) {
    code = statusCodes.get(take(tags, 'otel.status_code')) ?? 0;
    message = take(tags, 'otel.status_description');
  }
  if (isError) code = error;
  if (tags['error'] === 'true') delete tags['error'];
  return { code, message };
}

/** Links come as tags `otlp.link.0` and so on: `trace id|span id|trace state|attributes as JSON|dropped attributes`. Others stay tags. */
function takeLinks(tags: Tags): LinkInput[] {
  const links: LinkInput[] = [];
  for (let i = 0; i < linkLimit; i++) {
    const name = `otlp.link.${i}`;
    const value = tags[name];
    if (value === undefined) break;
    const match = /^([0-9a-f]{32}|)\|([0-9a-f]{16}|)\|([^|]*)\|(.*)\|(\d{1,9})$/is.exec(value);
    const attributes = match === null ? undefined : readAttributes(match[4]!);
    if (match === null || attributes === undefined) continue;
    delete tags[name];
    links.push({ traceId: match[1]!, spanId: match[2]!, traceState: match[3]!, attributes, droppedAttributesCount: Number(match[5]) });
  }
  return links;
}

/** An annotation is an event's name, or `name|attributes as JSON|dropped attributes`. */
function readAnnotation({ timestampMicros, value }: { timestampMicros: bigint; value: string }): EventInput {
  const timeUnixNano = nanos(timestampMicros);
  const match = /^([^|]*)\|(.*)\|(\d{1,9})$/s.exec(value);
  const attributes = match === null ? undefined : readAttributes(match[2]!);
  if (match === null || attributes === undefined) return { timeUnixNano, name: value };
  return { timeUnixNano, name: match[1]!, attributes, droppedAttributesCount: Number(match[3]) };
}

function readAttributes(json: string): Attributes | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  return isObject(value) ? attributesOf(value, 0) : value === null ? {} : undefined;
}

const maxDepth = 32;

function attributesOf(object: Readonly<Record<string, unknown>>, depth: number): Attributes {
  const attributes = Object.create(null) as Attributes;
  for (const name of Object.keys(object)) {
    const value = plainOf(object[name], depth + 1);
    if (value !== undefined) attributes[name] = value;
  }
  return attributes;
}

/** A value of JSON as an attribute's: whole numbers are ints. What is nested too deep stays text. */
function plainOf(value: unknown, depth: number): Plain {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value === null || typeof value !== 'object') return undefined;
  if (depth > maxDepth) return '';
  return Array.isArray(value) ? value.map((element) => plainOf(element, depth + 1)) : attributesOf(value as Record<string, unknown>, depth);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function addEndpoints(attributes: Attributes, { localEndpoint: local, remoteEndpoint: remote }: ZipkinSpan): void {
  if (local !== undefined) {
    addAddress(attributes, 'network.local.address', local);
    if (local.port > 0) attributes['net.host.port'] = BigInt(local.port);
  }
  if (remote === undefined) return;
  if (remote.serviceName !== '') attributes['service.peer.name'] = remote.serviceName;
  addAddress(attributes, 'network.peer.address', remote);
  if (remote.port > 0) attributes['net.peer.port'] = BigInt(remote.port);
}

function addAddress(attributes: Attributes, name: string, { ipv4, ipv6 }: Endpoint): void {
  const address = formatIp(ipv6) || formatIp(ipv4);
  if (address !== '') attributes[name] = address;
}
