import type { Condition } from '../compile.ts';
import type { BooleanExpression, Comparator, Expression } from '../syntax/syntax-tree.ts';
import type { Value } from '../value.ts';
import { compare } from './compare.ts';
import type { Compiler } from './compiler.ts';
import { always, never } from './constants.ts';

type Comparison = Extract<BooleanExpression, { kind: 'comparison' }>;

const mirrored: Readonly<Record<Comparator, Comparator>> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** Compiles a comparison; one of a path with a constant is decided on the wire where it can be. */
export function compileComparison(compiler: Compiler, { operator, left, right }: Comparison): Condition {
  const ofPath = comparePath(compiler, left, operator, right) ?? comparePath(compiler, right, mirrored[operator], left);
  if (ofPath !== undefined) return ofPath;
  const a = compiler.value(left);
  const b = compiler.value(right);
  if (a.literal !== undefined && b.literal !== undefined) return compare(a.literal.value, b.literal.value, operator) ? always : never;
  return (context) => compare(a(context), b(context), operator);
}

function comparePath(compiler: Compiler, path: Expression, operator: Comparator, other: Expression): Condition | undefined {
  if (path.kind !== 'path' || (other.kind !== 'literal' && other.kind !== 'name')) return undefined;
  const access = compiler.path(path);
  const constant = compiler.value(other).literal!.value;
  const isEquality = operator === '==' || operator === '!=';
  if (typeof constant === 'string' && isEquality && access.equals !== undefined) return maybeNot(access.equals(constant), operator);
  if (constant === undefined && isEquality && access.isNil !== undefined) return maybeNot(access.isNil, operator);
  if (access.number !== undefined && isSmall(constant)) return compareNumber(access.number, operator, Number(constant));
  return (context) => compare(access.get(context), constant, operator);
}

/** Numbers beyond 2^53 are rounded when they are read, so a constant that is smaller compares with them as it should. */
function isSmall(constant: Value): constant is bigint | number {
  return (typeof constant === 'bigint' || typeof constant === 'number') && Math.abs(Number(constant)) < Number.MAX_SAFE_INTEGER;
}

function maybeNot(condition: Condition, operator: Comparator): Condition {
  return operator === '==' ? condition : (context) => !condition(context);
}

function compareNumber(read: (context: Parameters<Condition>[0]) => number | undefined, operator: Comparator, constant: number): Condition {
  switch (operator) {
    case '==':
      return (context) => read(context) === constant;
    case '!=':
      return (context) => read(context) !== constant;
    case '<':
      return (context) => (read(context) ?? Number.NaN) < constant;
    case '<=':
      return (context) => (read(context) ?? Number.NaN) <= constant;
    case '>':
      return (context) => (read(context) ?? Number.NaN) > constant;
    default:
      return (context) => (read(context) ?? Number.NaN) >= constant;
  }
}
