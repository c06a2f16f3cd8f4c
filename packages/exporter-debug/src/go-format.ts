import type { PlainMessage } from '@millrace/wire/plain';
import { flag, inner, integer, list, number, text } from './plain-fields.ts';

/** A double as Go's `%f`: six decimals, ties to even. */
export function fixed(value: number): string {
  if (!Number.isFinite(value)) return infinite(value);
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}.000000`;
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  const seven = magnitude.toFixed(7);
  // Only multiples of 2^-7 lie exactly between two numbers of six decimals.
  const tie = seven.endsWith('5') && Number.isInteger(magnitude * 128);
  return sign + (tie && Number(seven.at(-2)) % 2 === 0 ? seven.slice(0, -1) : magnitude.toFixed(6));
}

/** A double as Go's `%v`: the shortest form, with an exponent of at least two digits from 1e+06 on and below 0.0001. */
export function general(value: number): string {
  if (!Number.isFinite(value)) return infinite(value);
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function infinite(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

/** A time in nanoseconds since the epoch as Go prints it. */
export function time(unixNano: bigint): string {
  const nanos = BigInt.asIntN(64, unixNano);
  const fraction = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const [day, clock = ''] = new Date(Number((nanos - fraction) / 1_000_000n)).toISOString().split('T');
  const decimals = fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
  return `${day} ${clock.slice(0, 8)}${decimals} +0000 UTC`;
}

/** A double as JSON has it in the Collector: like JavaScript, but -0 keeps its sign. */
function jsonNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The kind of an `AnyValue` and its text, as in `Str(value)`. */
export function typed(value: PlainMessage): { readonly kind: string; readonly text: string } {
  if (value['stringValue'] !== undefined) return { kind: 'Str', text: text(value, 'stringValue') };
  if (value['intValue'] !== undefined) return { kind: 'Int', text: String(integer(value, 'intValue')) };
  if (value['doubleValue'] !== undefined) return { kind: 'Double', text: jsonNumber(number(value, 'doubleValue')) };
  if (value['boolValue'] !== undefined) return { kind: 'Bool', text: String(flag(value, 'boolValue')) };
  if (value['bytesValue'] !== undefined) return { kind: 'Bytes', text: base64(value) };
  if (value['arrayValue'] !== undefined) return { kind: 'Slice', text: json(value) ?? '' };
  if (value['kvlistValue'] !== undefined) return { kind: 'Map', text: json(value) ?? '' };
  return { kind: 'Empty', text: '' };
}

function base64(value: PlainMessage): string {
  return Buffer.from(value['bytesValue'] as Uint8Array).toString('base64');
}

function quoted(value: string): string {
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** A value as JSON with sorted keys; undefined when JSON has no form for something in it. */
function json(value: PlainMessage): string | undefined {
  if (value['arrayValue'] !== undefined) {
    const elements = list(inner(value, 'arrayValue'), 'values').map(json);
    return elements.includes(undefined) ? undefined : `[${elements.join(',')}]`;
  }
  if (value['kvlistValue'] !== undefined) {
    const members = new Map(
      list(inner(value, 'kvlistValue'), 'values').map((member) => [text(member, 'key'), json(inner(member, 'value'))]),
    );
    if ([...members.values()].includes(undefined)) return undefined;
    const sorted = [...members].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `{${sorted.map(([key, member]) => `${quoted(key)}:${member}`).join(',')}}`;
  }
  const { kind, text: plain } = typed(value);
  if (kind === 'Empty') return 'null';
  if (kind === 'Str' || kind === 'Bytes') return quoted(plain);
  if (kind === 'Double' && !Number.isFinite(value['doubleValue'])) return undefined;
  return plain;
}
