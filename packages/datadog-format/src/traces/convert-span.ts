import { STATUS_CODES } from 'node:http';
import type { SpanView } from '@millrace/wire';
import { type Attributes, attributesOf, firstText, textOf } from '../attributes.ts';
import { normalizeService, normalizeTagValue } from '../normalize.ts';
import { eventsJson, linksJson } from './span-json.ts';
import { type NamedSpan, type NamingOptions, operationName, resourceName, spanType } from './span-names.ts';
import { type DatadogSpan, kindNames, kinds } from './span.ts';

/** The scope of a span. */
export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: Attributes;
}

/** How spans are converted. */
export interface SpanOptions extends NamingOptions {
  /** Mark roots, servers and consumers as top-level, clients and producers as measured, instead of looking at services. */
  readonly computeTopLevelBySpanKind: boolean;
}

/** HTTP attributes under Datadog's names. */
const httpNames: ReadonlyMap<string, string> = new Map([
  ['client.address', 'http.client_ip'],
  ['http.response.body.size', 'http.response.content_length'],
  ['http.response.status_code', 'http.status_code'],
  ['http.request.body.size', 'http.request.content_length'],
  ['http.request.header.referrer', 'http.referrer'],
  ['http.request.method', 'http.method'],
  ['network.protocol.version', 'http.version'],
  ['server.address', 'http.server_name'],
  ['url.full', 'http.url'],
  ['user_agent.original', 'http.useragent'],
]);

/** These become fields of the span. */
const fieldKeys: ReadonlySet<string> = new Set(['service.name', 'operation.name', 'resource.name', 'span.type']);

const headerPrefix = 'http.request.header.';
const statusWords = ['Unset', 'Ok', 'Error'];

/** The fields of a span that statistics need, and nothing else. `peerTags` are attributes that go into its meta. */
export function convertForStats(
  view: SpanView,
  attributes: Attributes,
  resource: Attributes,
  scope: Scope,
  isTopLevel: boolean,
  options: SpanOptions,
  peerTags: readonly string[],
): DatadogSpan {
  return minimal(view, attributes, resource, scope, isTopLevel, options, peerTags);
}

/** Converts a span with its resource and scope (pkg/trace/transform of the Datadog Agent, OtelSpanToDDSpan). */
export function convertSpan(view: SpanView, resource: Attributes, scope: Scope, options: SpanOptions): DatadogSpan {
  const attributes = attributesOf(view.attributes);
  const isTop =
    options.computeTopLevelBySpanKind && (view.parentSpanIdHex === '' || view.kind === kinds.server || view.kind === kinds.consumer);
  const span = minimal(view, attributes, resource, scope, isTop, options, []);
  const { meta } = span;
  for (const [key, value] of attributes) {
    if (typeof value === 'number' || typeof value === 'bigint') setMetric(span, key, Number(value));
    else setMeta(span, key, textOf(value));
  }
  meta.set('otel.trace_id', view.traceIdHex);
  const version = normalized(attributes, resource, 'service.version');
  if (!meta.has('version') && version !== '') meta.set('version', version);
  const { events, links } = view;
  if (events.size > 0) meta.set('events', eventsJson(events));
  for (let i = 0; i < events.size; i++) if (events.at(i).name === 'exception') meta.set('_dd.span_events.has_exception', 'true');
  if (links.size > 0) meta.set('_dd.span_links', linksJson(links));
  if (view.traceState !== '') meta.set('w3c.tracestate', view.traceState);
  if (scope.name !== '') meta.set('otel.library.name', scope.name);
  if (scope.version !== '') meta.set('otel.library.version', scope.version);
  meta.set('otel.status_code', statusWords[view.statusCode] ?? '');
  if (view.statusMessage !== '') meta.set('otel.status_description', view.statusMessage);
  if (span.error === 1) explainError(meta, view.statusMessage);
  const env = environmentOf(attributes, resource);
  if (!meta.has('env') && env !== '') meta.set('env', env);
  for (const [key, value] of resource) setMeta(span, key, textOf(value));
  for (const [key, value] of scope.attributes) meta.set(key, textOf(value));
  if (!meta.has('db.name')) {
    const name = firstText(resource, ['db.namespace']) || firstText(attributes, ['db.namespace']);
    if (name !== '') meta.set('db.name', name);
  }
  return span;
}

/** The environment that a span's attributes, else its resource's, name. */
export function environmentOf(attributes: Attributes, resource: Attributes): string {
  return normalized(attributes, resource, 'deployment.environment.name', 'deployment.environment');
}

