import { Duration, Time } from '../time.ts';
import { Id, Opaque, isList, isMap } from '../value.ts';
import type { Value } from '../value.ts';

/** JSON as Go's `encoding/json` writes it: sorted keys, bytes in base64, `<`, `>` and `&` escaped. Undefined for a number that is not finite. */
export function valueJson(value: Value): string | undefined {
  switch (typeof value) {
    case 'undefined':
      return 'null';
    case 'string':
      return jsonText(value);
    case 'number':
      return Number.isFinite(value) ? jsonNumber(value) : undefined;
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
  }
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  if (isList(value)) return joined('[', ']', value.map(valueJson));
  if (isMap(value)) {
    const keys = [...value.keys()].toSorted(byBytes);
    return joined(
      '{',
      '}',
      keys.map((key) => {
        const text = valueJson(value.get(key));
        return text === undefined ? undefined : `${jsonText(key)}:${text}`;
      }),
    );
  }
  if (value instanceof Time) return `"${rfc3339(value)}"`;
  if (value instanceof Duration) return String(value.nanos);
  if (value instanceof Id) return `[${value.bytes.join(',')}]`;
  return value instanceof Opaque ? '{}' : undefined;
}

/** Order of Go strings: by UTF-8 bytes. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function joined(open: string, close: string, members: readonly (string | undefined)[]): string | undefined {
  return members.includes(undefined) ? undefined : `${open}${members.join(',')}${close}`;
}

/** A number as Go's JSON has it. */
export function jsonNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function jsonText(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `2006-01-02T15:04:05.999999999Z07:00`. */
export function rfc3339({ unixNanos, zone }: Time): string {
  const nanos = ((unixNanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = Number((unixNanos - nanos) / 1_000_000_000n);
  const offset = zone.offsetSeconds(seconds);
  const text = new Date((seconds + offset) * 1000).toISOString().slice(0, -5);
  const fraction = nanos === 0n ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  if (offset === 0) return `${text}${fraction}Z`;
  const minutes = Math.abs(Math.trunc(offset / 60));
  const pad = (part: number): string => String(part).padStart(2, '0');
  return `${text}${fraction}${offset < 0 ? '-' : '+'}${pad(Math.trunc(minutes / 60))}:${pad(minutes % 60)}`;
}
