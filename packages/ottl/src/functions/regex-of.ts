import { Regex } from '@millrace/regex';
import { derive } from '../getter.ts';
import type { Getter } from '../getter.ts';
import { OttlError } from '../ottl-error.ts';

/** The getter of a pattern as an expression: compiled once for a literal, else again whenever the pattern changes. */
export function regexOf(name: string, pattern: Getter<string>): Getter<Regex> {
  if (pattern.literal !== undefined) return derive(pattern, (text) => compile(name, text));
  let last: Regex | undefined;
  return (context) => {
    const text = pattern(context);
    return last?.pattern === text ? last : (last = compile(name, text));
  };
}

function compile(name: string, pattern: string): Regex {
  try {
    return new Regex(pattern);
  } catch (error) {
    throw new OttlError(
      `the regex pattern supplied to ${name} '${JSON.stringify(pattern)}' is not a valid pattern: ${(error as Error).message}`,
    );
  }
}
