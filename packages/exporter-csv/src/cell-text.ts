import type { Plain } from '@millrace/api';
import { isContentKey } from '@millrace/redaction';

let lastSecond = -1n;
let lastText = '';

/** Nanoseconds since the epoch as RFC 3339 in UTC, exact; '' for 0, which means unknown. */
export function timeText(unixNano: bigint): string {
  if (unixNano === 0n) return '';
  const second = unixNano / 1_000_000_000n;
  if (second !== lastSecond) {
    lastText = new Date(Number(second) * 1000).toISOString().slice(0, 19);
    lastSecond = second;
  }
  return `${lastText}.${String(unixNano % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** A double as JSON: NaN and infinities are text. */
export function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** A nested value as JSON: exact integers, bytes in base64, NaN and infinities as text. `dropsContent`: without entries that hold content of AI requests. */
export function jsonText(value: Plain, dropsContent: boolean): string {
  if (value === undefined) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  if (isList(value)) return `[${value.map((element) => jsonText(element, dropsContent)).join(',')}]`;
  const entries = Object.entries(value).filter(([name]) => !dropsContent || !isContentKey(name));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${jsonText(inner, dropsContent)}`).join(',')}}`;
}

function isList(value: object): value is readonly Plain[] {
  return Array.isArray(value);
}
