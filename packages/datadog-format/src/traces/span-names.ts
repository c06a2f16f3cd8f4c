import { type Attributes, firstText } from '../attributes.ts';
import { maxResourceBytes, normalizeName, normalizeTagValue, truncateBytes } from '../normalize.ts';
import { kinds } from './span.ts';

/** What the names of a span are made of. */
export interface NamedSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly scopeName: string;
}

/** How the names of spans are made (`traces` of the exporter and the connector). */
export interface NamingOptions {
  readonly spanNameAsResourceName: boolean;
  /** New names of operations by old ones. */
  readonly spanNameRemappings: ReadonlyMap<string, string>;
}

/** `SpanKind`s as the Collector prints them, by number. */
const kindWords = ['Internal', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];

const methodKeys = ['http.request.method', 'http.method'];
const destinationKeys = ['messaging.destination', 'messaging.destination.name'];

/** The span's attribute, else the resource's; '' when both are missing or empty. */
function text(span: NamedSpan, ...keys: readonly string[]): string {
  return firstText(span.attributes, keys) || firstText(span.resource, keys);
}

/** The resource's attribute, else the span's. */
function resourceFirst(span: NamedSpan, ...keys: readonly string[]): string {
  return firstText(span.resource, keys) || firstText(span.attributes, keys);
}

function tag(span: NamedSpan, ...keys: readonly string[]): string {
  return normalizeTagValue(firstText(span.attributes, keys)) || normalizeTagValue(firstText(span.resource, keys));
}

/** The two settings ask for the older rules. */
function hasOldNames({ spanNameAsResourceName, spanNameRemappings }: NamingOptions): boolean {
  return spanNameAsResourceName || spanNameRemappings.size > 0;
}

/** The name of the operation: the kind of work that the span does, such as `http.server.request`. */
export function operationName(span: NamedSpan, options: NamingOptions): string {
  if (hasOldNames(options)) return oldOperationName(span, options);
  const own = tag(span, 'operation.name');
  if (own !== '') return own;
  const { kind } = span;
  const isClient = kind === kinds.client;
  const isServer = kind === kinds.server;
  if ((isServer || isClient) && text(span, ...methodKeys) !== '') return isServer ? 'http.server.request' : 'http.client.request';
  const database = tag(span, 'db.system');
  if (database !== '' && isClient) return `${database}.query`;
  const messaging = tag(span, 'messaging.system');
  const messagingOperation = tag(span, 'messaging.operation');
  if (messaging !== '' && messagingOperation !== '' && kind >= kinds.server && kind <= kinds.consumer) {
    return `${messaging}.${messagingOperation}`;
  }
  const rpc = tag(span, 'rpc.system');
  if (rpc === 'aws-api' && isClient) {
    const service = tag(span, 'rpc.service');
    return service === '' ? 'aws.client.request' : `aws.${service}.request`;
  }
  if (rpc !== '' && isClient) return `${rpc}.client.request`;
  if (rpc !== '' && isServer) return `${rpc}.server.request`;
  const provider = tag(span, 'faas.invoked_provider');
  const invoked = tag(span, 'faas.invoked_name');
  if (provider !== '' && invoked !== '' && isClient) return `${provider}.${invoked}.invoke`;
  const trigger = tag(span, 'faas.trigger');
  if (trigger !== '' && isServer) return `${trigger}.invoke`;
  if (tag(span, 'graphql.operation.type') !== '') return 'graphql.server.request';
  if (isServer || isClient) {
    const protocol = tag(span, 'network.protocol.name');
    const side = isServer ? 'server.request' : 'client.request';
    return protocol === '' ? side : `${protocol}.${side}`;
  }
  return kindWords[kind] ?? '';
}

function oldOperationName(span: NamedSpan, { spanNameAsResourceName, spanNameRemappings }: NamingOptions): string {
  let name = resourceFirst(span, 'operation.name');
  if (name === '') {
    if (spanNameAsResourceName) ({ name } = span);
    else {
      const kind = span.kind === 0 ? 'unspecified' : (kindWords[span.kind] ?? '').toLowerCase();
      name = `${span.scopeName === '' ? 'opentelemetry' : span.scopeName}.${kind}`;
    }
  }
  return normalizeName(spanNameRemappings.get(name) ?? name);
}

/** The name of what is worked on, such as `GET /users/{id}`. */
export function resourceName(span: NamedSpan, options: NamingOptions): string {
  return truncateBytes(hasOldNames(options) ? oldResourceName(span) : newResourceName(span), maxResourceBytes);
}

function newResourceName(span: NamedSpan): string {
  const own = text(span, 'resource.name');
  if (own !== '') return own;
  const method = text(span, ...methodKeys);
  if (method !== '') {
    const verb = method === '_OTHER' ? 'HTTP' : method;
    const route = span.kind === kinds.server ? text(span, 'http.route') : '';
    return joined(verb, route);
  }
  const other =
    joinedIf(text(span, 'messaging.operation'), () => text(span, ...destinationKeys)) ||
    joinedIf(text(span, 'rpc.method'), () => text(span, 'rpc.service')) ||
    joinedIf(text(span, 'graphql.operation.type'), () => text(span, 'graphql.operation.name'));
  if (other !== '') return other;
  if (text(span, 'db.system') !== '') {
    const statement = text(span, 'db.statement') || text(span, 'db.query.text');
    if (statement !== '') return statement;
  }
  return span.name;
}

function oldResourceName(span: NamedSpan): string {
  const method = resourceFirst(span, ...methodKeys);
  const rpc = resourceFirst(span, 'rpc.method');
  return (
    resourceFirst(span, 'resource.name') ||
    joinedIf(method, () => resourceFirst(span, 'http.route')) ||
    joinedIf(resourceFirst(span, 'messaging.operation'), () => resourceFirst(span, ...destinationKeys)) ||
    (rpc === '' ? '' : `${rpc} ${resourceFirst(span, 'rpc.service')}`) ||
    joinedIf(resourceFirst(span, 'graphql.operation.type'), () => resourceFirst(span, 'graphql.operation.name')) ||
    span.name
  );
}

function joined(first: string, second: string): string {
  return second === '' ? first : `${first} ${second}`;
}

function joinedIf(first: string, second: () => string): string {
  return first === '' ? '' : joined(first, second());
}

const sqlSystems = new Set(
  (
    'other_sql mssql mysql oracle db2 postgresql redshift cloudscape hsqldb maxdb ingres firstsql edb cache firebird derby informix ' +
    'mariadb sqlite sybase teradata vertica h2 coldfusion cockroachdb progress hanadb adabas filemaker instantdb interbase netezza ' +
    'pervasive pointbase clickhouse'
  ).split(' '),
);
const ownTypes = new Set(['cassandra', 'redis', 'memcached', 'mongodb', 'elasticsearch', 'opensearch']);

/** The type of a span: `web`, `http`, `custom`, or the kind of database that a client asks. */
export function spanType(span: NamedSpan): string {
  const own = text(span, 'span.type');
  if (own !== '') return own;
  if (span.kind === kinds.server) return 'web';
  if (span.kind !== kinds.client) return 'custom';
  const database = tag(span, 'db.system');
  if (database === '') return 'http';
  if (sqlSystems.has(database)) return 'sql';
  return ownTypes.has(database) ? database : 'db';
}
