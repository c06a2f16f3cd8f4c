import { key } from '@millrace/api';
import type { AttributesView, Key, LogView, ResourceView, ScopeView, Signal, SpanView, ValueView, Visitor } from '@millrace/api';
import { valueText } from '@millrace/wire';
import { attributeText } from './attribute-text.ts';
import type { LoadBalancingConfig, RoutingKey } from './config.ts';
import { placeOf, ringSize } from './hash-ring.ts';
import { resourceIdentity, StreamIdentity } from './identity.ts';

/** The signals that are balanced. */
export type BalancedSignal = Exclude<Signal, 'profiles'>;

/** Instead of a place on the ring: the item has nothing to go by and no place to go. */
export const nowhere = -1;

/** Is told the place on the ring of every item, in order. */
export type Put = (place: number) => void;

const serviceName = key('service.name');
const spanKinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const noTraceId = placeOf(Buffer.alloc(16));

const defaults = { traces: 'traceID', metrics: 'service', logs: 'service' } as const;

const placeOfText = (text: string): number => placeOf(Buffer.from(text));

/** The visitor that tells where on the ring each item is. Throws for a routing key that the signal does not have. */
export function routing(config: LoadBalancingConfig, signal: BalancedSignal, put: Put): Visitor {
  const { routing_key: routingKey = defaults[signal], routing_attributes: names } = config;
  const visitor = { traces: spanRouting, metrics: pointRouting, logs: logRouting }[signal](routingKey, names, put);
  if (visitor !== undefined) return visitor;
  throw new Error(`cannot configure loadbalancing ${signal} exporter: unsupported routing_key: ${JSON.stringify(routingKey)}`);
}

function spanRouting(by: RoutingKey, names: readonly string[], put: Put): Visitor | undefined {
  switch (by) {
    case 'traceID':
      return {
        onSpan(span) {
          const { buffer, start, end } = span.traceId();
          put(end > start ? placeOf(buffer, start, end) : noTraceId);
        },
      };
    case 'service':
      return spansByAttributes(['service.name'], put);
    case 'attributes':
      return spansByAttributes(names, put);
    default:
      return undefined;
  }
}

function pointRouting(by: RoutingKey, names: readonly string[], put: Put): Visitor | undefined {
  let place = 0;
  const onDataPoint = (): void => put(place);
  switch (by) {
    case 'service':
      return {
        onResource({ attributes }) {
          place = attributes.has(serviceName) ? placeOfText(attributes.string(serviceName) ?? '') : nowhere;
        },
        onDataPoint,
      };
    case 'resource':
      return {
        onResource(resource) {
          place = placeOfText(resourceIdentity(resource));
        },
        onDataPoint,
      };
    case 'metric':
      return {
        onMetric({ name }) {
          place = placeOfText(name);
        },
        onDataPoint,
      };
    case 'streamID': {
      const identity = new StreamIdentity();
      return {
        onResource: (resource) => identity.onResource(resource),
        onScope: (scope) => identity.onScope(scope),
        onMetric: (metric) => identity.onMetric(metric),
        onDataPoint: (point) => put(placeOfText(identity.of(point))),
      };
    }
    case 'attributes': {
      const path = new AttributePath(names);
      return {
        ...path.hooks,
        onDataPoint: (point) => put(path.placeOf((name) => point.attributes.value(name))),
      };
    }
    default:
      return undefined;
  }
}

function logRouting(by: RoutingKey, names: readonly string[], put: Put): Visitor | undefined {
  let place = 0;
  const onLog = (): void => put(place);
  switch (by) {
    case 'service':
      return {
        onResource({ attributes }) {
          place = placeOfText(attributes.string(serviceName) ?? '');
        },
        onLog,
      };
    case 'resource':
      return {
        onResource(resource) {
          place = placeOfText(resourceIdentity(resource));
        },
        onLog,
      };
    case 'traceID':
      return logsByTrace(put);
    case 'attributes': {
      const path = new AttributePath(names);
      return {
        ...path.hooks,
        onLog: (log) => put(path.placeOf((name) => ofLog(log, name))),
      };
    }
    default:
      return undefined;
  }
}

