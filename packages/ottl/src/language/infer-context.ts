import type { ContextName } from '../context-name.ts';
import type { FunctionDefinition } from '../function.ts';
import { enums } from '../paths/enums.ts';
import { contextOf, pathContexts } from '../paths/resolve-path.ts';
import { parseCondition, parseStatement } from '../syntax/parser.ts';
import type { BooleanExpression, Call, Expression } from '../syntax/syntax-tree.ts';

/** From the one that is tried first. */
const priority = ['log', 'datapoint', 'metric', 'spanevent', 'span', 'scope', 'instrumentation_scope', 'resource'];

/** What texts ask of a context. */
class Needs {
  readonly paths: (string | undefined)[] = [];
  readonly functions = new Set<string>();
  readonly enums = new Set<string>();

  call({ name, arguments: given, keys }: Call): void {
    this.functions.add(name);
    for (const { value } of given) this.value(value);
    for (const key of keys) this.value(key);
  }

  value(expression: Expression): void {
    switch (expression.kind) {
      case 'path':
        this.paths.push(contextOf(expression));
        for (const { keys } of expression.segments) for (const key of keys) this.value(key);
        break;
      case 'call':
        this.call(expression);
        break;
      case 'name':
        if (expression.isEnum) this.enums.add(expression.name);
        break;
      case 'list':
        for (const value of expression.values) this.value(value);
        break;
      case 'map':
        for (const [, value] of expression.entries) this.value(value);
        break;
      case 'math':
        this.value(expression.left);
        this.value(expression.right);
        break;
      case 'negative':
        this.value(expression.value);
        break;
      default:
    }
  }

  condition(expression: BooleanExpression): void {
    if (expression.kind === 'call') this.call(expression);
    else if (expression.kind === 'not') this.condition(expression.term);
    else if (expression.kind === 'comparison') {
      this.value(expression.left);
      this.value(expression.right);
    } else if (expression.kind !== 'constant') for (const term of expression.terms) this.condition(term);
  }
}

function rank(context: string | undefined): number {
  const at = priority.indexOf(context ?? '');
  return at < 0 ? priority.length : at;
}

/** See `inferContext` in `compile.ts`. */
export function infer(
  { statements = [], conditions = [] }: { readonly statements?: readonly string[]; readonly conditions?: readonly string[] },
  candidates: readonly ContextName[],
  functions: readonly FunctionDefinition[],
): ContextName {
  const needs = new Needs();
  for (const text of statements) {
    const { editor, where } = parseStatement(text);
    needs.call(editor);
    if (where !== undefined) needs.condition(where);
  }
  for (const text of conditions) needs.condition(parseCondition(text));
  const quoted = (texts: readonly string[]): string => `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
  const given = `statements ${quoted(statements)} and conditions ${quoted(conditions)}`;
  const named = needs.paths.filter((path) => path !== undefined).toSorted((a, b) => rank(a) - rank(b))[0];
  if (named === undefined) {
    throw new Error(
      `unable to infer context from ${given}, path's first segment must be a valid context name ${quoted(candidates)}, and at least one context must be capable of parsing all statements`,
    );
  }
  const first = named === 'instrumentation_scope' ? 'scope' : named;
  const problem = lacks(first, needs, candidates, functions);
  if (problem === undefined) return first as ContextName;
  const lower = candidates
    .filter((candidate) => candidate !== first && pathContexts(candidate).includes(first))
    .toSorted((a, b) => rank(a) - rank(b))
    .find((candidate) => lacks(candidate, needs, candidates, functions) === undefined);
  if (lower !== undefined) return lower;
  throw new Error(`unable to infer a valid context (${quoted(candidates)}) from ${given}: ${problem}`);
}

/** What a context lacks; undefined when nothing. */
function lacks(
  context: string,
  needs: Needs,
  candidates: readonly ContextName[],
  functions: readonly FunctionDefinition[],
): string | undefined {
  if (!candidates.includes(context as ContextName)) return `inferred context "${context}" is not a valid candidate`;
  const name = context as ContextName;
  for (const wanted of needs.functions) {
    if (!functions.some((one) => one.name === wanted && (one.contexts?.includes(name) ?? true))) {
      return `inferred context "${context}" does not support the function "${wanted}"`;
    }
  }
  for (const wanted of needs.enums) {
    // The name of a function without small letters looks like an enum.
    if (!Object.hasOwn(enums[name], wanted) && !functions.some((one) => one.name === wanted)) {
      return `inferred context "${context}" does not support the enum symbol "${wanted}"`;
    }
  }
  return undefined;
}
