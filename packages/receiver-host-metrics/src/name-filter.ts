import { Regex } from '@millrace/regex';

/** A checked list of names, such as `include`; `F` is the name of its field. */
export type NameList<F extends string> = { readonly [field in F]?: readonly string[] } & { readonly match_type?: string };

/** The settings of a list of names in field `field`. `what` completes its description. */
export function nameListSchema(field: string, what: string): object {
  return {
    type: 'object',
    additionalProperties: false,
    description: what,
    properties: {
      [field]: { type: 'array', items: { type: 'string' }, description: `${what} Matched as \`match_type\` says.` },
      match_type: {
        type: 'string',
        description: '`strict`: names are equal. `regexp`: an expression matches some part of the name (RE2). Required.',
      },
      regexp: { 'x-unsupported': 'expressions are compiled once and need no cache; remove it' },
    },
  };
}

type Test = (name: string) => boolean;

function testOf(names: readonly string[], matchType: string): Test {
  if (matchType === 'strict') {
    const known = new Set(names);
    return (name) => known.has(name);
  }
  if (matchType !== 'regexp') throw new Error(`unrecognized match_type: '${matchType}', valid types are: [regexp strict]`);
  const patterns = names.map((name) => new Regex(name));
  return (name) => patterns.some((pattern) => pattern.test(name));
}

/** The test of a list: undefined when it names nothing. Throws on a match type or an expression that is none. */
export function nameTest<F extends string>(list: NameList<F> | undefined, field: F): Test | undefined {
  const names: readonly string[] = list?.[field] ?? [];
  return names.length === 0 ? undefined : testOf(names, list?.match_type ?? '');
}

/** Whether a name is wanted: in the first list when that names something, and not in the second. */
export function nameFilter<F extends string>(include: NameList<F> | undefined, exclude: NameList<F> | undefined, field: F): Test {
  const isIncluded = nameTest(include, field);
  const isExcluded = nameTest(exclude, field);
  return (name) => isIncluded?.(name) !== false && isExcluded?.(name) !== true;
}

/** What is wrong with a list, as a text after `prefix`; empty when nothing is. */
export function nameListProblems<F extends string>(list: NameList<F> | undefined, field: F, prefix: string): string[] {
  try {
    nameTest(list, field);
    return [];
  } catch (error) {
    return [`${prefix}: ${(error as Error).message}`];
  }
}
