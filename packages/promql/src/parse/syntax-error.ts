import type { SyntaxNode, Tree } from '@lezer/common';
import { experimentalFunctions, signatures } from '../functions/signatures.ts';
import { ParseError } from '../query-error.ts';

const tokenPattern =
  /^(?:(?<identifier>[A-Za-z_:][A-Za-z0-9_:]*)|(?<number>\d[\w.]*|\.\d\w*)|(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)|(?<symbol>=~|!~|==|!=|<=|>=|[-+*/%^<>=@(){}[\],:]))/;
const keywords = new Set(
  'and or unless atan2 sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio offset smoothed anchored by without on ignoring group_left group_right bool'.split(
    ' ',
  ),
);

const contexts: Readonly<Record<string, string>> = {
  LabelMatchers: 'label matching',
  UnquotedLabelMatcher: 'label matching',
  QuotedLabelMatcher: 'label matching',
  GroupingLabels: 'grouping opts',
  AggregateExpr: 'aggregation',
  MatrixSelector: 'subquery or range',
  SubqueryExpr: 'subquery selector',
  OffsetExpr: 'offset',
};
const expectations: Readonly<Record<string, string>> = {
  'label matching': 'identifier or "}"',
  'grouping opts': 'label',
  'subquery or range': '":" or "]"',
  'subquery selector': '"]"',
  offset: 'number, duration, step(), or range()',
};

// The tables of the grammar are run by a parser that gives up where an editor would be stuck.
const longFrom = 2000;

/** The first place where a tree is no PromQL, in Prometheus's words; undefined when there is none. */
export function syntaxError(query: string, tree: Tree): ParseError | undefined {
  if (query.trim() === '') return new ParseError(query, 0, 'no expression found in input');
  let found: SyntaxNode | undefined;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) found ??= node.node;
      return found === undefined;
    },
  });
  if (found === undefined) return undefined;
  const called = calledName(query, found);
  if (called !== undefined) return called;
  const index = skipBlank(query, found.from);
  const limits = index > longFrom ? ' (hundreds of operators in a row and thousands of parentheses in each other cannot be read)' : '';
  return new ParseError(query, index, `unexpected ${describe(query.slice(index))}${contextOf(found)}${limits}`);
}

/** A name before a parenthesis that is no function. */
function calledName(query: string, error: SyntaxNode): ParseError | undefined {
  const before = query.slice(0, skipBlank(query, error.from));
  const match = /([A-Za-z_][A-Za-z0-9_]*)\s*$/.exec(before);
  if (match === null || query[before.length] !== '(') return undefined;
  const name = match[1]!;
  if (experimentalFunctions.has(name)) return new ParseError(query, match.index, `function "${name}" is not enabled`);
  if (signatures.has(name) || keywords.has(name)) return undefined;
  return new ParseError(query, match.index, `unknown function with name "${name}"`);
}

function skipBlank(query: string, from: number): number {
  let index = from;
  while (index < query.length && /\s/.test(query[index]!)) index++;
  return index;
}

function describe(rest: string): string {
  if (rest === '') return 'end of input';
  const groups = tokenPattern.exec(rest)?.groups;
  if (groups === undefined)
    return rest[0] === '"' || rest[0] === "'" || rest[0] === '`' ? 'unterminated quoted string' : `character: '${rest[0]}'`;
  if (groups['identifier'] !== undefined) {
    const name = groups['identifier'];
    if (keywords.has(name)) return `<${name}>`;
    return name.includes(':') ? `metric identifier "${name}"` : `identifier "${name}"`;
  }
  if (groups['number'] !== undefined) return `number "${groups['number']}"`;
  if (groups['string'] !== undefined) return `string ${JSON.stringify(groups['string'])}`;
  return `"${groups['symbol']}"`;
}

function contextOf(error: SyntaxNode): string {
  const context = contexts[error.parent?.name ?? ''];
  if (context === undefined) return '';
  const expected = expectations[context];
  return ` in ${context}${expected === undefined ? '' : `, expected ${expected}`}`;
}
