import { Regex } from '@millrace/regex';
import { OttlError } from '../ottl-error.ts';
import { parseInteger } from '../text/parse-integer.ts';
import type { Value } from '../value.ts';
import { parseFloat64 } from '../values/coerce.ts';
import { standardPatterns } from './standard-patterns.ts';

/** What is found in a text: fields by name. */
export type Grok = (text: string) => Map<string, Value>;

/** What names of patterns stand for. */
export type GrokPatterns = ReadonlyMap<string, string>;

/** `%{PATTERN}`, `%{PATTERN:field}` or `%{PATTERN:field:type}`. */
const reference = /%\{(\w+)(?::([\w.]+)(?::(\w+))?)?\}/g;
const maxRounds = 1000;
const maxLength = 1_000_000;

/** Stands for a dot in the names of groups. */
const dot = '___';

/**
 * Compiles an expression. A reference without a field has the name of its pattern, or with `namedOnly` none. A field of type int, long, float,
 * double, bool or boolean is converted; one that is empty is left out. Throws an Error when the expression is none, names no pattern, or with
 * `namedOnly` names no field.
 */
export function compileGrok(expression: string, patterns: GrokPatterns, namedOnly: boolean): Grok {
  const { expanded, types } = expand(expression, patterns, namedOnly);
  // Several groups may have one name: the last that matched something counts.
  const names: string[] = [];
  const numbered = expanded.replaceAll(/\(\?P?<([A-Za-z_]\w*)>/g, (_all, name: string) => `(?P<g${names.push(name) - 1}>`);
  const regex = new Regex(numbered);
  if (namedOnly && names.length === 0) throw new NoCapture('at least 1 named capture group must be supplied in the given regex');
  const groups = regex.groupNames.map((name) => (name === undefined ? undefined : names[Number(name.slice(1))]!));
  return (text) => {
    const fields = new Map<string, Value>();
    const match = regex.exec(text);
    if (match === undefined) return fields;
    for (const [i, name] of groups.entries()) {
      const found = match.groups[i + 1];
      if (name !== undefined && found) fields.set(name.replaceAll(dot, '.'), typed(found, name, types.get(name)));
    }
    return fields;
  };
}

/** An expression has no named group. */
export class NoCapture extends OttlError {}

function expand(
  expression: string,
  patterns: GrokPatterns,
  namedOnly: boolean,
): { readonly expanded: string; readonly types: ReadonlyMap<string, string> } {
  const types = new Map<string, string>();
  let expanded = expression;
  for (let round = 0; round < maxRounds; round++) {
    const before = expanded;
    expanded = before.replaceAll(reference, (_all, pattern: string, field: string | undefined, type: string | undefined) => {
      const name = (field ?? pattern).replaceAll('.', dot);
      if (type !== undefined) types.set(name, type);
      const definition = patterns.get(pattern) ?? standardPatterns.get(pattern);
      if (definition === undefined) throw new Error(`pattern definition ${JSON.stringify(pattern)} unknown: parsing failed`);
      return namedOnly && field === undefined ? `(${definition})` : `(?P<${name}>${definition})`;
    });
    if (expanded === before) break;
    if (expanded.length > maxLength) throw new Error('the pattern definitions refer to each other without end');
  }
  return { expanded, types };
}

function typed(text: string, name: string, type: string | undefined): Value {
  switch (type) {
    case undefined:
    case 'string':
      return text;
    case 'int':
    case 'long':
      return parseInteger(text, 10);
    case 'float':
    case 'double':
      return parseFloat64(text);
    case 'bool':
    case 'boolean':
      if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
      if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false;
      throw new OttlError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
    default:
      throw new OttlError(`invalid type for ${name}: type not specified`);
  }
}
