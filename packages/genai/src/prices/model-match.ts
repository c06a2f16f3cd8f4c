import type { ModelMatch } from './prices-schema.ts';

/** Whether a model is meant, by its lower-case name and its name as written. */
export type MatchModel = (lower: string, written: string) => boolean;

/** What runs expressions of users in linear time. */
export type CompileRegex = (pattern: string) => { test(text: string): boolean };

/** A rule about names in the shape of a configuration and of genai-prices. Throws an Error that says what is wrong with it. */
export function modelMatcher(match: ModelMatch, compile: CompileRegex, regexSees: 'written' | 'lower'): MatchModel {
  if (typeof match === 'string') return modelMatcher({ equals: match }, compile, regexSees);
  const keys = typeof match === 'object' && match !== null ? Object.keys(match) : [];
  const [kind] = keys;
  if (keys.length !== 1) throw new Error('names a model by one of equals, starts_with, ends_with, contains, regex, or, and');
  const value = (match as Readonly<Record<string, unknown>>)[kind!];
  if (kind === 'or' || kind === 'and') {
    if (!Array.isArray(value)) throw new Error(`"${kind}" is a list of rules`);
    const rules = (value as readonly ModelMatch[]).map((rule) => modelMatcher(rule, compile, regexSees));
    if (kind === 'or') return (lower, written) => rules.some((rule) => rule(lower, written));
    return (lower, written) => rules.every((rule) => rule(lower, written));
  }
  if (typeof value !== 'string') throw new Error(`"${kind}" is a text`);
  const wanted = value.toLowerCase();
  switch (kind) {
    case 'equals':
      return (lower) => lower === wanted;
    case 'starts_with':
      return (lower) => lower.startsWith(wanted);
    case 'ends_with':
      return (lower) => lower.endsWith(wanted);
    case 'contains':
      return (lower) => lower.includes(wanted);
    case 'regex': {
      const test = regexTest(value, compile);
      return regexSees === 'lower' ? (lower) => test(lower) : (_, written) => test(written);
    }
    default:
      throw new Error(`"${kind}" is none of equals, starts_with, ends_with, contains, regex, or, and`);
  }
}

/** Whether an expression is somewhere in a rule, so that what runs it must be loaded. */
export function hasRegex(match: unknown): boolean {
  if (Array.isArray(match)) return match.some(hasRegex);
  if (typeof match !== 'object' || match === null) return false;
  return 'regex' in match || Object.values(match).some(hasRegex);
}

/** RE2 has no negative look-ahead. At the start, where catalogues have it, it is an expression of its own that must not match. */
function regexTest(pattern: string, compile: CompileRegex): (text: string) => boolean {
  const unwanted = leadingLookahead(pattern);
  if (unwanted === undefined) {
    const regex = compile(pattern);
    return (text) => regex.test(text);
  }
  const not = compile(`^(?:${unwanted})`);
  const rest = regexTest(`^${pattern.slice(unwanted.length + 5)}`, compile);
  return (text) => !not.test(text) && rest(text);
}

/** The X of an expression `^(?!X)...`. */
function leadingLookahead(pattern: string): string | undefined {
  if (!pattern.startsWith('^(?!')) return undefined;
  let depth = 1;
  let inClass = false;
  for (let index = 4; index < pattern.length; index++) {
    const letter = pattern[index];
    if (letter === '\\') index++;
    else if (inClass) inClass = letter !== ']';
    else if (letter === '[') inClass = true;
    else if (letter === '(') depth++;
    else if (letter === ')' && --depth === 0) return pattern.slice(4, index);
  }
  return undefined;
}
