import type { AttributesView, Plain } from '@millrace/wire';

/** The attributes of one resource, scope, span, point or record, in their order; of a repeated key the first. */
export type Attributes = ReadonlyMap<string, Plain>;

/** Reads attributes out of a view, to keep them beyond its hook. */
export function attributesOf(view: AttributesView): Attributes {
  const result = new Map<string, Plain>();
  for (let slot = view.first(); slot >= 0; slot = view.next(slot)) {
    const key = view.keyAt(slot);
    if (!result.has(key)) result.set(key, view.valueAt(slot).toPlain());
  }
  return result;
}

/** A value as text, as the Collector's `AsString` makes it: JSON for lists and maps, base64 for bytes, nothing for the empty value. */
export function textOf(value: Plain): string {
  if (typeof value === 'string') return value;
  if (value === undefined) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? numberText(value) : `json: unsupported value: ${infinityText(value)}`;
  if (typeof value !== 'object') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : json(value);
}

/** The text of a string value; '' for everything else. */
export function stringOf(value: Plain): string {
  return typeof value === 'string' ? value : '';
}

/** The text of the first of the keys that is there, '' when none is. */
export function firstText(attributes: Attributes, keys: readonly string[]): string {
  for (const key of keys) if (attributes.has(key)) return textOf(attributes.get(key));
  return '';
}

/** JSON as Go writes it: keys sorted, whole numbers exact, strings by `string`. */
export function json(value: Plain, string: (text: string) => string = JSON.stringify): string {
  if (value === undefined) return 'null';
  if (typeof value === 'string') return string(value);
  if (typeof value === 'number') return Number.isFinite(value) ? numberText(value) : 'null';
  if (typeof value !== 'object') return String(value);
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  if (Array.isArray(value)) return `[${value.map((element: Plain) => json(element, string)).join(',')}]`;
  const entries = Object.entries(value as Readonly<Record<string, Plain>>).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${string(key)}:${json(member, string)}`).join(',')}}`;
}

/** A JSON string as Go writes it by default, with `<`, `>`, `&` and line separators escaped. */
export function escapedString(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function infinityText(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
