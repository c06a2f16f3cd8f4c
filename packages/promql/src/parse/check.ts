import { Regex } from '@millrace/regex';
import { comparisons, setOperators } from '../ast.ts';
import type { Aggregate, Binary, Call, Expr, ValueType, VectorSelector } from '../ast.ts';
import { signatures } from '../functions/signatures.ts';
import { ParseError } from '../query-error.ts';

const typeNames: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

/** What an expression gives. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'paren':
    case 'unary':
      return typeOf(expr.expr);
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'call':
      return signatures.get(expr.name)!.returns;
    default:
      return 'vector';
  }
}

const depthMax = 1000;

/** The error of an expression in an expression in an expression, 1,000 times. */
export function tooDeep(query: string, index: number): ParseError {
  return new ParseError(query, index, `expressions are nested more than ${depthMax} deep`);
}

/** Throws `ParseError` when types, labels or matchers of an expression do not fit. */
export function check(query: string, expr: Expr): void {
  const fail = (index: number, message: string): never => {
    throw new ParseError(query, index, message);
  };
  let depth = 0;
  const visit = (node: Expr): void => {
    if (++depth > depthMax) throw tooDeep(query, node.start);
    visitNode(node);
    depth--;
  };
  const visitNode = (node: Expr): void => {
    switch (node.kind) {
      case 'selector':
        return checkSelector(node, fail);
      case 'matrix':
        return checkSelector(node.selector, fail);
      case 'paren':
        return visit(node.expr);
      case 'unary': {
        visit(node.expr);
        const type = typeOf(node.expr);
        if (type !== 'scalar' && type !== 'vector') {
          fail(node.start, `unary expression only allowed on expressions of type scalar or instant vector, got "${typeNames[type]}"`);
        }
        return undefined;
      }
      case 'subquery': {
        visit(node.expr);
        const type = typeOf(node.expr);
        if (type !== 'vector') fail(node.start, `subquery is only allowed on instant vector, got ${type} instead`);
        return undefined;
      }
      case 'aggregate':
        return checkAggregate(node, visit, fail);
      case 'binary':
        visit(node.left);
        visit(node.right);
        return checkBinary(query, node, fail);
      case 'call':
        return checkCall(node, visit, fail);
      default:
        return undefined;
    }
  };
  visit(expr);
}

type Fail = (index: number, message: string) => never;

function checkSelector({ name, matchers, start }: VectorSelector, fail: Fail): void {
  let selective = name !== undefined;
  for (const matcher of matchers) {
    const matches = matcher.operator === '=' || matcher.operator === '!=' ? matcher.value === '' : matchesEmpty(matcher.value, start, fail);
    selective ||= matches === matcher.operator.startsWith('!');
  }
  if (!selective) fail(start, 'vector selector must contain at least one non-empty matcher');
}

function matchesEmpty(pattern: string, start: number, fail: Fail): boolean {
  try {
    return new Regex(pattern, { whole: true }).test('');
  } catch (error) {
    return fail(start, (error as Error).message);
  }
}

function checkAggregate(node: Aggregate, visit: (node: Expr) => void, fail: Fail): void {
  visit(node.expr);
  expectType(node.expr, 'vector', 'aggregation expression', fail);
  if (node.param === undefined) return;
  visit(node.param);
  expectType(node.param, node.operator === 'count_values' ? 'string' : 'scalar', 'aggregation parameter', fail);
}

function expectType(node: Expr, wanted: ValueType, context: string, fail: Fail): void {
  const type = typeOf(node);
  if (type !== wanted) fail(node.start, `expected type ${typeNames[wanted]} in ${context}, got ${typeNames[type]}`);
}

function checkBinary(query: string, node: Binary, fail: Fail): void {
  const { operator, left, right, bool, matching } = node;
  const [leftType, rightType] = [typeOf(left), typeOf(right)];
  let operatorStart = left.end;
  while (/\s/.test(query[operatorStart] ?? '')) operatorStart++;
  const comparison = comparisons.has(operator);
  if (bool && !comparison) fail(operatorStart, 'bool modifier can only be used on comparison operators');
  if (comparison && !bool && leftType === 'scalar' && rightType === 'scalar') {
    fail(operatorStart, 'comparisons between scalars must use BOOL modifier');
  }
  const both = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
  if (both !== undefined) fail(operatorStart, `label "${both}" must not occur in ON and GROUP clause at once`);
  for (const [side, type] of [
    [left, leftType],
    [right, rightType],
  ] as const) {
    if (type !== 'scalar' && type !== 'vector') fail(side.start, 'binary expression must contain only scalar and instant vector types');
  }
  if (leftType === 'scalar' || rightType === 'scalar') {
    if (matching.labels.length > 0) fail(node.start, 'vector matching only allowed between instant vectors');
    if (setOperators.has(operator)) fail(node.start, `set operator "${operator}" not allowed in binary scalar expression`);
  } else if (setOperators.has(operator) && matching.many !== undefined) {
    fail(node.start, `no grouping allowed for "${operator}" operation`);
  }
}

function checkCall(node: Call, visit: (node: Expr) => void, fail: Fail): void {
  const { args, variadic } = signatures.get(node.name)!;
  const given = node.args.length;
  const call = `argument(s) in call to "${node.name}", got ${given}`;
  if (variadic === 0 && given !== args.length) fail(node.start, `expected ${args.length} ${call}`);
  if (variadic !== 0 && given < args.length - 1) fail(node.start, `expected at least ${args.length - 1} ${call}`);
  if (variadic > 0 && given > args.length - 1 + variadic) fail(node.start, `expected at most ${args.length - 1 + variadic} ${call}`);
  node.args.forEach((arg, index) => {
    visit(arg);
    expectType(arg, args[Math.min(index, args.length - 1)]!, `call to function "${node.name}"`, fail);
  });
}
