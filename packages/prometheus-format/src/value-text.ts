import type { Plain, ValueView } from '@millrace/wire';

/** An attribute value as a label value, as the Collector's `AsString` has it: JSON for arrays and maps, base64 for bytes. */
export function valueText(value: ValueView): string {
  switch (value.type) {
    case 'string':
      return value.string();
    case 'int':
      return String(value.bigint());
    case 'double':
      return String(value.number());
    case 'bool':
      return String(value.boolean());
    case 'bytes': {
      const { buffer, start, end } = value.range();
      return buffer.toString('base64', start, end);
    }
    case 'empty':
      return '';
    default:
      return json(value.toPlain()).replace(
        /[<>&\u2028\u2029]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
  }
}

function json(value: Plain): string {
  if (value === undefined) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (Array.isArray(value)) return `[${(value as readonly Plain[]).map(json).join(',')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value as Readonly<Record<string, Plain>>).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${json(inner)}`).join(',')}}`;
}