function ofLog(log: LogView, name: Key): ValueView | string | undefined {
  if (name.text === 'log.severity') return log.severityText;
  if (name.text === 'log.body') return valueText(log.body);
  return log.attributes.value(name);
}

/** By the trace id in hex; a record without one goes anywhere, so that no backend gets them all. */
function logsByTrace(put: Put): Visitor {
  const hex = Buffer.alloc(32);
  return {
    onLog(log) {
      const id = log.traceIdHex;
      if (id === '' || id === '00000000000000000000000000000000') return put(Math.floor(Math.random() * ringSize));
      put(placeOf(hex, 0, hex.write(id, 'latin1')));
    },
  };
}

/** Data points and log records: first every attribute that the resource has, then those that the scope has, then those of the item. */
class AttributePath {
  readonly #names: readonly Key[];
  #ofResource = '';
  #missing: readonly Key[] = [];
  #ofScope = '';
  #place = 0;
  #below: readonly Key[] = [];

  constructor(names: readonly string[]) {
    this.#names = names.map(key);
  }

  readonly hooks: Visitor = {
    onResource: ({ attributes }) => {
      [this.#ofResource, this.#missing] = taken('', this.#names, attributes);
    },
    onScope: ({ attributes }) => {
      [this.#ofScope, this.#below] = taken(this.#ofResource, this.#missing, attributes);
      this.#place = placeOfText(this.#ofScope);
    },
  };

  placeOf(valueOf: (name: Key) => ValueView | string | undefined): number {
    if (this.#below.length === 0) return this.#place;
    let text = this.#ofScope;
    for (const name of this.#below) text += attributeText(name.text, valueOf(name));
    return placeOfText(text);
  }
}

/** A text with those attributes added that are there, and the names of those that are not. */
function taken(before: string, names: readonly Key[], attributes: AttributesView): [text: string, missing: readonly Key[]] {
  let text = before;
  const missing: Key[] = [];
  for (const name of names) {
    const value = attributes.value(name);
    if (value === undefined) missing.push(name);
    else text += attributeText(name.text, value);
  }
  return [text, missing];
}

/**
 * Spans: each attribute in the order of the setting, of the resource, else of the scope, else of the first span of the trace in this scope; so
 * the spans that a trace has in one scope stay together.
 */
function spansByAttributes(texts: readonly string[], put: Put): Visitor {
  const names = texts.map(key);
  const places = new Map<string, number>();
  let ofResource: (string | undefined)[] = [];
  let ofScope: (string | undefined)[] = [];
  let shared: number | undefined;
  const textOf = (name: Key, { attributes }: ResourceView | ScopeView): string | undefined => {
    const value = attributes.value(name);
    return value === undefined ? undefined : attributeText(name.text, value);
  };
  return {
    onResource(resource) {
      ofResource = names.map((name) => textOf(name, resource));
    },
    onScope(scope) {
      ofScope = names.map((name, index) => ofResource[index] ?? textOf(name, scope));
      shared = ofScope.includes(undefined) ? undefined : placeOfText(ofScope.join(''));
      places.clear();
    },
    onSpan(span) {
      if (shared !== undefined) return put(shared);
      const { buffer, start, end } = span.traceId();
      const trace = buffer.latin1Slice(start, end);
      let place = places.get(trace);
      if (place === undefined) {
        place = placeOfText(names.map((name, index) => ofScope[index] ?? attributeText(name.text, ofSpan(span, name))).join(''));
        places.set(trace, place);
      }
      put(place);
    },
  };
}

function ofSpan(span: SpanView, name: Key): ValueView | string | undefined {
  if (name.text === 'span.kind') return spanKinds[span.kind] ?? '';
  if (name.text === 'span.name') return span.name;
  return span.attributes.value(name);
}