/** The normalized value of the span's attribute, else of the resource's. */
export function normalized(attributes: Attributes, resource: Attributes, ...keys: readonly string[]): string {
  return normalizeTagValue(firstText(attributes, keys)) || normalizeTagValue(firstText(resource, keys));
}

function minimal(
  view: SpanView,
  attributes: Attributes,
  resource: Attributes,
  scope: Scope,
  isTopLevel: boolean,
  options: SpanOptions,
  peerTags: readonly string[],
): DatadogSpan {
  const named: NamedSpan = { name: view.name, kind: view.kind, attributes, resource, scopeName: scope.name };
  const start = BigInt.asIntN(64, view.startTimeUnixNano);
  const span: DatadogSpan = {
    service: serviceOf(attributes, resource),
    name: operationName(named, options),
    resource: resourceName(named, options),
    type: spanType(named),
    traceId: lastBigint(view.traceId()),
    spanId: lastBigint(view.spanId()),
    parentId: lastBigint(view.parentSpanId()),
    start,
    duration: BigInt.asIntN(64, view.endTimeUnixNano) - start,
    error: view.statusCode === 2 ? 1 : 0,
    meta: new Map([['span.kind', kindNames[view.kind] ?? 'unspecified']]),
    metrics: new Map(),
  };
  const status = httpStatus(attributes) ?? httpStatus(resource) ?? 0n;
  if (status !== 0n) span.metrics.set('http.status_code', Number(BigInt.asUintN(32, status)));
  if (isTopLevel) span.metrics.set('_top_level', 1);
  const isMeasured = (firstText(attributes, ['_dd.measured']) || firstText(resource, ['_dd.measured'])) === '1';
  if (isMeasured || (options.computeTopLevelBySpanKind && (view.kind === kinds.client || view.kind === kinds.producer))) {
    span.metrics.set('_dd.measured', 1);
  }
  for (const key of peerTags) {
    const value = textOf(attributes.get(key)) || textOf(resource.get(key));
    if (value !== '') span.meta.set(key, value);
  }
  return span;
}

/** The service that a span's attributes, else its resource's, name. */
export function serviceOf(attributes: Attributes, resource: Attributes): string {
  const keys = ['service.name'];
  return normalizeService(firstText(attributes, keys) || firstText(resource, keys) || 'otlpresourcenoservicename', '');
}

function httpStatus(attributes: Attributes): bigint | undefined {
  for (const key of ['http.status_code', 'http.response.status_code']) {
    if (!attributes.has(key)) continue;
    const value = attributes.get(key);
    return typeof value === 'bigint' ? value : 0n;
  }
  return undefined;
}

function lastBigint({ buffer, start, end }: { buffer: Buffer; start: number; end: number }): bigint {
  return end - start < 8 ? 0n : buffer.readBigUInt64BE(end - 8);
}

/** Datadog's name of an attribute; '' for those that become fields. */
function metaKey(key: string): string {
  const name = httpNames.get(key);
  if (name !== undefined) return name;
  if (key.startsWith(headerPrefix)) return `http.request.headers.${key.slice(headerPrefix.length)}`;
  return fieldKeys.has(key) ? '' : key;
}

function setMeta({ meta, metrics }: DatadogSpan, key: string, value: string): void {
  const name = metaKey(key);
  if (name === '' || (meta.get(name) ?? '') !== '') return;
  if (name !== 'analytics.event') meta.set(name, value);
  else if (!metrics.has('_dd1.sr.eausr')) {
    if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) metrics.set('_dd1.sr.eausr', 1);
    else if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) metrics.set('_dd1.sr.eausr', 0);
  }
}

function setMetric({ metrics }: DatadogSpan, key: string, value: number): void {
  const name = metaKey(key);
  if (name === '' || metrics.has(name)) return;
  const metric = name === 'sampling.priority' ? '_sampling_priority_v1' : name;
  if (!metrics.has(metric)) metrics.set(metric, value);
}

function explainError(meta: Map<string, string>, statusMessage: string): void {
  if (meta.has('error.msg')) return;
  if (statusMessage !== '') {
    meta.set('error.msg', statusMessage);
    return;
  }
  const code = meta.get('http.response.status_code') || meta.get('http.status_code') || '';
  if (code === '') return;
  const text = STATUS_CODES[code];
  meta.set('error.msg', text === undefined ? code : `${code} ${text}`);
}
