import { parseIp, valueJson, valueText } from '@millrace/trace-format';
import { type AttributesView, key, type ResourceView, type ScopeView, type SpanView } from '@millrace/wire';

/** Tags by name. */
export type Tags = Map<string, string>;

/** Who took part in a span. */
export interface Endpoint {
  readonly serviceName: string;
  /** 4 or 16 bytes; undefined when it is not known. */
  readonly ip: Buffer | undefined;
  /** 0 when it is not known. */
  readonly port: number;
}

/** A span of Zipkin's v2 model. Ids are hex, of 32 and 16 digits. */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  /** '' for none. */
  readonly parentId: string;
  readonly name: string;
  /** '' for none. */
  readonly kind: string;
  /** 0 for none. */
  readonly timestampMicros: bigint;
  /** 0 for none. */
  readonly durationMicros: bigint;
  readonly localEndpoint: Endpoint | undefined;
  readonly remoteEndpoint: Endpoint | undefined;
  readonly annotations: readonly { readonly timestampMicros: bigint; readonly value: string }[];
  readonly tags: Tags;
}

const kinds = ['', '', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const internal = 1;
const error = 2;
const statusNames = ['', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];
const second = 1_000_000_000n;
/** Where a service name is looked for; other than the first, the tag says where it was found. */
const serviceNames = ['service.name', 'faas.name', 'k8s.deployment.name', 'process.executable.name'];

/** What all spans of a resource share. */
export interface ResourceTags {
  readonly serviceName: string;
  readonly tags: Tags;
}

/** The tags of a resource, and its service name (contrib's pkg/translator/zipkin/zipkinv2, with its feature gates as of 0.155). */
export function resourceTags(resource: ResourceView, defaultServiceName: string): ResourceTags {
  const tags: Tags = new Map();
  addAttributes(tags, resource.attributes);
  const cloudId = tags.get('cloud.resource_id');
  if (cloudId !== undefined) {
    if (!tags.has('faas.id')) tags.set('faas.id', cloudId);
    tags.delete('cloud.resource_id');
  }
  const source = serviceNames.find((name) => tags.has(name));
  if (source === undefined) return { serviceName: defaultServiceName, tags };
  const serviceName = tags.get(source)!;
  tags.delete(source);
  if (source !== 'service.name') tags.set('otlp.service.name.source', source);
  return { serviceName, tags };
}

/** The tags of a resource with those of a scope. */
export function scopeTags({ serviceName, tags }: ResourceTags, scope: ScopeView): ResourceTags {
  const own: Tags = new Map(tags);
  addAttributes(own, scope.attributes);
  const { name, version } = scope;
  if (name !== '') own.set('otel.library.name', name);
  if (version !== '') own.set('otel.library.version', version);
  return { serviceName, tags: own };
}

function addAttributes(tags: Tags, attributes: AttributesView): void {
  for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
    const isText = attributes.typeAt(slot) === 'string';
    const value = attributes.valueAt(slot);
    tags.set(attributes.keyAt(slot), isText ? value.string() : valueText(value.toPlain()));
  }
}

const httpStatus = key('http.response.status_code');

/** The span as Zipkin has it; undefined when it has no trace or span id, without which Zipkin takes none. */
export function zipkinSpan(span: SpanView, { serviceName, tags: shared }: ResourceTags): ZipkinSpan | undefined {
  const { traceIdHex: traceId, spanIdHex: id, traceState, kind, startTimeUnixNano, endTimeUnixNano } = span;
  if (traceId === '' || id === '') return undefined;
  const tags: Tags = new Map(shared);
  addAttributes(tags, span.attributes);
  if (span.attributes.has(httpStatus) && !tags.has('http.status_code'))
    tags.set('http.status_code', tags.get('http.response.status_code')!);
  if (traceState !== '') tags.set('w3c.tracestate', traceState);
  if (kind === internal) tags.set('span.kind', 'internal');
  const localEndpoint = takeEndpoint(tags, serviceName, 'network.local.address', 'net.host.port');
  const peer = takeFirst(tags, 'service.peer.name', 'peer.service');
  const remoteEndpoint = takeEndpoint(tags, peer, 'network.peer.address', 'net.peer.port');
  addStatus(tags, span);
  addLinks(tags, span);
  return {
    traceId,
    id,
    parentId: span.parentSpanIdHex,
    name: span.name,
    kind: kinds[kind] ?? '',
    timestampMicros: startTimeUnixNano < second ? 0n : micros(startTimeUnixNano),
    durationMicros: duration(startTimeUnixNano, endTimeUnixNano),
    localEndpoint,
    remoteEndpoint,
    annotations: annotationsOf(span),
    tags,
  };
}

/** Rounded to the nearest microsecond. */
function micros(nanos: bigint): bigint {
  return (nanos + 500n) / 1000n;
}

/** At least a microsecond where there is any; none for spans that have not ended, or end before they start. */
function duration(start: bigint, end: bigint): bigint {
  if (end <= start) return 0n;
  return end - start < 1000n ? 1n : micros(end - start);
}

function takeFirst(tags: Tags, ...names: readonly string[]): string {
  const name = names.find((one) => tags.has(one));
  if (name === undefined) return '';
  const value = tags.get(name)!;
  tags.delete(name);
  return value;
}

/** An endpoint of a name and what tags tell about its address, which are removed when it takes them up. */
function takeEndpoint(tags: Tags, serviceName: string, ipTag: string, portTag: string): Endpoint | undefined {
  const ip = parseIp(tags.get(ipTag) ?? '');
  if (serviceName === '' && ip === undefined) return undefined;
  if (ip !== undefined) tags.delete(ipTag);
  const portText = tags.get(portTag) ?? '';
  const port = /^\d{1,5}$/.test(portText) && Number(portText) < 65_536 ? Number(portText) : 0;
  if (port > 0) tags.delete(portTag);
  return { serviceName, ip, port };
}

/** Zipkin takes any span with a tag `error` for failed. */
function addStatus(tags: Tags, { statusCode, statusMessage }: SpanView): void {
  if (statusCode === error) tags.set('error', 'true');
  else tags.delete('error');
  const name = statusNames[statusCode] ?? '';
  if (name === '') return;
  tags.set('otel.status_code', name);
  if (statusMessage !== '') tags.set('otel.status_description', statusMessage);
}

function addLinks(tags: Tags, { links }: SpanView): void {
  for (let i = 0; i < links.size; i++) {
    const { traceIdHex, spanIdHex, traceState, attributes, droppedAttributesCount } = links.at(i);
    tags.set(`otlp.link.${i}`, `${traceIdHex}|${spanIdHex}|${traceState}|${valueJson(attributes.toPlain())}|${droppedAttributesCount}`);
  }
}

function annotationsOf({ events }: SpanView): ZipkinSpan['annotations'] {
  const annotations: { timestampMicros: bigint; value: string }[] = [];
  for (let i = 0; i < events.size; i++) {
    const { name, timeUnixNano, attributes, droppedAttributesCount } = events.at(i);
    const bare = attributes.size === 0 && droppedAttributesCount === 0;
    const value = bare ? name : `${name}|${valueJson(attributes.toPlain())}|${droppedAttributesCount}`;
    annotations.push({ timestampMicros: micros(timeUnixNano), value });
  }
  return annotations;
}
