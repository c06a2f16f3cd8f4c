import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import type { Aggregate, Expr, Matching } from '../ast.ts';
import { experimentalFunctions, signatures } from '../functions/signatures.ts';
import { ParseError } from '../query-error.ts';
import { check, tooDeep } from './check.ts';
import { childrenOf } from './children.ts';
import { combine } from './infix.ts';
import type { Piece } from './infix.ts';
import { parseNumber, unquote } from './literals.ts';
import { selectorOf, withAt, withOffset, withRange } from './selectors.ts';
import { syntaxError } from './syntax-error.ts';

const queryBytesMax = 1 << 20;

/** The checked tree of a query. Throws `ParseError`. */
export function parseQuery(query: string): Expr {
  if (query.length > queryBytesMax) throw new ParseError(query, 0, `query is longer than ${queryBytesMax} characters`);
  const tree = parser.parse(query);
  const error = syntaxError(query, tree);
  if (error !== undefined) throw error;
  try {
    const expr = new TreeReader(query).expression(tree.topNode.firstChild!);
    check(query, expr);
    return expr;
  } catch (cause) {
    // Deeper than the stack.
    if (cause instanceof RangeError) throw tooDeep(query, 0);
    throw cause;
  }
}

/** Reads the tree of the grammar, which knows nothing of ranks and types. */
export class TreeReader {
  readonly query: string;

  constructor(query: string) {
    this.query = query;
  }

  text(node: SyntaxNode): string {
    return this.query.slice(node.from, node.to);
  }

  fail(node: { readonly from: number }, message: string): never {
    throw new ParseError(this.query, node.from, message);
  }

  expression(node: SyntaxNode): Expr {
    const pieces: Piece[] = [];
    this.#flatten(node, pieces);
    return combine(pieces);
  }

  /** The quoted text of a StringLiteral. */
  stringOf(node: SyntaxNode): string {
    const quoted = this.text(node);
    return unquote(quoted) ?? this.fail(node, `error unquoting string ${JSON.stringify(quoted)}: invalid syntax`);
  }

  /** The labels in parentheses. */
  labelsOf(node: SyntaxNode): string[] {
    return childrenOf(node).map((label) => (label.name === 'QuotedLabelName' ? this.stringOf(label.firstChild!) : this.text(label)));
  }

  #flatten(node: SyntaxNode, pieces: Piece[]): void {
    const children = childrenOf(node);
    switch (node.name) {
      case 'BinaryExpr':
        this.#flatten(children[0]!, pieces);
        pieces.push(this.#operator(children.slice(1, -1)));
        this.#flatten(children.at(-1)!, pieces);
        return;
      case 'UnaryExpr':
        pieces.push({ kind: 'prefix', operator: this.text(children[0]!) as '+' | '-', start: node.from });
        this.#flatten(children[1]!, pieces);
        return;
      case 'NumberDurationLiteral':
        this.#number(node, pieces);
        return;
      case 'OffsetExpr':
      case 'StepInvariantExpr':
      case 'MatrixSelector':
      case 'SubqueryExpr':
        this.#flatten(children[0]!, pieces);
        pieces.push({ kind: 'postfix', apply: (inner) => this.#postfix(node, inner) });
        return;
      case 'AnchoredExpr':
      case 'SmoothedExpr':
        return this.fail(node, `${node.name === 'AnchoredExpr' ? 'anchored' : 'smoothed'} modifier is experimental and not enabled`);
      default:
        pieces.push({ kind: 'operand', expr: this.#operand(node) });
    }
  }

  #number(node: SyntaxNode, pieces: Piece[]): void {
    const signed = this.text(node);
    const match = /^([-+])\s*/.exec(signed);
    if (match !== null) pieces.push({ kind: 'prefix', operator: match[1] as '+' | '-', start: node.from });
    const start = node.from + (match?.[0].length ?? 0);
    const digits = this.query.slice(start, node.to);
    const value = parseNumber(digits) ?? this.fail(node, `bad number or duration syntax: ${JSON.stringify(digits)}`);
    pieces.push({ kind: 'operand', expr: { kind: 'number', value, start, end: node.to } });
  }

  #postfix(node: SyntaxNode, inner: Expr): Expr {
    if (node.name === 'OffsetExpr') return withOffset(this, node, inner);
    return node.name === 'StepInvariantExpr' ? withAt(this, node, inner) : withRange(this, node, inner);
  }

  #operator([operator, ...modifiers]: readonly SyntaxNode[]): Piece {
    const text = this.text(operator!).toLowerCase();
    let bool = false;
    let matching: Matching = { on: false, labels: [], many: undefined, include: [] };
    for (const modifier of modifiers) {
      if (modifier.name === 'BoolModifier') bool = true;
      else if (modifier.name === 'MatchingModifierClause') matching = this.#matching(modifier);
      else this.fail(modifier, 'binop fill modifiers are experimental and not enabled');
    }
    return { kind: 'infix', operator: text, bool, matching };
  }

  #matching(clause: SyntaxNode): Matching {
    const [type, labels, group, include] = childrenOf(clause);
    const many = group === undefined ? undefined : group.name === 'GroupLeft' ? 'left' : 'right';
    return { on: type!.name === 'On', labels: this.labelsOf(labels!), many, include: include === undefined ? [] : this.labelsOf(include) };
  }

  #operand(node: SyntaxNode): Expr {
    const span = { start: node.from, end: node.to };
    switch (node.name) {
      case 'ParenExpr':
        return { kind: 'paren', expr: this.expression(childrenOf(node)[0]!), ...span };
      case 'StringLiteral':
        return { kind: 'string', value: this.stringOf(node), ...span };
      case 'VectorSelector':
        return selectorOf(this, node);
      case 'FunctionCall':
        return this.#call(node);
      default:
        return this.#aggregate(node);
    }
  }

  #call(node: SyntaxNode): Expr {
    const [identifier, body] = childrenOf(node);
    const name = this.text(identifier!);
    if (experimentalFunctions.has(name)) this.fail(node, `function "${name}" is not enabled`);
    if (!signatures.has(name)) this.fail(node, `unknown function with name "${name}"`);
    return { kind: 'call', name, args: childrenOf(body!).map((arg) => this.expression(arg)), start: node.from, end: node.to };
  }

  #aggregate(node: SyntaxNode): Aggregate {
    const children = childrenOf(node);
    const operator = this.text(children[0]!).toLowerCase();
    const body = children.find(({ name }) => name === 'FunctionCallBody')!;
    const modifier = children.find(({ name }) => name === 'AggregateModifier');
    const [type, labels] = modifier === undefined ? [] : childrenOf(modifier);
    const args = childrenOf(body).map((arg) => this.expression(arg));
    if (args.length === 0) this.fail(node, 'no arguments for aggregate expression provided');
    if (operator === 'limitk' || operator === 'limit_ratio') this.fail(node, `${operator}() is experimental and not enabled`);
    const wanted = ['topk', 'bottomk', 'quantile', 'count_values'].includes(operator) ? 2 : 1;
    if (args.length !== wanted) {
      this.fail(node, `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`);
    }
    return {
      kind: 'aggregate',
      operator,
      expr: args[wanted - 1]!,
      param: wanted === 2 ? args[0] : undefined,
      without: type?.name === 'Without',
      grouping: labels === undefined ? [] : this.labelsOf(labels),
      start: node.from,
      end: node.to,
    };
  }
}
