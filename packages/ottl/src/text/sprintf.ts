import { formatTime } from '../calendar/format-time.ts';
import { Duration, Time } from '../time.ts';
import { Id, isList, isMap, typeName } from '../value.ts';
import type { Value } from '../value.ts';
import { byBytes } from '../values/value-json.ts';
import { notFinite } from '../values/value-text.ts';
import { durationText } from '../calendar/go-duration.ts';

/** What stands between the percent sign and the verb. */
interface Flags {
  readonly plus: boolean;
  readonly minus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

const directive = /%([+\-# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:(\.)(\*|\d*))?(?:\[(\d+)\])?(.)?/gsu;
const maxWidth = 1e6;

/** Writes values as Go's `fmt.Sprintf` does, with what it writes for verbs that do not fit: `%!d(string=hi)`. */
export function sprintf(format: string, values: readonly Value[]): string {
  let next = 0;
  let isReordered = false;
  const jump = (index: string | undefined): void => {
    if (index === undefined) return;
    isReordered = true;
    next = Number(index) - 1;
  };
  const text = format.replaceAll(directive, (_all, marks: string, first, width, dot, precision, second, verb?: string) => {
    if (verb === undefined) return '%!(NOVERB)';
    if (verb === '%') return '%';
    jump(first as string | undefined);
    const measure = (size: unknown): number | undefined => {
      if (size !== '*') return size === undefined || size === '' ? undefined : Math.min(Number(size), maxWidth);
      const value = values[next++];
      return typeof value === 'bigint' ? Math.min(Number(value), maxWidth) : undefined;
    };
    const columns = measure(width);
    const digits = dot === undefined ? undefined : (measure(precision) ?? 0);
    jump(second as string | undefined);
    if (next < 0 || next >= values.length) return isReordered ? `%!${verb}(BADINDEX)` : `%!${verb}(MISSING)`;
    const minus = marks.includes('-') || (columns !== undefined && columns < 0);
    const flags: Flags = {
      plus: marks.includes('+'),
      minus,
      sharp: marks.includes('#'),
      space: marks.includes(' '),
      zero: marks.includes('0') && !minus,
      width: columns === undefined ? undefined : Math.abs(columns),
      precision: digits,
    };
    return one(values[next++], verb, flags);
  });
  if (isReordered || next >= values.length) return text;
  const extra = values.slice(next).map((value) => (value === undefined ? '<nil>' : `${typeName(value)}=${plain(value)}`));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

const noFlags: Flags = { plus: false, minus: false, sharp: false, space: false, zero: false, width: undefined, precision: undefined };

/** A value as `%v` writes it. */
function plain(value: Value): string {
  return one(value, 'v', noFlags);
}

function one(value: Value, verb: string, flags: Flags): string {
  if (verb === 'T') return padded(typeName(value), flags);
  const text = valueAs(value, verb, flags);
  if (text !== undefined) return text;
  return value === undefined ? `%!${verb}(<nil>)` : `%!${verb}(${typeName(value)}=${one(value, 'v', flags)})`;
}

function valueAs(value: Value, verb: string, flags: Flags): string | undefined {
  switch (typeof value) {
    case 'undefined':
      return verb === 'v' ? padded('<nil>', flags) : undefined;
    case 'string':
      return stringAs(value, verb, flags);
    case 'boolean':
      return verb === 't' || verb === 'v' ? padded(String(value), flags) : undefined;
    case 'bigint':
      return integerAs(value, verb, flags);
    case 'number':
      return floatAs(value, verb, flags);
    default:
  }
  if (value instanceof Uint8Array) return bytesAs(value, verb, flags);
  if (isList(value)) return `[${value.map((item) => (item === undefined ? '<nil>' : one(item, verb, flags))).join(' ')}]`;
  if (isMap(value)) {
    const keys = [...value.keys()].sort(byBytes);
    return `map[${keys.map((key) => `${one(key, verb, flags)}:${one(value.get(key), verb, flags)}`).join(' ')}]`;
  }
  if (value instanceof Duration && 'dbocUO'.includes(verb)) return integerAs(value.nanos, verb, flags);
  return stringAs(objectText(value), verb, flags);
}

function objectText(value: Exclude<Value, undefined | string | bigint | number | boolean>): string {
  if (value instanceof Id) return value.hex;
  if (value instanceof Duration) return durationText(value.nanos);
  return value instanceof Time ? formatTime(value, '2006-01-02 15:04:05.999999999 -0700 MST') : '{}';
}

function stringAs(text: string, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
    case 's':
      return padded(shortened(text, flags), flags);
    case 'q':
      return padded(flags.sharp && !text.includes('`') ? `\`${text}\`` : quoted(shortened(text, flags)), flags);
    case 'x':
    case 'X':
      return hexadecimal(Buffer.from(text), verb, flags);
    default:
      return undefined;
  }
}

function bytesAs(bytes: Uint8Array, verb: string, flags: Flags): string | undefined {
  if ('vdbocUO'.includes(verb)) return `[${Array.from(bytes, (byte) => integerAs(BigInt(byte), verb, flags)).join(' ')}]`;
  if (verb === 'x' || verb === 'X') return hexadecimal(bytes, verb, flags);
  return stringAs(Buffer.from(bytes).toString(), verb, flags);
}

function hexadecimal(bytes: Uint8Array, verb: string, flags: Flags): string {
  const some = flags.precision === undefined ? bytes : bytes.subarray(0, flags.precision);
  const pairs = Array.from(some, (byte) => byte.toString(16).padStart(2, '0'));
  const prefix = flags.sharp && pairs.length > 0 ? '0x' : '';
  const text = flags.space ? pairs.map((pair) => prefix + pair).join(' ') : prefix + pairs.join('');
  return padded(verb === 'X' ? text.toUpperCase() : text, flags);
}

const bases: { readonly [verb: string]: number } = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
const prefixes: { readonly [verb: string]: string } = { b: '0b', o: '0', x: '0x', X: '0X' };

function integerAs(value: bigint, verb: string, flags: Flags): string | undefined {
  if (verb === 'c' || verb === 'q' || verb === 'U') return characterAs(value, verb, flags);
  const base = bases[verb];
  if (base === undefined) return undefined;
  let digits = (value < 0n ? -value : value).toString(base);
  if (verb === 'X') digits = digits.toUpperCase();
  const sign = signOf(value < 0n, flags);
  if (flags.precision !== undefined) digits = flags.precision === 0 && value === 0n ? '' : digits.padStart(flags.precision, '0');
  else if (flags.zero && flags.width !== undefined) digits = digits.padStart(flags.width - sign.length, '0');
  const prefix = verb === 'O' ? '0o' : flags.sharp ? (prefixes[verb] ?? '') : '';
  return padded(sign + prefix + digits, { ...flags, zero: false });
}

function characterAs(value: bigint, verb: string, flags: Flags): string {
  const isValid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  const character = isValid ? String.fromCodePoint(Number(value)) : '\ufffd';
  if (verb === 'c') return padded(character, flags);
  if (verb === 'q') return padded(character === "'" ? "'\\''" : `'${quoted(character).slice(1, -1).replace('\\"', '"')}'`, flags);
  const code = `U+${BigInt.asUintN(64, value)
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), '0')}`;
  return padded(flags.sharp && isValid ? `${code} '${character}'` : code, { ...flags, zero: false });
}

function floatAs(value: number, verb: string, flags: Flags): string | undefined {
  const isNegative = value < 0 || Object.is(value, -0);
  const sign = signOf(isNegative, flags);
  if (!Number.isFinite(value)) {
    if (!/[vfFeEgG]/.test(verb)) return undefined;
    const text = notFinite(value);
    return padded(flags.plus || text === '-Inf' ? text : text.replace('+', ''), { ...flags, zero: false });
  }
  const digits = floatDigits(Math.abs(value), verb, flags.precision);
  if (digits === undefined) return undefined;
  if (flags.zero && flags.width !== undefined) return sign + digits.padStart(flags.width - sign.length, '0');
  return padded(sign + digits, flags);
}

function floatDigits(value: number, verb: string, precision: number | undefined): string | undefined {
  switch (verb) {
    case 'f':
    case 'F':
      return fixed(value, precision ?? 6);
    case 'e':
      return exponential(value, precision ?? 6);
    case 'E':
      return exponential(value, precision ?? 6).toUpperCase();
    case 'g':
    case 'v':
      return general(value, precision);
    case 'G':
      return general(value, precision).toUpperCase();
    default:
      return undefined;
  }
}

/** toFixed gives up at 1e21, where a float is an integer, and after 100 digits. */
function fixed(value: number, precision: number): string {
  const digits = Math.min(precision, 100);
  const text = value < 1e21 ? value.toFixed(digits) : BigInt(value).toString() + (digits > 0 ? `.${'0'.repeat(digits)}` : '');
  return text + '0'.repeat(precision - digits);
}

/** At least two digits of exponent. */
function exponential(value: number, precision: number | undefined): string {
  const text = precision === undefined ? value.toExponential() : value.toExponential(Math.min(precision, 100));
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `%e` for exponents below -4, and from the precision on; in the shortest form from 6 on. */
function general(value: number, precision: number | undefined): string {
  if (precision === undefined) {
    const exponent = value === 0 ? 0 : Number(/e([+-]\d+)$/.exec(value.toExponential())![1]);
    if (exponent < -4 || exponent >= 6) return exponential(value, undefined);
    return String(value);
  }
  const significant = Math.min(precision === 0 ? 1 : precision, 100);
  const shortest = value.toExponential(significant - 1);
  const exponent = Number(/e([+-]\d+)$/.exec(shortest)![1]);
  const digits = shortest.replace(/e.*$/, '').replace('.', '').replace(/0+$/, '').length || 1;
  if (exponent < -4 || exponent >= significant) return exponential(value, digits - 1);
  return fixed(value, Math.max(0, digits - 1 - exponent));
}

function signOf(isNegative: boolean, flags: Flags): string {
  return isNegative ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
}

function shortened(text: string, { precision }: Flags): string {
  return precision === undefined ? text : Array.from(text).slice(0, precision).join('');
}

/** Widths count characters. */
function padded(text: string, { width, minus, zero }: Flags): string {
  if (width === undefined) return text;
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  return minus ? text + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text;
}

const goEscapes: { readonly [character: string]: string } = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** A text in quotes as Go's `strconv.Quote` writes it. */
export function quoted(text: string): string {
  const escaped = text.replaceAll(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (character) => {
    const short = goEscapes[character];
    if (short !== undefined) return short;
    const code = character.codePointAt(0)!;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
