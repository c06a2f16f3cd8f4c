import { schemes } from './retriever.ts';

/** A `${...}` in a text, from `start` to `end`. */
export interface Reference {
  readonly start: number;
  readonly end: number;
  readonly scheme: string;
  readonly opaque: string;
  /** `${NAME:-default}`: understood here, not by the Collector. */
  readonly defaultWithoutScheme: boolean;
}

/**
 * The first live `${...}` of a text, innermost first. One that stands after an odd number of further `$` is escaped and passed over. A string
 * says why the reference cannot be read.
 */
export function findReference(text: string): Reference | string | undefined {
  let from = 0;
  for (;;) {
    const close = text.indexOf('}', from);
    if (close < 0) return undefined;
    const start = text.lastIndexOf('${', close);
    if (start >= from && !isEscaped(text, start)) return readReference(text, start, close + 1);
    from = close + 1;
  }
}

/** In a final text, `$$` is a dollar sign. */
export function unescapeDollars(text: string): string {
  return text.replaceAll('$$', '$');
}

/** Names after a bare `$`, as in `$HOME`, which stay as they are. */
export function bareVariables(text: string): readonly string[] {
  return [...text.matchAll(/(?<!\$)(?:\$\$)*\$([A-Za-z_][A-Za-z0-9_]*)/g)].map((match) => match[1]!);
}

function isEscaped(text: string, start: number): boolean {
  let dollars = 0;
  while (text[start - 1 - dollars] === '$') dollars += 1;
  return dollars % 2 === 1;
}

function readReference(text: string, start: number, end: number): Reference | string {
  const uri = text.slice(start + 2, end - 1);
  const split = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s.exec(uri);
  const known = split !== null && schemes.has(split[1]!);
  const defaultWithoutScheme = !known && /^[A-Za-z_][A-Za-z0-9_]*:-/.test(uri);
  if (!uri.includes(':') || defaultWithoutScheme) return checked({ start, end, scheme: 'env', opaque: uri, defaultWithoutScheme });
  if (split === null) return `invalid uri: ${JSON.stringify(uri)}`;
  return checked({ start, end, scheme: split[1]!, opaque: split[2]!, defaultWithoutScheme });
}

function checked(reference: Reference): Reference | string {
  if (!reference.opaque.includes('$')) return reference;
  return `the uri ${JSON.stringify(`${reference.scheme}:${reference.opaque}`)} contains unsupported characters ('$')`;
}
