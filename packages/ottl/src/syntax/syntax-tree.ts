/** A value as it was written; `offset` is where it starts. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: undefined | string | bigint | number | boolean | Uint8Array; readonly offset: number }
  | { readonly kind: 'name'; readonly name: string; readonly isEnum: boolean; readonly offset: number }
  | Path
  | Call
  | { readonly kind: 'list'; readonly values: readonly Expression[]; readonly offset: number }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: string, value: Expression])[]; readonly offset: number }
  | {
      readonly kind: 'math';
      readonly operator: MathOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly offset: number;
    }
  | { readonly kind: 'negative'; readonly value: Expression; readonly offset: number };

/** Operators of arithmetic. */
export type MathOperator = '+' | '-' | '*' | '/';

/** `a["k"][0].b`: each segment with its keys. */
export interface Path {
  readonly kind: 'path';
  readonly segments: readonly Segment[];
  readonly offset: number;
  /** As it was written. */
  readonly text: string;
}

/** One part of a path. */
export interface Segment {
  readonly name: string;
  readonly keys: readonly Expression[];
}

/** A call of a function, and what its result is indexed by. */
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly arguments: readonly Argument[];
  readonly keys: readonly Expression[];
  readonly offset: number;
}

/** An argument, by place or by name. */
export interface Argument {
  readonly name: string | undefined;
  readonly value: Expression;
}

/** Operators of comparison. */
export type Comparator = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What is true or false. */
export type BooleanExpression =
  | { readonly kind: 'or' | 'and'; readonly terms: readonly BooleanExpression[] }
  | { readonly kind: 'not'; readonly term: BooleanExpression }
  | { readonly kind: 'comparison'; readonly operator: Comparator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'constant'; readonly value: boolean }
  | Call;

/** `editor(...) where condition`. */
export interface Statement {
  readonly editor: Call;
  readonly where: BooleanExpression | undefined;
}
