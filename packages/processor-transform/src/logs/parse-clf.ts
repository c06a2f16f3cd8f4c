import { converter, OttlError, optional, string, stringLiteral } from '@millrace/ottl';
import type { FunctionDefinition, Value } from '@millrace/ottl';

const quoted = '"((?:[^"\\\\]|\\\\.)*)"';
const common = `^(\\S+) (\\S+) (\\S+) \\[([^\\]]+)\\] ${quoted} (\\S+) (\\S+)`;
const patterns: Readonly<Partial<Record<string, RegExp>>> = {
  clf: new RegExp(`${common}$`, 's'),
  combined: new RegExp(`${common} ${quoted} ${quoted}$`, 's'),
};

const escapes: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v' };

function unescape(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|([^]))/g, (whole, hex: string | undefined, one: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return escapes[one!] ?? whole;
  });
}

function int(text: string, what: string): bigint {
  if (/^[+-]?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) return BigInt(text);
  throw new OttlError(`invalid ${what} ${JSON.stringify(text)}: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** `ParseCLF(target, [format])`: reads a line of a web server's access log in the common (`clf`) or the `combined` format. */
export const parseClf: FunctionDefinition = converter(
  'ParseCLF',
  { target: string, format: optional(stringLiteral) },
  ({ target, format = 'clf' }) => {
    const pattern = patterns[format];
    if (pattern === undefined) throw new Error(`invalid format ${JSON.stringify(format)}: must be "clf" or "combined"`);
    return (context) => {
      const line = target(context);
      if (line === '') throw new OttlError('cannot parse empty CLF message');
      const match = pattern.exec(line.trim());
      if (match === null) throw new OttlError(`invalid CLF message: does not match expected ${JSON.stringify(format)} format`);
      return fieldsOf(match);
    };
  },
  ['log'],
);

function fieldsOf([, host, rfc931, user, timestamp, escaped, status, bytes, referer, agent]: RegExpExecArray): Value {
  const request = unescape(escaped!);
  const fields = new Map<string, Value>([
    ['clf.remote_host', host],
    ['clf.rfc931', rfc931],
    ['clf.auth_user', user],
    ['clf.timestamp', timestamp],
    ['clf.request', request],
  ]);
  const [method, uri, ...protocol] = request.split(' ');
  if (protocol.length > 0) fields.set('clf.method', method).set('clf.request_uri', uri).set('clf.protocol', protocol.join(' '));
  fields.set('clf.status', int(status!, 'status code'));
  if (bytes !== '-') fields.set('clf.bytes', int(bytes!, 'bytes value'));
  if (referer !== undefined) fields.set('clf.referer', unescape(referer)).set('clf.user_agent', unescape(agent!));
  return fields;
}
