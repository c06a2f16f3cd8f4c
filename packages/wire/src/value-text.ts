import type { Plain, ValueView } from './views.ts';

/**
 * A value as text, as the Collector's `AsString` makes it: numbers in decimal (`NaN`, `Infinity`), bytes in base64, arrays and maps as JSON with
 * sorted keys, '' for the empty value and for JSON that cannot hold a number.
 */
export function valueText(value: ValueView): string {
  switch (value.type) {
    case 'string':
      return value.string();
    case 'int':
      return String(value.bigint());
    case 'double':
      return numberText(value.number());
    case 'bool':
      return String(value.boolean());
    case 'bytes': {
      const { buffer, start, end } = value.range();
      return buffer.toString('base64', start, end);
    }
    case 'empty':
      return '';
    default:
      return json(value.toPlain()) ?? '';
  }
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** JSON as Go writes it without escapes for HTML; undefined when a number in it is not finite. */
function json(value: Plain): string | undefined {
  switch (typeof value) {
    case 'undefined':
      return 'null';
    case 'string':
      return jsonText(value);
    case 'number':
      return Number.isFinite(value) ? numberText(value) : undefined;
    case 'object':
      break;
    default:
      return String(value);
  }
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  const isList = Array.isArray(value);
  const members: string[] = [];
  const map = value as { readonly [key: string]: Plain };
  for (const name of isList ? Object.keys(value) : Object.keys(map).toSorted()) {
    const member = json(map[name]);
    if (member === undefined) return undefined;
    members.push(isList ? member : `${jsonText(name)}:${member}`);
  }
  return isList ? `[${members.join(',')}]` : `{${members.join(',')}}`;
}

function jsonText(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}
