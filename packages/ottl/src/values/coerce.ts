import { OttlError } from '../ottl-error.ts';
import { Duration, Time } from '../time.ts';
import { isList, isMap, typeName } from '../value.ts';
import type { Value, ValueList, ValueMap } from '../value.ts';
import { valueJson } from './value-json.ts';

function mismatch(wanted: string, value: Value): OttlError {
  return new OttlError(`expected ${wanted} but got ${value === undefined ? 'nil' : typeName(value)}`);
}

function unsupported(value: Value): OttlError {
  return new OttlError(`unsupported type: ${typeName(value)}`);
}

/** What arguments are turned into, by the kind of parameter; see the parameters in `function.ts`. */
export const coercions = {
  getter: (value: Value): Value => value,
  string(value: Value): string {
    if (typeof value !== 'string') throw mismatch('string', value);
    return value;
  },
  stringLike(value: Value): string | undefined {
    if (typeof value === 'string' || value === undefined) return value;
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    const json = valueJson(value);
    if (json === undefined) throw unsupported(value);
    return json;
  },
  int(value: Value): bigint {
    if (typeof value !== 'bigint') throw mismatch('int64', value);
    return value;
  },
  intLike(value: Value): bigint | undefined {
    if (typeof value === 'bigint' || value === undefined) return value;
    if (typeof value === 'string') return parseInt64(value);
    if (typeof value === 'number') return truncated(value);
    if (typeof value === 'boolean') return value ? 1n : 0n;
    throw unsupported(value);
  },
  float(value: Value): number {
    if (typeof value !== 'number') throw mismatch('float64', value);
    return value;
  },
  floatLike(value: Value): number | undefined {
    if (typeof value === 'number' || value === undefined) return value;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'string') return parseFloat64(value);
    if (typeof value === 'boolean') return value ? 1 : 0;
    throw unsupported(value);
  },
  bool(value: Value): boolean {
    if (typeof value !== 'boolean') throw mismatch('bool', value);
    return value;
  },
  boolLike(value: Value): boolean | undefined {
    if (typeof value === 'boolean' || value === undefined) return value;
    if (typeof value === 'bigint') return value !== 0n;
    if (typeof value === 'number') return value !== 0;
    if (typeof value !== 'string') throw unsupported(value);
    if (/^(?:1|t|T|true|TRUE|True)$/.test(value)) return true;
    if (/^(?:0|f|F|false|FALSE|False)$/.test(value)) return false;
    throw new OttlError(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  },
  bytesLike(value: Value): Uint8Array | undefined {
    if (value instanceof Uint8Array || value === undefined) return value;
    if (typeof value === 'string') return Buffer.from(value);
    if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
    const bytes = Buffer.alloc(8);
    if (typeof value === 'bigint') bytes.writeBigInt64BE(value);
    else if (typeof value === 'number') bytes.writeDoubleBE(value);
    else throw unsupported(value);
    return bytes;
  },
  time(value: Value): Time {
    if (!(value instanceof Time)) throw mismatch('time', value);
    return value;
  },
  duration(value: Value): Duration {
    if (!(value instanceof Duration)) throw mismatch('duration', value);
    return value;
  },
  map(value: Value): ValueMap {
    if (!isMap(value)) throw mismatch('pcommon.Map', value);
    return value;
  },
  list(value: Value): ValueList {
    if (!isList(value)) throw mismatch('pcommon.Slice', value);
    return value;
  },
} as const;

/** A decimal int64, undefined for anything else: Go's `ParseInt` with base 10. */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** A float as Go's `ParseFloat` reads it. Throws for anything else. */
export function parseFloat64(text: string): number {
  const plain = /^[+-]?(?:\d[\d]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : special(text);
  if (plain === undefined) throw new OttlError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (!Number.isFinite(plain) && /\d/.test(text))
    throw new OttlError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: value out of range`);
  return plain;
}

function special(text: string): number | undefined {
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/.exec(text);
  if (hex === null || (hex[2] === '' && hex[3] === '')) return undefined;
  const digits = Number.parseInt(hex[2]! + hex[3]!, 16);
  return (hex[1] === '-' ? -1 : 1) * digits * 2 ** (Number(hex[4]) - 4 * hex[3]!.length);
}

/** A float as an int64, as amd64 converts it: what does not fit is the smallest one. */
export function truncated(value: number): bigint {
  const fits = value >= -(2 ** 63) && value < 2 ** 63;
  return fits ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}
