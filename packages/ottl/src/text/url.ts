import { OttlError } from '../ottl-error.ts';

/** The parts of a URL as Go's `net/url` reads it, decoded but for `query`. */
export interface UrlParts {
  readonly scheme: string;
  readonly opaque: string;
  readonly user: { readonly name: string; readonly password: string | undefined } | undefined;
  /** With the port. */
  readonly host: string;
  readonly path: string;
  /** How the path was written, where encoding it gives something else. */
  readonly rawPath: string;
  readonly hasQuery: boolean;
  readonly query: string;
  readonly fragment: string;
  readonly rawFragment: string;
}

/** Where a part stands decides what is encoded in it. */
type Part = 'path' | 'host' | 'zone' | 'user' | 'query' | 'fragment';

/** Reads an absolute or relative URL. Throws an `OttlError` of Go's words. */
export function parseUrl(url: string): UrlParts {
  const hash = url.indexOf('#');
  const text = hash === -1 ? url : url.slice(0, hash);
  try {
    const parts = parseWithoutFragment(text);
    if (hash === -1) return parts;
    const rawFragment = url.slice(hash + 1);
    const fragment = decoded(rawFragment, 'fragment');
    return { ...parts, fragment, rawFragment: encoded(fragment, 'fragment') === rawFragment ? '' : rawFragment };
  } catch (error) {
    throw new OttlError(`parse ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}

function parseWithoutFragment(text: string): UrlParts {
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(text)) throw new OttlError('net/url: invalid control character in URL');
  const empty: UrlParts = {
    scheme: '',
    opaque: '',
    user: undefined,
    host: '',
    path: '',
    rawPath: '',
    hasQuery: false,
    query: '',
    fragment: '',
    rawFragment: '',
  };
  if (text === '*') return { ...empty, path: '*' };
  const colon = text.indexOf(':');
  const isScheme = colon > 0 && /^[A-Za-z][A-Za-z\d+.-]*$/.test(text.slice(0, colon));
  if (colon === 0) throw new OttlError('missing protocol scheme');
  const scheme = isScheme ? text.slice(0, colon).toLowerCase() : '';
  let rest = isScheme ? text.slice(colon + 1) : text;
  const mark = rest.indexOf('?');
  const hasQuery = mark !== -1;
  const query = hasQuery ? rest.slice(mark + 1) : '';
  if (hasQuery) rest = rest.slice(0, mark);
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...empty, scheme, opaque: rest, hasQuery, query };
    if (rest.split('/', 1)[0]!.includes(':')) throw new OttlError('first path segment in URL cannot contain colon');
  }
  let authority: Pick<UrlParts, 'user' | 'host'> = { user: undefined, host: '' };
  if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
    const slash = rest.indexOf('/', 2);
    authority = parseAuthority(slash === -1 ? rest.slice(2) : rest.slice(2, slash));
    rest = slash === -1 ? '' : rest.slice(slash);
  }
  const path = decoded(rest, 'path');
  return { ...empty, scheme, ...authority, path, rawPath: encoded(path, 'path') === rest ? '' : rest, hasQuery, query };
}

function parseAuthority(authority: string): Pick<UrlParts, 'user' | 'host'> {
  const at = authority.lastIndexOf('@');
  const host = parseHost(authority.slice(at + 1));
  if (at === -1) return { user: undefined, host };
  const info = authority.slice(0, at);
  if (!/^[A-Za-z\d\-._:~!$&'()*+,;=%@]*$/.test(info)) throw new OttlError('net/url: invalid userinfo');
  const colon = info.indexOf(':');
  const name = decoded(colon === -1 ? info : info.slice(0, colon), 'user');
  return { user: { name, password: colon === -1 ? undefined : decoded(info.slice(colon + 1), 'user') }, host };
}

function parseHost(host: string): string {
  const invalidPort = (port: string): OttlError => new OttlError(`invalid port ${JSON.stringify(port)} after host`);
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']');
    if (end === -1) throw new OttlError("missing ']' in host");
    const port = host.slice(end + 1);
    if (!/^(?::\d*)?$/.test(port)) throw invalidPort(port);
    const zone = host.slice(0, end).indexOf('%25');
    if (zone === -1) return decoded(host, 'host');
    return decoded(host.slice(0, zone), 'host') + decoded(host.slice(zone, end), 'zone') + decoded(host.slice(end), 'host');
  }
  const colon = host.lastIndexOf(':');
  if (colon !== -1 && !/^:\d*$/.test(host.slice(colon))) throw invalidPort(host.slice(colon));
  return decoded(host, 'host');
}

/** The host without port and brackets. */
export function hostname(host: string): string {
  const bare = /^(.*):\d*$/s.exec(host)?.[1] ?? host;
  return bare.startsWith('[') && bare.endsWith(']') ? bare.slice(1, -1) : bare;
}

/** The digits behind the host; empty when there are none. */
export function portOf(host: string): string {
  return /:(\d*)$/.exec(host)?.[1] ?? '';
}

/** A user and a password as they are written before the host. */
export function userInfo({ name, password }: NonNullable<UrlParts['user']>): string {
  return encoded(name, 'user') + (password === undefined ? '' : `:${encoded(password, 'user')}`);
}

/** The URL as Go writes it. */
export function urlText(url: UrlParts): string {
  let text = url.scheme === '' ? '' : `${url.scheme}:`;
  if (url.opaque !== '') text += url.opaque;
  else {
    if (url.scheme !== '' || url.host !== '' || url.user !== undefined) {
      if (url.host !== '' || url.path !== '' || url.user !== undefined) text += '//';
      if (url.user !== undefined) text += `${userInfo(url.user)}@`;
      if (url.host !== '') text += encoded(url.host, 'host');
    }
    const path = url.rawPath !== '' && isEncoding(url.rawPath) ? url.rawPath : url.path === '*' ? '*' : encoded(url.path, 'path');
    if (path !== '' && !path.startsWith('/') && url.host !== '') text += '/';
    if (text === '' && path.split('/', 1)[0]!.includes(':')) text += './';
    text += path;
  }
  if (url.hasQuery) text += `?${url.query}`;
  if (url.fragment !== '')
    text += `#${url.rawFragment !== '' && isEncoding(url.rawFragment) ? url.rawFragment : encoded(url.fragment, 'fragment')}`;
  return text;
}

/** Whether a path or fragment, as it was written, has nothing that must be encoded. */
function isEncoding(text: string): boolean {
  return /^[\w\-.~!$&'()*+,;=:@[\]/%]*$/.test(text);
}

/** The values of each parameter of a query. Throws an `OttlError` for the first that cannot be read. */
export function parseQuery(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  let problem: OttlError | undefined;
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    try {
      if (pair.includes(';')) throw new OttlError('invalid semicolon separator in query');
      const equals = pair.indexOf('=');
      const name = decoded(equals === -1 ? pair : pair.slice(0, equals), 'query');
      const value = equals === -1 ? '' : decoded(pair.slice(equals + 1), 'query');
      const values = parameters.get(name);
      if (values === undefined) parameters.set(name, [value]);
      else values.push(value);
    } catch (error) {
      problem ??= error as OttlError;
    }
  }
  if (problem !== undefined) throw problem;
  return parameters;
}

function decoded(text: string, part: Part): string {
  const wrong = /%(?![\da-fA-F]{2})/.exec(text);
  if (wrong !== null) throw invalidEscape(text.slice(wrong.index, wrong.index + 3));
  if (part === 'host' || part === 'zone') {
    for (const escape of text.match(/%../g) ?? []) {
      const isAscii = Number.parseInt(escape[1]!, 16) < 8;
      if (part === 'host' ? isAscii && escape !== '%25' : isAscii && shouldEncode(escape, 'host') && escape !== '%25')
        throw invalidEscape(escape);
    }
    const character = /[^\w\-.~!$&'()*+,;=:[\]<>"%\u{80}-\u{10ffff}]/u.exec(text)?.[0];
    if (character !== undefined) throw new OttlError(`invalid character ${JSON.stringify(character)} in host name`);
  }
  const spaced = part === 'query' ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  const bytes = spaced.replaceAll(/%(..)|[^%]+/gs, (all, hex?: string) => hex ?? Buffer.from(all).toString('hex'));
  return Buffer.from(bytes, 'hex').toString();
}

function invalidEscape(escape: string): OttlError {
  return new OttlError(`invalid URL escape ${JSON.stringify(escape)}`);
}

function shouldEncode(escape: string, part: Part): boolean {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return encoded(character, part) !== character;
}

const kept: { readonly [P in Part]: RegExp } = {
  path: /[\w\-.~$&+,/:;=@]/,
  host: /[\w\-.~!$&'()*+,;=:[\]<>"]/,
  zone: /[\w\-.~!$&'()*+,;=:[\]<>"]/,
  user: /[\w\-.~$&+,;=]/,
  query: /[\w\-.~]/,
  fragment: /[\w\-.~$&+,/:;=?@!()*]/,
};

function encoded(text: string, part: Part): string {
  let result = '';
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    if (byte < 0x80 && kept[part].test(character)) result += character;
    else result += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return result;
}
