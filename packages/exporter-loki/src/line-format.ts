import { valueJson, valueText } from '@millrace/trace-format';
import type { LogView, Plain } from '@millrace/wire';

type Attributes = { readonly [key: string]: Plain };

/** The line of a record in the format that `loki.format` names (contrib's pkg/translator/loki); undefined for `raw` and unknown ones: the body. */
export function formatLine(format: string, log: LogView, attributes: Attributes, resources: Attributes): string | undefined {
  if (format === 'json') return jsonLine(log, attributes, resources);
  return format === 'logfmt' ? logfmtLine(log, attributes, resources) : undefined;
}

function jsonLine(log: LogView, attributes: Attributes, resources: Attributes): string {
  const { name, version } = log.scope;
  const members: string[] = [];
  const add = (member: string, json: string): void => void members.push(`"${member}":${json}`);
  if (log.body.type !== 'empty') add('body', valueJson(log.body.toPlain()));
  if (log.traceIdHex !== '') add('traceid', `"${log.traceIdHex}"`);
  if (log.spanIdHex !== '') add('spanid', `"${log.spanIdHex}"`);
  if (log.severityText !== '') add('severity', JSON.stringify(log.severityText));
  if (log.flags !== 0) add('flags', String(log.flags));
  if (Object.keys(attributes).length > 0) add('attributes', valueJson(attributes));
  if (Object.keys(resources).length > 0) add('resources', valueJson(resources));
  if (name !== '') add('instrumentation_scope', JSON.stringify(version === '' ? { name } : { name, version }));
  return `{${members.join(',')}}`;
}

const logfmtPairs = /^\s*(?:[^\s="]+=(?:"(?:[^"\\]|\\.)*"|[^\s="]*)(?:\s+|$))+$/;

function logfmtLine(log: LogView, attributes: Attributes, resources: Attributes): string {
  const { name, version } = log.scope;
  const pairs: string[] = [];
  const text = log.body.string();
  if (log.body.type === 'string' && logfmtPairs.test(text)) pairs.push(text.trim());
  else if (log.body.type === 'kvlist') addPairs(pairs, '', log.body.toPlain());
  else addPairs(pairs, log.body.type === 'array' ? 'body' : 'msg', log.body.toPlain());
  addPair(pairs, 'traceID', log.traceIdHex);
  addPair(pairs, 'spanID', log.spanIdHex);
  addPair(pairs, 'severity', log.severityText);
  if (log.flags !== 0) addPair(pairs, 'flags', String(log.flags));
  for (const key of Object.keys(attributes)) addPairs(pairs, `attribute_${key}`, attributes[key]);
  for (const key of Object.keys(resources)) addPairs(pairs, `resource_${key}`, resources[key]);
  addPair(pairs, 'instrumentation_scope_name', name);
  if (name !== '') addPair(pairs, 'instrumentation_scope_version', version);
  return pairs.join(' ');
}

/** A pair for a value, or one for each value inside of a map or list. */
function addPairs(pairs: string[], key: string, value: Plain): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value instanceof Uint8Array) {
    addPair(pairs, key, valueText(value), true);
    return;
  }
  const prefix = key === '' ? '' : `${key}_`;
  for (const [name, inner] of Object.entries(value)) addPairs(pairs, prefix + name, inner as Plain);
}

function addPair(pairs: string[], key: string, value: string, evenEmpty = false): void {
  // oxlint-disable-next-line no-control-regex -- what logfmt cannot have in a key
  const name = key.replaceAll(/[\u0000- ="\ufffd]/g, '');
  if (name === '' || (value === '' && !evenEmpty)) return;
  // oxlint-disable-next-line no-control-regex -- what logfmt quotes
  pairs.push(`${name}=${/[\u0000- ="\ufffd]/.test(value) ? JSON.stringify(value) : value}`);
}
