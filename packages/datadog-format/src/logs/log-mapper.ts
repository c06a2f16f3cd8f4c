import type { Batch, LogView, Plain, Visitor, Walk } from '@millrace/wire';
import { walk } from '@millrace/wire';
import { type Attributes, attributesOf, json, textOf } from '../attributes.ts';
import { partsPayload, type Payload } from '../payload.ts';
import { resourceTags } from '../resource-tags.ts';
import { sourceOf } from '../source.ts';

/** How log records are converted. */
export interface LogOptions {
  /** The host of records that name none. */
  readonly hostname: string;
  readonly nowMs: () => number;
}

/** Limits of the intake. */
const maxRecords = 1000;
const maxBytes = 5_000_000;

/** The source and the tag by which Datadog knows these records. */
const defaultSource = 'otlp_log_ingestion';
const sourceTag = 'otel_source:datadog_exporter';

const maxDepth = 10;

/** Attributes that mean something to Datadog under several names, in lower case. */
const meanings: Readonly<Record<string, 'message' | 'status' | 'trace' | 'span' | 'tags'>> = {
  msg: 'message',
  message: 'message',
  log: 'message',
  status: 'status',
  severity: 'status',
  level: 'status',
  'syslog.severity': 'status',
  traceid: 'trace',
  trace_id: 'trace',
  'contextmap.traceid': 'trace',
  oteltraceid: 'trace',
  spanid: 'span',
  span_id: 'span',
  'contextmap.spanid': 'span',
  otelspanid: 'span',
  ddtags: 'tags',
};

/** Converts batches of log records to bodies of the logs intake (opentelemetry-mapping-go, otlp/logs, in the envelope of the logs agent). */
export class LogMapper {
  readonly #options: LogOptions;
  readonly #walk: Walk;
  #resource: Attributes = new Map();
  #tags: string[] = [];
  #scope: Attributes = new Map();
  #host = '';
  #service = '';
  #records: string[] = [];

  constructor(options: LogOptions) {
    this.#options = options;
    const visitor: Visitor = {
      traits: { refuses: true },
      onResource: ({ attributes }) => {
        this.#resource = attributesOf(attributes);
        this.#tags = resourceTags(this.#resource);
        this.#host = hostOf(this.#resource);
        this.#service = textOf(this.#resource.get('service.name'));
      },
      onScope: ({ attributes }) => {
        this.#scope = attributesOf(attributes);
      },
      onLog: (record) => void this.#records.push(this.#convert(record)),
    };
    this.#walk = walk([visitor], () => {});
  }

