import { type AttributesView, type Key, key, type ResourceEdit, type SpanView, type Verdict, type Visitor } from '@millrace/api';
import { type ByteRange, valueText } from '@millrace/wire';
import type { ServiceGraphConfig } from './config.ts';
import type { Edge, EdgeStore } from './edge-store.ts';

const serviceName = key('service.name');
const server = 2;
const client = 3;
const producer = 4;
const consumer = 5;
const errorStatus = 2;

/** Finds the two sides of requests among spans. */
export class EdgeFinder implements Visitor {
  /** Requests of which a first side was seen. */
  newEdges = 0;
  /** Spans for which there was no room. */
  droppedSpans = 0;
  /** The time, in milliseconds since the epoch. */
  nowMs = 0;
  readonly #store: EdgeStore;
  readonly #dimensions: readonly Key[];
  readonly #peers: readonly Key[];
  readonly #databases: readonly Key[];
  #service = '';
  #resource!: AttributesView;
  #span!: SpanView;

  constructor(config: ServiceGraphConfig, store: EdgeStore) {
    this.#store = store;
    this.#dimensions = config.dimensions.map(key);
    this.#peers = config.virtual_node_peer_attributes.map(key);
    this.#databases = (config.database_name_attributes.length === 0 ? ['db.name'] : config.database_name_attributes).map(key);
  }

  onResource({ attributes }: ResourceEdit): Verdict {
    const name = attributes.value(serviceName);
    if (name === undefined) return 'skip';
    this.#service = valueText(name);
    return undefined;
  }

  onSpan(span: SpanView): void {
    const { kind } = span;
    if (kind < server || kind > consumer) return;
    const isClient = kind === client || kind === producer;
    this.#span = span;
    this.#resource = span.resource.attributes;
    const trace = textOf(span.traceId());
    const id = isClient ? span.spanId() : span.parentSpanId();
    const isRoot = isEmpty(id);
    const name = trace + (isRoot ? '' : textOf(id));
    const isNew = this.#store.update(name, isRoot, this.nowMs, isClient ? this.#addClient : this.#addServer);
    if (isNew === undefined) this.droppedSpans++;
    else if (isNew) this.newEdges++;
  }

  readonly #addClient = (edge: Edge): void => {
    const span = this.#span;
    edge.connectionType = span.kind === producer ? 'messaging_system' : '';
    edge.client = this.#service;
    edge.clientSeconds = secondsOf(span);
    edge.isFailed ||= span.statusCode === errorStatus;
    this.#addDimensions(edge, 'client');
    const peer = this.#peers.findIndex((name) => span.attributes.has(name));
    if (peer >= 0) edge.peers.set(peer, valueText(span.attributes.value(this.#peers[peer])!));
    const database = this.#valueOf(this.#databases);
    if (database === undefined) return;
    // A call of a database has one span.
    edge.connectionType = 'database';
    edge.server = database;
    edge.serverSeconds = edge.clientSeconds;
  };

  readonly #addServer = (edge: Edge): void => {
    const span = this.#span;
    edge.connectionType = span.kind === consumer ? 'messaging_system' : '';
    edge.server = this.#service;
    edge.serverSeconds = secondsOf(span);
    edge.isFailed ||= span.statusCode === errorStatus;
    this.#addDimensions(edge, 'server');
  };

  #addDimensions(edge: Edge, side: 'client' | 'server'): void {
    for (const name of this.#dimensions) {
      const value = this.#valueOf([name]);
      if (value !== undefined) edge.dimensions.set(`${side}_${name.text}`, value);
    }
  }

  /** The first of the attributes that the resource, or else the span, has. */
  #valueOf(names: readonly Key[]): string | undefined {
    for (const name of names) {
      const value = this.#resource.value(name) ?? this.#span.attributes.value(name);
      if (value !== undefined) return valueText(value);
    }
    return undefined;
  }
}

function textOf({ buffer, start, end }: ByteRange): string {
  return buffer.latin1Slice(start, end);
}

/** Whether an id is none: absent, or zeros. */
function isEmpty({ buffer, start, end }: ByteRange): boolean {
  while (start < end && buffer[start] === 0) start++;
  return start === end;
}

function secondsOf(span: SpanView): number {
  return Math.max(0, span.durationNanos) / 1e9;
}
