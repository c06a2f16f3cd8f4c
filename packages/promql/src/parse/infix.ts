import type { Binary, Expr } from '../ast.ts';

/** One piece of an expression as it stands in the text: something complete, an operator before, between or behind. */
export type Piece =
  | { readonly kind: 'operand'; readonly expr: Expr }
  | { readonly kind: 'prefix'; readonly operator: '+' | '-'; readonly start: number }
  | { readonly kind: 'infix'; readonly operator: string; readonly bool: boolean; readonly matching: Binary['matching'] }
  /** `[5m]`, `offset 5m`, `@ 3`: they bind closest of all. */
  | { readonly kind: 'postfix'; apply(inner: Expr): Expr };

const ranks: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
const unaryRank = 5;

/** The tree that Prometheus makes of pieces: by the ranks of their operators, `^` from the right, all others from the left. */
export function combine(pieces: readonly Piece[]): Expr {
  let next = 0;
  const operand = (): Expr => {
    const piece = pieces[next++]!;
    if (piece.kind === 'prefix') {
      const expr = binary(unaryRank + 1);
      const { operator, start } = piece;
      if (expr.kind === 'number') return { ...expr, value: operator === '-' ? -expr.value : expr.value, start };
      return { kind: 'unary', operator, expr, start, end: expr.end };
    }
    let expr = (piece as { readonly expr: Expr }).expr;
    for (let following = pieces[next]; following?.kind === 'postfix'; following = pieces[next]) {
      expr = following.apply(expr);
      next++;
    }
    return expr;
  };
  const binary = (least: number): Expr => {
    let left = operand();
    for (let piece = pieces[next]; piece?.kind === 'infix' && ranks[piece.operator]! >= least; piece = pieces[next]) {
      next++;
      const rank = ranks[piece.operator]!;
      const right = binary(piece.operator === '^' ? rank : rank + 1);
      const { operator, bool, matching } = piece;
      left = { kind: 'binary', operator, bool, matching, left, right, start: left.start, end: right.end };
    }
    return left;
  };
  return binary(1);
}
