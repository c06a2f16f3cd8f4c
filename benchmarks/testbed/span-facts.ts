import { valueText } from '@millrace/trace-format';
import type { Plain } from '@millrace/wire';
import type { PlainField, PlainMessage } from '@millrace/wire/plain';
import type { Facts, Items, Part } from './facts.ts';

/** Formats of spans that hold less than OTLP. */
export type SpanFormat = 'jaeger' | 'zipkin';

/** A list as messages. */
const list = (value: PlainField): readonly PlainMessage[] => (value ?? []) as readonly PlainMessage[];

/** A value of OTLP as JavaScript's own. */
function plainOf(value: PlainMessage): Plain {
  const [member] = Object.entries(value);
  if (member === undefined) return undefined;
  const [name, inner] = member;
  if (name === 'arrayValue') return list((inner as PlainMessage)['values']).map(plainOf);
  if (name !== 'kvlistValue') return inner as Plain;
  const entries = list((inner as PlainMessage)['values']).map(
    ({ key, value: each }) => [key as string, plainOf(each as PlainMessage)] as const,
  );
  return Object.fromEntries(entries);
}

/** Adds attributes as texts. In the JSON of an annotation or a link, lists and maps are lost and integers are doubles. */
function addAttributes(facts: Facts, path: string, attributes: PlainField, inJson = false): void {
  for (const { key, value } of list(attributes)) {
    // The reference to the parent has a type of its own in Jaeger.
    if (key === 'opentracing.ref_type') continue;
    const text = valueText(plainOf((value ?? {}) as PlainMessage)).toLowerCase();
    if (inJson && /^[[{]/.test(text)) continue;
    facts.set(`${path} ${key as string}`, inJson && /^-?\d+$/.test(text) ? String(Number(text)) : text);
  }
}

/**
 * Adds a span as far as the formats on its way can hold it. Attributes of resource, scope and span are one list of texts in these formats, names
 * and texts may change their case, times are whole microseconds. What they do not have at all is left out: trace flags and numbers of dropped things in both, attributes and
 * trace states of links in Jaeger.
 */
export function addSpan(items: Items, { resource, scope, item }: Part, formats: readonly SpanFormat[]): void {
  const facts: Facts = new Map();
  const set = (path: string, value: PlainField): void => {
    if (value === undefined || value === '' || value === 0 || value === '0') return;
    facts.set(path, typeof value === 'bigint' ? value : String(value as string | number).toLowerCase());
  };
  const status = (item['status'] ?? {}) as PlainMessage;
  set('trace id', item['traceId']);
  set('parent id', item['parentSpanId']);
  set('trace state', item['traceState']);
  set('name', item['name']);
  set('kind', item['kind']);
  set('start', item['startTimeUnixNano']);
  set('end', item['endTimeUnixNano']);
  set('status', status['code']);
  set('status message', status['message']);
  set('scope name', scope['name']);
  set('scope version', scope['version']);
  for (const attributes of [resource['attributes'], scope['attributes'], item['attributes']]) addAttributes(facts, 'attribute', attributes);
  for (const event of list(item['events'])) {
    const name = event['name'] as string;
    set(`${name} time`, event['timeUnixNano']);
    addAttributes(facts, name, event['attributes'], formats.includes('zipkin'));
  }
  for (const link of list(item['links'])) {
    const path = `link ${link['spanId'] as string}`;
    set(`${path} trace id`, link['traceId']);
    if (formats.includes('jaeger')) continue;
    set(`${path} trace state`, link['traceState']);
    addAttributes(facts, path, link['attributes'], true);
  }
  items.set(item['spanId'] as string, facts);
}

interface ZipkinJson {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name?: string;
  readonly kind?: string;
  readonly timestamp?: number;
  readonly duration?: number;
  readonly localEndpoint?: { readonly serviceName?: string };
  readonly annotations?: readonly { readonly timestamp: number; readonly value: string }[];
  readonly tags?: Readonly<Record<string, string>>;
}

const kinds = ['', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const jsonAttributes = (json: string | undefined): PlainMessage[] =>
  Object.entries(JSON.parse(json === undefined || json === '' ? '{}' : json) as Record<string, unknown>).map(([key, value]) => ({
    key,
    value: { stringValue: typeof value === 'string' ? value : JSON.stringify(value) },
  }));

/** Reads a body of Zipkin's v2 JSON, as the Collector's exporter writes it, into spans of OTLP whose attributes are texts. */
export function zipkinSpans(body: Buffer): Part[] {
  return (JSON.parse(body.toString()) as ZipkinJson[]).map((span) => {
    const tags = new Map(Object.entries(span.tags ?? {}));
    const take = (name: string): string | undefined => {
      const value = tags.get(name);
      tags.delete(name);
      return value;
    };
    const links: PlainMessage[] = [];
    for (let text = take('otlp.link.0'); text !== undefined; text = take(`otlp.link.${links.length}`)) {
      const [, traceId, spanId, traceState, json] = /^([^|]*)\|([^|]*)\|([^|]*)\|(.*)\|[^|]*$/s.exec(text)!;
      links.push({ traceId: traceId!, spanId: spanId!, traceState: traceState!, attributes: jsonAttributes(json) });
    }
    const code = take('otel.status_code');
    const isError = take('error') !== undefined;
    const internal = take('span.kind') === 'internal';
    const start = BigInt(span.timestamp ?? 0) * 1000n;
    const scope = {
      name: take('otel.library.name') ?? take('otel.scope.name'),
      version: take('otel.library.version') ?? take('otel.scope.version'),
    };
    const status = {
      code: isError || code === 'STATUS_CODE_ERROR' || code === 'Error' ? 2 : code === undefined ? 0 : 1,
      message: take('otel.status_description'),
    };
    return {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: span.localEndpoint?.serviceName ?? '' } }] },
      scope,
      item: {
        traceId: span.traceId.padStart(32, '0'),
        spanId: span.id,
        parentSpanId: span.parentId,
        traceState: take('w3c.tracestate'),
        name: span.name,
        kind: internal ? 1 : kinds.indexOf(span.kind ?? ''),
        startTimeUnixNano: start,
        endTimeUnixNano: start + BigInt(span.duration ?? 0) * 1000n,
        status,
        links,
        events: (span.annotations ?? []).map(({ timestamp, value }) => {
          const [, name, json] = /^([^|]*)\|(.*)\|\d+$/s.exec(value) ?? [];
          return { timeUnixNano: BigInt(timestamp) * 1000n, name: name ?? value, attributes: jsonAttributes(json) };
        }),
        attributes: [...tags].map(([key, value]) => ({ key, value: { stringValue: value } })),
      },
    };
  });
}
