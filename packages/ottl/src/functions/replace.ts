import { parseTemplate } from '@millrace/regex';
import type { Regex, Template } from '@millrace/regex';
import { editor, functionName, mapTarget, optional, string, stringLiteral, target } from '../function.ts';
import type { FunctionArgument, FunctionDefinition } from '../function.ts';
import { derive } from '../getter.ts';
import type { Getter } from '../getter.ts';
import { OttlError } from '../ottl-error.ts';
import { compileGlob } from '../text/glob.ts';
import { sprintf } from '../text/sprintf.ts';
import type { TransformContext } from '../transform-context.ts';
import type { Value } from '../value.ts';
import { regexOf } from './regex-of.ts';

/** `replace_match(target, pattern, replacement, function?, replacement_format?)`: sets a text that a wildcard pattern matches as a whole. */
const replaceMatch = editor(
  'replace_match',
  { target, pattern: string, replacement: string, function: optional(functionName), replacement_format: optional(string) },
  ({ target, pattern, replacement, function: convert, replacement_format: format }) => {
    const matcher = globOf('replace_match', pattern);
    const replacementOf = wholeReplacement(replacement, convert, format);
    return (context) => {
      const matches = matcher(context);
      const text = target.get(context);
      const next = replacementOf(context);
      if (typeof text === 'string' && matches(text)) target.set(context, next);
    };
  },
);

/** `replace_all_matches(target, pattern, replacement, function?, replacement_format?)`: the same for every text in a map. */
const replaceAllMatches = editor(
  'replace_all_matches',
  { target: mapTarget, pattern: string, replacement: string, function: optional(functionName), replacement_format: optional(string) },
  ({ target, pattern, replacement, function: convert, replacement_format: format }) => {
    const matcher = globOf('replace_all_matches', pattern);
    const replacementOf = wholeReplacement(replacement, convert, format);
    return (context) => {
      const matches = matcher(context);
      const entries = target.get(context);
      const next = replacementOf(context);
      for (let slot = entries.first(); slot !== -1; slot = entries.next(slot)) {
        const text = entries.stringAt(slot);
        if (text !== undefined && matches(text)) entries.setAt(slot, next);
      }
      target.set(context, entries);
    };
  },
);

/** `replace_pattern(target, regex, replacement, function?, replacement_format?)`: replaces each match of an expression in a text. */
const replacePattern = editor(
  'replace_pattern',
  { target, regex_pattern: string, replacement: string, function: optional(functionName), replacement_format: optional(string) },
  ({ target, regex_pattern: pattern, replacement, function: convert, replacement_format: format }) => {
    const regex = regexOf('replace_pattern', pattern);
    const replace = matchReplacer(replacement, convert, format);
    return (context) => {
      const text = target.get(context);
      if (text === undefined) return;
      const replaceIn = replace(context);
      if (typeof text !== 'string') return;
      const next = replaceIn(regex(context), text);
      if (next !== text) target.set(context, next);
    };
  },
);

/**
 * `replace_all_patterns(target, mode, regex, replacement, function?, replacement_format?)`: replaces each match in every text (`value`) or every
 * key (`key`) of a map. Where the function fails a value stays and an entry goes.
 */
const replaceAllPatterns = editor(
  'replace_all_patterns',
  {
    target: mapTarget,
    mode: stringLiteral,
    regex_pattern: string,
    replacement: string,
    function: optional(functionName),
    replacement_format: optional(string),
  },
  ({ target, mode, regex_pattern: pattern, replacement, function: convert, replacement_format: format }) => {
    const regex = regexOf('replace_all_patterns', pattern);
    if (mode !== 'key' && mode !== 'value') throw new Error(`invalid mode ${mode}, must be either 'key' or 'value'`);
    const replace = matchReplacer(replacement, convert, format);
    return (context) => {
      const entries = target.get(context);
      const replaceIn = replace(context);
      const expression = regex(context);
      const replaced = (text: string): string | undefined => {
        try {
          return replaceIn(expression, text);
        } catch (error) {
          if (convert === undefined || !(error instanceof OttlError)) throw error;
          return undefined;
        }
      };
      if (mode === 'value') {
        for (let slot = entries.first(); slot !== -1; slot = entries.next(slot)) {
          const text = entries.stringAt(slot);
          const next = text === undefined ? undefined : replaced(text);
          if (next !== undefined && next !== text) entries.setAt(slot, next);
        }
      } else {
        let isChanged = false;
        const renamed = new Map<string, Value>();
        for (let slot = entries.first(); slot !== -1; slot = entries.next(slot)) {
          const key = entries.keyAt(slot);
          const next = replaced(key);
          isChanged ||= next !== key;
          if (next !== undefined) renamed.set(next, entries.valueAt(slot));
        }
        if (isChanged) entries.replace(renamed);
      }
      target.set(context, entries);
    };
  },
);

/** Functions that replace text. */
export const replaceFunctions: readonly FunctionDefinition[] = [replaceMatch, replaceAllMatches, replacePattern, replaceAllPatterns];

function globOf(name: string, pattern: Getter<string>): Getter<(text: string) => boolean> {
  const compile = (text: string): ((text: string) => boolean) => {
    try {
      return compileGlob(text);
    } catch (error) {
      throw new OttlError(
        `the regex pattern supplied to ${name} '${JSON.stringify(text)}' is not a valid pattern: ${(error as Error).message}`,
      );
    }
  };
  if (pattern.literal !== undefined) return derive(pattern, compile);
  let last: { readonly pattern: string; readonly matches: (text: string) => boolean } | undefined;
  return (context) => {
    const text = pattern(context);
    if (last?.pattern !== text) last = { pattern: text, matches: compile(text) };
    return last.matches;
  };
}

/** What a whole text becomes: the replacement, or what the function makes of it. */
function wholeReplacement(
  replacement: Getter<string>,
  convert: FunctionArgument | undefined,
  format: Getter<string> | undefined,
): Getter<string> {
  if (convert === undefined) return replacement;
  const converted = convert(replacement);
  return (context) => formatted(converted(context), 'replacement value is not a string', format, context);
}

/** Replaces the matches in one text. */
type Replace = (regex: Regex, text: string) => string;

function matchReplacer(
  replacement: Getter<string>,
  convert: FunctionArgument | undefined,
  format: Getter<string> | undefined,
): (context: TransformContext) => Replace {
  const template = derive(replacement, parseTemplate);
  if (convert === undefined) {
    const replacer =
      (parts: Template): Replace =>
      (regex, text) =>
        regex.replaceAll(text, parts);
    const constant = template.literal === undefined ? undefined : replacer(template.literal.value);
    return (context) => constant ?? replacer(template(context));
  }
  let match = '';
  const converted = convert(() => match);
  return (context) => {
    const parts = template(context);
    return (regex, text) => {
      let replaced = '';
      let at = 0;
      for (const found of regex.matches(text)) {
        match = regex.expand(found, parts);
        const next = formatted(converted(context), 'the replacement value must be a string', format, context);
        replaced += text.slice(at, found.index) + next;
        at = found.end;
      }
      return replaced + text.slice(at);
    };
  };
}

function formatted(value: Value, problem: string, format: Getter<string> | undefined, context: TransformContext): string {
  if (typeof value !== 'string') throw new OttlError(problem);
  if (format === undefined) return value;
  const text = format(context);
  if (!/^.*?%s.*?$/.test(text) || /%[^s]/.test(text)) {
    throw new OttlError('replacementFormat must be format string containing a single %s and no other format specifiers');
  }
  return sprintf(text, [value]);
}