  map(batch: Batch): Payload[] {
    this.#records = [];
    this.#walk.run(batch);
    const payloads: Payload[] = [];
    let from = 0;
    let size = 0;
    const close = (to: number): void => {
      if (to > from) payloads.push(partsPayload(this.#records.slice(from, to), encode, () => 1));
      from = to;
      size = 0;
    };
    for (const [i, record] of this.#records.entries()) {
      const length = Buffer.byteLength(record) + 1;
      if (i - from === maxRecords || size + length > maxBytes) close(i);
      size += length;
    }
    close(this.#records.length);
    return payloads;
  }

  #convert(view: LogView): string {
    const attributes = attributesOf(view.attributes);
    const host = this.#host || hostOf(attributes);
    const service = this.#service || textOf(attributes.get('service.name'));
    const item = new Map<string, string>();
    const read = this.#readAttributes(attributes, item);
    for (const [key, value] of this.#resource) {
      const isReserved = key === 'hostname' || key === 'service';
      item.set(isReserved ? `otel.${key}` : key, JSON.stringify(textOf(value)));
    }
    for (const [key, value] of this.#scope) item.set(key, JSON.stringify(textOf(value)));
    setIds(view, item);
    const status = setStatus(view, item, read.status);
    setTime(view, item);
    if (view.eventName !== '') item.set('otel.event_name', JSON.stringify(view.eventName));
    item.set('message', JSON.stringify(read.message || textOf(view.body.toPlain())));
    if (host === '') item.delete('hostname');
    else item.set('hostname', JSON.stringify(host));
    if (service === '') item.delete('service');
    else item.set('service', JSON.stringify(service));
    const source = this.#sourceName(attributes);
    const tags = [...this.#tags, ...(read.tags === '' ? [] : [read.tags]), sourceTag].join(',');
    const content = `{${[...item].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
    return (
      `{"message":${JSON.stringify(content)},"status":${JSON.stringify(status || 'info')},"timestamp":${this.#options.nowMs()},` +
      `"hostname":${JSON.stringify(host || this.#options.hostname)},"service":${JSON.stringify(service)},` +
      `"ddsource":${JSON.stringify(source)},"ddtags":${JSON.stringify(tags)}}`
    );
  }

  #sourceName(attributes: Attributes): string {
    const own = this.#resource.get('datadog.log.source') ?? attributes.get('datadog.log.source');
    return typeof own === 'string' && own !== '' ? own : defaultSource;
  }

  #readAttributes(attributes: Attributes, item: Map<string, string>): { message: string; status: string; tags: string } {
    const read = { message: '', status: '', tags: '' };
    for (const [key, value] of attributes) {
      const lower = key.toLowerCase();
      const meaning = Object.hasOwn(meanings, lower) ? meanings[lower] : undefined;
      if (meaning === undefined) flatten(key, value, 1, item);
      else if (meaning === 'trace') setId(item, 'trace_id', textOf(value), 32);
      else if (meaning === 'span') setId(item, 'span_id', textOf(value), 16);
      else read[meaning] = textOf(value);
    }
    return read;
  }
}

function encode(records: readonly string[]): Buffer {
  return Buffer.from(`[${records.join(',')}]`);
}

function hostOf(attributes: Attributes): string {
  const source = sourceOf(attributes);
  return source !== undefined && 'host' in source ? source.host : '';
}

function setId(item: Map<string, string>, name: string, hex: string, digits: number): void {
  if (hex.length !== digits || !/^[0-9a-f]+$/i.test(hex) || item.has(`dd.${name}`)) return;
  item.set(`dd.${name}`, `"${BigInt(`0x${hex.slice(-16)}`)}"`);
  item.set(`otel.${name}`, JSON.stringify(hex));
}

function setIds(view: LogView, item: Map<string, string>): void {
  for (const [name, hex, digits] of [
    ['trace_id', view.traceIdHex, 32],
    ['span_id', view.spanIdHex, 16],
  ] as const) {
    if (/^0*$/.test(hex)) continue;
    item.delete(`dd.${name}`);
    setId(item, name, hex, digits);
  }
}

function setStatus(view: LogView, item: Map<string, string>, fromAttributes: string): string {
  const status = fromAttributes || view.severityText || (view.severityNumber === 0 ? '' : severityWord(view.severityNumber));
  if (view.severityText !== '') item.set('otel.severity_text', JSON.stringify(view.severityText));
  if (view.severityNumber !== 0) item.set('otel.severity_number', `"${view.severityNumber}"`);
  item.set('status', JSON.stringify(status));
  return status;
}

function severityWord(severityNumber: number): string {
  const words = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
  return severityNumber <= 4 ? 'trace' : (words[Math.floor((severityNumber - 1) / 4)] ?? 'error');
}

function setTime(view: LogView, item: Map<string, string>): void {
  const nanos = view.timeUnixNano || view.observedTimeUnixNano;
  if (nanos === 0n) return;
  item.set('otel.timestamp', `"${BigInt.asIntN(64, nanos)}"`);
  const date = new Date(Number(BigInt.asIntN(64, nanos) / 1_000_000n));
  item.set('@timestamp', `"${date.toISOString()}"`);
}

/** Sets an attribute as JSON; the members of a map become attributes with dotted names, down to ten levels. */
function flatten(key: string, value: Plain, depth: number, into: Map<string, string>): void {
  if (isMap(value) && depth < maxDepth) {
    for (const [name, member] of Object.entries(value)) flatten(key === '' ? name : `${key}.${name}`, member, depth + 1, into);
    return;
  }
  into.set(key, Array.isArray(value) ? listJson(value as readonly Plain[], depth) : scalarJson(value));
}

function listJson(list: readonly Plain[], depth: number): string {
  const elements = list.map((element) => {
    if (!isMap(element)) return Array.isArray(element) ? listJson(element as readonly Plain[], depth + 1) : scalarJson(element);
    const members = new Map<string, string>();
    flatten('', element, depth + 1, members);
    return `{${[...members].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
  });
  return `[${elements.join(',')}]`;
}

function scalarJson(value: Plain): string {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean') return json(value);
  if (typeof value === 'number' && Number.isFinite(value)) return json(value);
  return JSON.stringify(textOf(value));
}

function isMap(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
}
