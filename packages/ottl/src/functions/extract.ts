import { boolLiteral, converter, listOf, optional, string, stringLiteral } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { derive } from '../getter.ts';
import type { Getter } from '../getter.ts';
import { compileGrok, NoCapture } from '../grok/grok.ts';
import type { Grok } from '../grok/grok.ts';
import { OttlError } from '../ottl-error.ts';
import { regexOf } from './regex-of.ts';

/** `ExtractPatterns(target, pattern)`: what the named groups of an expression match first in a text; an empty map where it does not match. */
const extractPatterns = converter('ExtractPatterns', { target: string, pattern: string }, ({ target, pattern }) => {
  const regex = regexOf('ExtractPatterns', pattern);
  return (context) => {
    const expression = regex(context);
    if (expression.groupNames.every((name) => name === undefined)) {
      throw new OttlError('at least 1 named capture group must be supplied in the given regex');
    }
    const match = expression.exec(target(context));
    const fields = new Map<string, string>();
    if (match === undefined) return fields;
    for (const [i, name] of expression.groupNames.entries()) if (name !== undefined) fields.set(name, match.groups[i + 1] ?? '');
    return fields;
  };
});

/**
 * `ExtractGrokPatterns(target, pattern, named_captures_only?, pattern_definitions?)`: the fields that a grok expression such as
 * `%{IP:client} %{NUMBER:bytes:int}` finds in a text. Definitions of one's own are `NAME=expression`.
 */
const extractGrokPatterns = converter(
  'ExtractGrokPatterns',
  {
    target: string,
    pattern: string,
    named_captures_only: optional(boolLiteral),
    pattern_definitions: optional(listOf(stringLiteral)),
  },
  ({ target, pattern, named_captures_only: namedOnly = false, pattern_definitions: definitions = [] }) => {
    const patterns = new Map(definitions.map(definitionOf));
    const grok = grokOf(pattern, (text) => compileGrok(text, patterns, namedOnly));
    return (context) => {
      const extract = grok(context);
      return extract(target(context));
    };
  },
);

const maxShown = 20;

function definitionOf(definition: string, index: number): readonly [name: string, expression: string] {
  const equals = definition.indexOf('=');
  if (equals === -1) {
    const shown = definition.length > maxShown ? `${definition.slice(0, maxShown - 3)}...` : definition;
    throw new Error(
      `pattern ${JSON.stringify(shown)} supplied to ExtractGrokPatterns at index ${index} has incorrect format, expecting PATTERNNAME=pattern definition`,
    );
  }
  const name = definition.slice(0, equals);
  if (name.includes(':')) throw new Error(`pattern ID ${JSON.stringify(name)} should not contain ':'`);
  return [name, definition.slice(equals + 1)];
}

function grokOf(pattern: Getter<string>, compile: (text: string) => Grok): Getter<Grok> {
  const compiled = (text: string): Grok => {
    try {
      return compile(text);
    } catch (error) {
      if (error instanceof NoCapture) throw error;
      throw new OttlError(
        `the regex pattern supplied to ExtractGrokPatterns '${JSON.stringify(text)}' is not a valid pattern: ${(error as Error).message}`,
      );
    }
  };
  if (pattern.literal !== undefined) return derive(pattern, compiled);
  let last: { readonly pattern: string; readonly grok: Grok } | undefined;
  return (context) => {
    const text = pattern(context);
    if (last?.pattern !== text) last = { pattern: text, grok: compiled(text) };
    return last.grok;
  };
}

/** Functions that find fields in text. */
export const extractFunctions: readonly FunctionDefinition[] = [extractPatterns, extractGrokPatterns];
