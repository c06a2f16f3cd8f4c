import type { Plain } from '@millrace/wire';

/**
 * An attribute's value as text, as the Collector writes values where a format knows text only: numbers in decimal, bytes in base64, arrays
 * and maps as JSON with sorted keys, '' for no value.
 */
export function valueText(value: Plain): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return numberText(value);
    case 'undefined':
      return '';
    case 'object':
      if (value instanceof Uint8Array) return base64(value);
      return valueJson(value);
    default:
      return String(value);
  }
}

/** An attribute's value as JSON; keys are sorted, bytes are base64, what JSON cannot hold is null. */
export function valueJson(value: Plain): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? numberText(value) : 'null';
    case 'undefined':
      return 'null';
    case 'object': {
      if (value instanceof Uint8Array) return `"${base64(value)}"`;
      if (Array.isArray(value)) return `[${(value as readonly Plain[]).map(valueJson).join(',')}]`;
      const map = value as { readonly [key: string]: Plain };
      const members = Object.keys(map)
        .toSorted()
        .map((name) => `${JSON.stringify(name)}:${valueJson(map[name])}`);
      return `{${members.join(',')}}`;
    }
    default:
      return String(value);
  }
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  const name = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  return `json: unsupported value: ${name}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
