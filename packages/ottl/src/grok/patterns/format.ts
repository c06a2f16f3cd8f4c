/** Expressions in the syntax of RE2 by the names that `%{NAME}` refers to; they may refer to others, as `%{NAME}` or `%{NAME:field:type}`. */
export type Patterns = Readonly<Record<string, string>>;

/** One of several expressions, the first that leads to a match. */
export function oneOf(...expressions: readonly string[]): string {
  return `(?:${expressions.join('|')})`;
}

/** What may be missing. */
export function optional(...parts: readonly string[]): string {
  return `(?:${parts.join('')})?`;
}

/** What a reference, written without its braces, stands for, or a `-` in its place. */
export function orDash(reference: string): string {
  return oneOf('-', `%{${reference}}`);
}

/** A field of its own expression: for what has no pattern of its own. */
export function field(name: string, expression: string): string {
  return `(?P<${name.replaceAll('.', '___')}>${expression})`;
}

/** References, without their braces, with a separator between them. Those that begin with `?` may be a `-`. */
export function columns(separator: string, ...references: readonly string[]): string {
  return references.map((reference) => (reference.startsWith('?') ? orDash(reference.slice(1)) : `%{${reference}}`)).join(separator);
}
