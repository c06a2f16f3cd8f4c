import { editor, optional, stringLiteral } from '@millrace/ottl';
import type { FunctionDefinition } from '@millrace/ottl';
import { key, valueText } from '@millrace/wire';
import type { SpanView } from '@millrace/wire';

const oldest = [1, 37, 0];
const newest = [1, 40, 0];

function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (const [i, part] of a.entries()) if (part !== b[i]) return part - b[i]!;
  return 0;
}

function checkVersion(text: string): void {
  const parts = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(text);
  if (parts === null) throw new Error(`failed to parse semconv version ${JSON.stringify(text)}: invalid semantic version`);
  const version = parts.slice(1).map((part) => Number(part ?? 0));
  if (compareVersions(version, oldest) < 0 || compareVersions(version, newest) > 0) {
    throw new Error(`unsupported semconv version ${JSON.stringify(text)}: must be between ${oldest.join('.')} and ${newest.join('.')}`);
  }
}

/** `set_semconv_span_name(semconv_version, [original_span_name_attribute])`: names a span as the semantic conventions have it for its kind. */
export const setSemconvSpanName: FunctionDefinition = editor(
  'set_semconv_span_name',
  { semconv_version: stringLiteral, original_span_name_attribute: optional(stringLiteral) },
  ({ semconv_version: version, original_span_name_attribute: original }) => {
    checkVersion(version);
    if (original === '') throw new Error('originalSpanNameAttribute cannot be an empty string');
    const originalKey = original === undefined ? undefined : key(original);
    return ({ span }) => {
      const before = span.name;
      const name = nameOf(span);
      if (name === '' || name === before) return;
      span.setName(name);
      if (originalKey !== undefined) span.attributes.setString(originalKey, before);
    };
  },
  ['span'],
);

/** The name by the attributes of a span, '' when they say nothing. */
function nameOf(span: SpanView): string {
  const text = textsOf(span);
  switch (span.kind) {
    case 2:
      return http(text, 'http.route') || rpc(text) || messaging(text, span);
    case 3:
      return http(text, 'url.template') || rpc(text) || database(text) || messaging(text, span);
    case 4:
    case 5:
      return messaging(text, span);
    default:
      return '';
  }
}

/** The text of the first of some attributes that is there. */
type Texts = (...names: string[]) => string | undefined;

function textsOf({ attributes }: SpanView): Texts {
  return (...names) => {
    for (const name of names) {
      const slot = attributes.find(key(name));
      if (slot >= 0) return valueText(attributes.valueAt(slot));
    }
    return undefined;
  };
}

function http(text: Texts, subject: string): string {
  const method = text('http.request.method', 'http.method');
  if (method === undefined) return '';
  const about = text(subject);
  return about === undefined ? method : `${method} ${about}`;
}

function rpc(text: Texts): string {
  const system = text('rpc.system.name', 'rpc.system');
  if (system === undefined) return '';
  const method = text('rpc.method', 'rpc.grpc.method');
  const service = text('rpc.service', 'rpc.grpc.service');
  if (service === undefined) return method ?? system;
  return `${service}/${method ?? '*'}`;
}

function server(text: Texts): string {
  const address = text('server.address');
  const port = text('server.port');
  if (address === undefined) return '';
  return port === undefined ? address : `${address}:${port}`;
}

function database(text: Texts): string {
  const system = text('db.system.name', 'db.system');
  if (system === undefined) return '';
  const summary = text('db.query.summary');
  if (summary !== undefined) return summary;
  const operation = text('db.operation.name', 'db.operation') ?? '';
  const namespace = text('db.namespace', 'db.name') ?? '';
  const collection = text('db.collection.name');
  const target =
    collection === undefined
      ? text('db.stored_procedure.name') === undefined
        ? undefined
        : text('db.stored_procedure.name')!
      : collection;
  const place = target === undefined ? namespace || server(text) : namespace === '' ? target : `${namespace}.${target}`;
  return [operation, place].filter((part) => part !== '').join(' ') || system;
}

function messaging(text: Texts, { attributes }: SpanView): string {
  const system = text('messaging.system');
  if (system === undefined) return '';
  const operation = text('messaging.operation.name', 'messaging.operation');
  let destination = text('messaging.destination.template') ?? text('messaging.destination.name', 'messaging.destination') ?? server(text);
  if (attributes.boolean(key('messaging.destination.anonymous')) === true) destination = '(anonymous)';
  if (attributes.boolean(key('messaging.destination.temporary')) === true) destination = '(temporary)';
  if (destination === '') return operation ?? system;
  return operation === undefined ? destination : `${operation} ${destination}`;
}
