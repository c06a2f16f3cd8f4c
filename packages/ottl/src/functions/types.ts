import { boolLike, converter, floatLike, getter, int, intLike, listOf, string, stringLike } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import { parseInteger } from '../text/parse-integer.ts';
import { isList, isMap, Opaque } from '../value.ts';
import type { Value } from '../value.ts';

/** `Bool(value)` and its like: the value as another type; nil stays nil. */
const conversions: readonly FunctionDefinition[] = [
  converter('Bool', { target: boolLike }, ({ target }) => target),
  converter('Double', { target: floatLike }, ({ target }) => target),
  converter('Int', { target: intLike }, ({ target }) => target),
  converter('String', { target: stringLike }, ({ target }) => target),
];

const tests: { readonly [name: string]: (value: Value) => boolean } = {
  IsBool: (value) => typeof value === 'boolean',
  IsDouble: (value) => typeof value === 'number',
  IsInt: (value) => typeof value === 'bigint',
  IsString: (value) => typeof value === 'string',
  IsMap: isMap,
  IsList: (value) => isList(value) || (value instanceof Opaque && value.size !== undefined),
};

/** `IsBool(value)` and its like: whether the value is of a type; nil is of none. */
const typeTests: readonly FunctionDefinition[] = Object.entries(tests).map(([name, test]) =>
  converter(
    name,
    { target: getter },
    ({ target }) =>
      (context) =>
        test(target(context)),
  ),
);

/** `Coalesce(values)`: the first value that is not nil. */
const coalesce = converter('Coalesce', { values: listOf(getter) }, ({ values }) => {
  if (values.length === 0) throw new Error('Coalesce requires at least one argument');
  return (context) => {
    for (const value of values) {
      const found = value(context);
      if (found !== undefined) return found;
    }
    return undefined;
  };
});

/** `ParseInt(text, base)`: an int in a base of 2 to 36; base 0 reads prefixes (`0x`). */
const parseInt = converter('ParseInt', { target: string, base: int }, ({ target, base }) => (context) => {
  const text = target(context);
  if (text === '') throw new OttlError('invalid target value for ParseInt function, target cannot be empty');
  const radix = base(context);
  if (radix < 0n) throw new OttlError(`invalid base value: ${radix} for ParseInt function, base cannot be negative`);
  return parseInteger(text, Number(radix));
});

/** `Log(number)`: the natural logarithm. */
const log = converter('Log', { target: floatLike }, ({ target }) => (context) => {
  const value = target(context);
  if (value === undefined) throw new OttlError('invalid input: <nil>');
  if (value <= 0) throw new OttlError(`invalid input: expected number greater than zero but got ${value}`);
  return Math.log(value);
});

/** `IsValidLuhn(number)`: whether the last digit is the Luhn checksum of those before. */
const isValidLuhn = converter('IsValidLuhn', { target: stringLike }, ({ target }) => (context) => {
  const text = target(context)?.replaceAll(' ', '');
  if (text === undefined) throw new OttlError('invalid input: <nil>');
  if (text === '') return false;
  let sum = 0;
  for (let i = text.length - 1, doubles = false; i >= 0; i--, doubles = !doubles) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) throw new OttlError(`strconv.Atoi: parsing ${JSON.stringify(text[i])}: invalid syntax`);
    sum += doubles ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
});

/** Functions that convert and test single values. */
export const typeFunctions: readonly FunctionDefinition[] = [...conversions, ...typeTests, coalesce, parseInt, log, isValidLuhn];
