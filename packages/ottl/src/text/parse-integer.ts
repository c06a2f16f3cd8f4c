import { OttlError } from '../ottl-error.ts';

const max = (1n << 63n) - 1n;
const prefixes: { readonly [prefix: string]: number } = { '0x': 16, '0b': 2, '0o': 8 };

/** An integer of 64 bits as Go's `strconv.ParseInt` reads it: base 0 takes the prefixes `0x`, `0b`, `0o` and `0`, and `_` between digits. */
export function parseInteger(text: string, base: number): bigint {
  const fail = (problem: string): OttlError => new OttlError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${problem}`);
  if (base !== 0 && (base < 2 || base > 36)) throw fail(`invalid base ${base}`);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  let digits = text.slice(sign.length).toLowerCase();
  let radix = base;
  if (base === 0) {
    radix = prefixes[digits.slice(0, 2)] ?? (digits.startsWith('0') && digits.length > 1 ? 8 : 10);
    if (!/^(?:0[xbo]_?|0_?)?[^_]+(?:_[^_]+)*$/.test(digits)) throw fail('invalid syntax');
    digits = digits.replace(/^0[xbo]/, '').replaceAll('_', '');
  }
  if (digits === '') throw fail('invalid syntax');
  let value = 0n;
  for (const digit of digits) {
    const number = /^[\da-z]$/.test(digit) ? Number.parseInt(digit, 36) : 36;
    if (number >= radix) throw fail('invalid syntax');
    // Enough to be out of range for ever, without growing.
    if (value <= max + 1n) value = value * BigInt(radix) + BigInt(number);
  }
  if (value > (sign === '-' ? max + 1n : max)) throw fail('value out of range');
  return sign === '-' ? -value : value;
}
