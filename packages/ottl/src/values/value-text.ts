import { Id } from '../value.ts';
import type { Value } from '../value.ts';
import { jsonNumber, valueJson } from './value-json.ts';

/** A value as text, as `pcommon.Value.AsString` has it: maps and lists as JSON, bytes in base64; nil is empty. */
export function valueText(value: Value): string {
  switch (typeof value) {
    case 'undefined':
      return '';
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) ? jsonNumber(value) : `json: unsupported value: ${notFinite(value)}`;
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
      return value instanceof Id ? value.hex : (valueJson(value) ?? '');
  }
}

/** What Go calls a number that is not finite. */
export function notFinite(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
