import { boolLiteral, converter, getter, int, listOf, optional, string, stringLike, stringLiteral } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import { sprintf } from '../text/sprintf.ts';
import { trimCharacters } from '../text/trim.ts';

/** `Concat(values, delimiter)`: the texts of the values; nil is written `<nil>`. */
const concat = converter('Concat', { vals: listOf(stringLike), delimiter: string }, ({ vals, delimiter }) => (context) => {
  const between = delimiter(context);
  let text = '';
  for (let i = 0; i < vals.length; i++) text += (i === 0 ? '' : between) + (vals[i]!(context) ?? '<nil>');
  return text;
});

/** `Format(format, values)`: the values in the verbs of a format of Go's `fmt.Sprintf`. */
const format = converter(
  'Format',
  { format: stringLiteral, vals: listOf(getter) },
  ({ format, vals }) =>
    (context) =>
      sprintf(
        format,
        vals.map((value) => value(context)),
      ),
);

/** `HasPrefix(target, prefix)`: whether the target starts with the prefix. */
const hasPrefix = converter(
  'HasPrefix',
  { target: string, prefix: string },
  ({ target, prefix }) =>
    (context) =>
      target(context).startsWith(prefix(context)),
);

/** `HasSuffix(target, suffix)`: whether the target ends with the suffix. */
const hasSuffix = converter(
  'HasSuffix',
  { target: string, suffix: string },
  ({ target, suffix }) =>
    (context) =>
      target(context).endsWith(suffix(context)),
);

/** `Split(target, delimiter)`: the parts between delimiters; each character when the delimiter is empty. */
const split = converter('Split', { target: string, delimiter: string }, ({ target, delimiter }) => (context) => {
  const text = target(context);
  const between = delimiter(context);
  return between === '' ? Array.from(text) : text.split(between);
});

/** `Substring(target, start, length, utf8_safe?)`: so many bytes from a place on; with `utf8_safe` only whole characters of them. */
const substring = converter(
  'Substring',
  { target: string, start: int, length: int, utf8_safe: optional(boolLiteral) },
  ({ target, start, length, utf8_safe: wholeCharacters }) =>
    (context) => {
      const from = start(context);
      if (from < 0n) throw new OttlError(`invalid start for substring function, ${from} cannot be negative`);
      const count = length(context);
      if (count <= 0n) throw new OttlError(`invalid length for substring function, ${count} cannot be negative or zero`);
      const text = target(context);
      const size = Buffer.byteLength(text);
      if (from + count > BigInt(size)) {
        throw new OttlError(
          `invalid range for substring function, start(${from})+length(${count}) cannot be greater than the length of target string(${size})`,
        );
      }
      let first = Number(from);
      let end = Number(from + count);
      if (size === text.length) return text.slice(first, end);
      const bytes = Buffer.from(text);
      if (wholeCharacters === true) {
        while (first < size && isContinuation(bytes[first]!)) first++;
        while (first < end && end < size && isContinuation(bytes[end]!)) end--;
      }
      return bytes.toString('utf8', first, Math.max(first, end));
    },
);

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** `Trim(target, replacement?)`: without the characters of `replacement` at both ends, default spaces. */
const trim = converter(
  'Trim',
  { target: string, replacement: optional(stringLiteral) },
  ({ target, replacement = ' ' }) =>
    (context) =>
      trimCharacters(target(context), replacement),
);

/** `TrimPrefix(target, prefix)`: without the prefix, if it has it. */
const trimPrefix = converter('TrimPrefix', { target: string, prefix: string }, ({ target, prefix }) => (context) => {
  const text = target(context);
  const start = prefix(context);
  return text.startsWith(start) ? text.slice(start.length) : text;
});

/** `TrimSuffix(target, suffix)`: without the suffix, if it has it. */
const trimSuffix = converter('TrimSuffix', { target: string, suffix: string }, ({ target, suffix }) => (context) => {
  const text = target(context);
  const end = suffix(context);
  return text.endsWith(end) ? text.slice(0, text.length - end.length) : text;
});

/** Functions of strings. */
export const stringFunctions: readonly FunctionDefinition[] = [
  concat,
  format,
  hasPrefix,
  hasSuffix,
  split,
  substring,
  trim,
  trimPrefix,
  trimSuffix,
];
