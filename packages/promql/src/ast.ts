import type { LabelMatcher } from '@millrace/api';

/** What an expression gives: one number per step, a set of series with at most one sample per step, series with many samples, or a text. */
export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

/** Where a node stands in the text of the query, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `@`: at which time a selector looks, instead of the time of the step. */
export type AtModifier = number | 'start' | 'end';

export interface NumberLiteral extends Span {
  readonly kind: 'number';
  readonly value: number;
}

export interface StringLiteral extends Span {
  readonly kind: 'string';
  readonly value: string;
}

export interface VectorSelector extends Span {
  readonly kind: 'selector';
  /** The name before the braces. */
  readonly name: string | undefined;
  /** With one for the name. */
  readonly matchers: readonly LabelMatcher[];
  readonly offsetMs: number;
  /** Milliseconds since the epoch, or the start or end of the query. */
  readonly at: AtModifier | undefined;
}

export interface MatrixSelector extends Span {
  readonly kind: 'matrix';
  readonly selector: VectorSelector;
  readonly rangeMs: number;
}

export interface Subquery extends Span {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  /** 0: the default of the engine. */
  readonly stepMs: number;
  readonly offsetMs: number;
  readonly at: AtModifier | undefined;
}

export interface Paren extends Span {
  readonly kind: 'paren';
  readonly expr: Expr;
}

export interface Unary extends Span {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly expr: Expr;
}

/** How the series of two vectors find each other. */
export interface Matching {
  /** True: only `labels` count; false: all but `labels` and the name. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** The side that may have many series for one of the other. */
  readonly many: 'left' | 'right' | undefined;
  /** Labels that the result takes from the side of one. */
  readonly include: readonly string[];
}

export interface Binary extends Span {
  readonly kind: 'binary';
  readonly operator: string;
  readonly left: Expr;
  readonly right: Expr;
  /** Comparisons give 0 or 1 instead of filtering. */
  readonly bool: boolean;
  readonly matching: Matching;
}

export interface Aggregate extends Span {
  readonly kind: 'aggregate';
  readonly operator: string;
  readonly expr: Expr;
  readonly param: Expr | undefined;
  readonly without: boolean;
  readonly grouping: readonly string[];
}

export interface Call extends Span {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
}

/** A PromQL expression. */
export type Expr = NumberLiteral | StringLiteral | VectorSelector | MatrixSelector | Subquery | Paren | Unary | Binary | Aggregate | Call;

/** The operators that compare. */
export const comparisons: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);

/** The operators that cut observations off native histograms. */
export const trimOperators: ReadonlySet<string> = new Set(['</', '>/']);

/** Whether what an operator gives is no longer the metric that it was. */
export function changesMetric(operator: string): boolean {
  return !comparisons.has(operator) && !trimOperators.has(operator);
}

/** The operators on sets of series. */
export const setOperators: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

/** An expression without the parentheses around it. */
export function unwrap(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
}

/** All selectors in an expression, in the order of the text. */
export function selectorsOf(expr: Expr): readonly VectorSelector[] {
  switch (expr.kind) {
    case 'selector':
      return [expr];
    case 'matrix':
      return [expr.selector];
    case 'subquery':
    case 'paren':
    case 'unary':
      return selectorsOf(expr.expr);
    case 'binary':
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)];
    case 'aggregate':
      return [...(expr.param === undefined ? [] : selectorsOf(expr.param)), ...selectorsOf(expr.expr)];
    case 'call':
      return expr.args.flatMap(selectorsOf);
    default:
      return [];
  }
}
