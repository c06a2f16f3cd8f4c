import { converter, string, stringLiteral } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { toCamelCase, toLowerCase, toSnakeCase, toUpperCase } from '../text/case.ts';

const cases: { readonly [name: string]: (text: string) => string } = {
  lower: toLowerCase,
  upper: toUpperCase,
  snake: toSnakeCase,
  camel: toCamelCase,
};

/** `ConvertCase(text, to)`: `to` is lower, upper, snake or camel. */
const convertCase = converter('ConvertCase', { target: string, to_case: stringLiteral }, ({ target, to_case: to }) => {
  if (!Object.hasOwn(cases, to)) throw new Error(`invalid case: ${to}, allowed cases are: lower, upper, snake, camel`);
  const convert = cases[to]!;
  return (context) => convert(target(context));
});

function caseConverter(name: string, convert: (text: string) => string): FunctionDefinition {
  return converter(
    name,
    { target: string },
    ({ target }) =>
      (context) =>
        convert(target(context)),
  );
}

/** Functions that change the case of letters. */
export const caseFunctions: readonly FunctionDefinition[] = [
  convertCase,
  caseConverter('ToLowerCase', toLowerCase),
  caseConverter('ToUpperCase', toUpperCase),
  caseConverter('ToSnakeCase', toSnakeCase),
  caseConverter('ToCamelCase', toCamelCase),
];
