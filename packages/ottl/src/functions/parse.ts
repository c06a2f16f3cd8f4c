import { boolLiteral, converter, map, optional, string, stringLiteral } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import { readCsvRow } from '../text/csv.ts';
import { pairDelimiters, splitPairs, splitQuoted } from '../text/key-value.ts';
import type { Value } from '../value.ts';
import { byBytes } from '../values/value-json.ts';
import { valueText } from '../values/value-text.ts';
import { parseSeverity } from './severity.ts';

/** `ParseJSON(text)`: the map or the list of a JSON text; every number is a float. */
const parseJson = converter('ParseJSON', { target: string }, ({ target }) => (context) => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(target(context));
  } catch (error) {
    throw new OttlError((error as Error).message);
  }
  if (typeof parsed === 'object' && parsed !== null) return jsonValue(parsed);
  const type = { string: 'string', number: 'float64', boolean: 'bool' }[typeof parsed as string] ?? '<nil>';
  throw new OttlError(`could not convert parsed value of type ${type} to JSON object`);
});

function jsonValue(parsed: unknown): Value {
  if (parsed === null) return undefined;
  if (typeof parsed === 'number' && !Number.isFinite(parsed)) {
    throw new OttlError('json: cannot unmarshal number into Go value of type float64');
  }
  if (typeof parsed !== 'object') return parsed as Value;
  if (Array.isArray(parsed)) return parsed.map(jsonValue);
  return new Map(Object.entries(parsed).map(([key, value]) => [key, jsonValue(value)]));
}

const csvModes: { readonly [mode: string]: (row: string, delimiter: string) => string[] } = {
  strict: (row, delimiter) => readCsvRow(row, delimiter, false),
  lazyQuotes: (row, delimiter) => readCsvRow(row, delimiter, true),
  ignoreQuotes: (row, delimiter) => row.split(delimiter),
};

/** `ParseCSV(text, header, delimiter?, header_delimiter?, mode?)`: the fields of a row under the names in the header. */
const parseCsv = converter(
  'ParseCSV',
  {
    target: string,
    header: string,
    delimiter: optional(stringLiteral),
    header_delimiter: optional(stringLiteral),
    mode: optional(stringLiteral),
  },
  ({ target, header, delimiter = ',', header_delimiter: headerDelimiter = delimiter, mode = 'strict' }) => {
    if (Array.from(delimiter).length !== 1) throw new Error('invalid arguments: delimiter must be a single character');
    if (Array.from(headerDelimiter).length !== 1) throw new Error('invalid arguments: header_delimiter must be a single character');
    if (!Object.hasOwn(csvModes, mode)) throw new Error(`unknown mode: ${mode}`);
    const readRow = csvModes[mode]!;
    return (context) => {
      const row = target(context);
      const names = header(context);
      if (names === '') throw new OttlError('headers must not be an empty string');
      const headers = names.split(headerDelimiter);
      const fields = readRow(row, delimiter);
      if (fields.length !== headers.length) {
        throw new OttlError(`map csv headers: wrong number of fields: expected ${headers.length}, found ${fields.length}`);
      }
      return new Map(headers.map((name, i) => [name, fields[i]!]));
    };
  },
);

/** `ParseKeyValue(text, delimiter?, pair_delimiter?)`: the map of a text such as `a=1 b="x y"`. */
const parseKeyValue = converter(
  'ParseKeyValue',
  { target: string, delimiter: optional(stringLiteral), pair_delimiter: optional(stringLiteral) },
  (args) => {
    const { delimiter, pairDelimiter } = pairDelimiters(args.delimiter, args.pair_delimiter);
    return (context) => {
      const text = args.target(context);
      if (text === '') throw new OttlError('cannot parse from empty target');
      const pairs = explained(`splitting source ${JSON.stringify(text)} into pairs failed`, () => splitQuoted(text, pairDelimiter));
      return explained('failed to split pairs into key-values', () => splitPairs(pairs, delimiter));
    };
  },
);

function explained<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new OttlError(`${what}: ${(error as Error).message}`);
  }
}

/** `ToKeyValueString(map, delimiter?, pair_delimiter?, sort_output?)`: the text of a map such as `a=1 b="x y"`. */
const toKeyValueString = converter(
  'ToKeyValueString',
  {
    target: map,
    delimiter: optional(stringLiteral),
    pair_delimiter: optional(stringLiteral),
    sort_output: optional(boolLiteral),
  },
  (args) => {
    const { delimiter, pairDelimiter } = pairDelimiters(args.delimiter, args.pair_delimiter);
    const quoted = (text: string): string => {
      const escaped = text.replaceAll('"', '\\"');
      return escaped.includes(pairDelimiter) || escaped.includes(delimiter) ? `"${escaped}"` : escaped;
    };
    return (context) => {
      const entries = [...args.target(context)];
      if (args.sort_output === true) entries.sort(([a], [b]) => byBytes(a, b));
      return entries.map(([key, value]) => quoted(key) + delimiter + quoted(valueText(value))).join(pairDelimiter);
    };
  },
);

/** Functions that read and write structured text. */
export const parseFunctions: readonly FunctionDefinition[] = [parseCsv, parseJson, parseKeyValue, parseSeverity, toKeyValueString];
