import type { SyntaxNode } from '@lezer/common';
import type { LabelMatcher } from '@millrace/api';
import type { AtModifier, Expr, Subquery, VectorSelector } from '../ast.ts';
import { childrenOf } from './children.ts';
import { parseDurationMs, parseNumber } from './literals.ts';
import type { TreeReader } from './parse.ts';

const misplaced = 'modifier must be preceded by an instant vector selector or range vector selector or a subquery';

/** The selector of a VectorSelector node. */
export function selectorOf(reader: TreeReader, node: SyntaxNode): VectorSelector {
  const children = childrenOf(node);
  const identifier = children.find(({ name }) => name === 'Identifier');
  const braces = children.find(({ name }) => name === 'LabelMatchers');
  const name = identifier === undefined ? undefined : reader.text(identifier);
  const matchers: LabelMatcher[] = braces === undefined ? [] : childrenOf(braces).map((matcher) => matcherOf(reader, matcher));
  const twice = name === undefined ? undefined : matchers.find((matcher) => matcher.name === '__name__');
  if (twice !== undefined) reader.fail(node, `metric name must not be set twice: "${name}" or "${twice.value}"`);
  if (name !== undefined) matchers.push({ name: '__name__', operator: '=', value: name });
  return { kind: 'selector', name, matchers, offsetMs: 0, at: undefined, start: node.from, end: node.to };
}

function matcherOf(reader: TreeReader, node: SyntaxNode): LabelMatcher {
  if (node.name === 'QuotedLabelName') return { name: '__name__', operator: '=', value: reader.stringOf(node.firstChild!) };
  const [label, operator, value] = childrenOf(node);
  return {
    name: label!.name === 'QuotedLabelName' ? reader.stringOf(label!.firstChild!) : reader.text(label!),
    operator: reader.text(operator!) as LabelMatcher['operator'],
    value: reader.stringOf(value!),
  };
}

/** `inner offset 5m`. */
export function withOffset(reader: TreeReader, node: SyntaxNode, inner: Expr): Expr {
  const offsetMs = durationOf(reader, childrenOf(node)[2]!);
  const set = <E extends { readonly offsetMs: number }>(expr: E): E => {
    if (expr.offsetMs !== 0) reader.fail({ from: inner.start }, 'offset may not be set multiple times');
    return { ...expr, offsetMs, end: node.to };
  };
  if (inner.kind === 'selector' || inner.kind === 'subquery') return set<VectorSelector | Subquery>(inner);
  if (inner.kind === 'matrix') return { ...inner, selector: set(inner.selector), end: node.to };
  return reader.fail({ from: inner.start }, `offset ${misplaced}`);
}

/** `inner @ 12`. */
export function withAt(reader: TreeReader, node: SyntaxNode, inner: Expr): Expr {
  const at = atOf(reader, childrenOf(node)[2]!, inner);
  const set = <E extends { readonly at: AtModifier | undefined }>(expr: E): E => {
    if (expr.at !== undefined) reader.fail({ from: inner.start }, '@ <timestamp> may not be set multiple times');
    return { ...expr, at, end: node.to };
  };
  if (inner.kind === 'selector' || inner.kind === 'subquery') return set<VectorSelector | Subquery>(inner);
  if (inner.kind === 'matrix') return { ...inner, selector: set(inner.selector), end: node.to };
  return reader.fail({ from: inner.start }, `@ ${misplaced}`);
}

function atOf(reader: TreeReader, node: SyntaxNode, inner: Expr): AtModifier {
  if (node.name === 'AtModifierPreprocessors') return reader.text(node).toLowerCase().startsWith('start') ? 'start' : 'end';
  const text = reader.text(node).replaceAll(/\s/g, '');
  const sign = text.startsWith('-') ? -1 : 1;
  const seconds = sign * (parseNumber(text.replace(/^[-+]/, '')) ?? Number.NaN);
  if (!Number.isFinite(seconds) || Math.abs(seconds) >= 2 ** 63) {
    reader.fail({ from: inner.start }, `timestamp out of bounds for @ modifier: ${String(seconds).replace('Infinity', 'Inf')}`);
  }
  return Math.round(seconds * 1000);
}

/** `inner[5m]` and `inner[5m:1m]`. */
export function withRange(reader: TreeReader, node: SyntaxNode, inner: Expr): Expr {
  const [, range, step] = childrenOf(node);
  const rangeMs = positive(reader, range!);
  const span = { start: inner.start, end: node.to };
  if (node.name === 'SubqueryExpr') {
    const stepMs = step === undefined ? 0 : positive(reader, step);
    return { kind: 'subquery', expr: inner, rangeMs, stepMs, offsetMs: 0, at: undefined, ...span };
  }
  if (inner.kind !== 'selector') return reader.fail({ from: inner.end }, 'ranges only allowed for vector selectors');
  if (inner.offsetMs !== 0) reader.fail({ from: inner.end }, 'no offset modifiers allowed before range');
  if (inner.at !== undefined) reader.fail({ from: inner.end }, 'no @ modifiers allowed before range');
  return { kind: 'matrix', selector: inner, rangeMs, ...span };
}

function positive(reader: TreeReader, node: SyntaxNode): number {
  const ms = durationOf(reader, node);
  if (ms <= 0) reader.fail(node, 'duration must be greater than 0');
  return ms;
}

function durationOf(reader: TreeReader, node: SyntaxNode): number {
  const children = childrenOf(node);
  if (children[0]?.name === 'UnaryOp') {
    const ms = durationOf(reader, children[1]!);
    return reader.text(children[0]) === '-' ? -ms : ms;
  }
  if (node.firstChild?.name !== 'NumberDurationLiteralInDurationContext')
    reader.fail(node, 'experimental duration expression is not enabled');
  const text = reader.text(node);
  const number = parseNumber(text);
  const ms = parseDurationMs(text) ?? (number === undefined ? Number.NaN : Math.round(number * 1000));
  if (!(Math.abs(ms) < 2 ** 53)) reader.fail(node, 'duration out of range');
  return ms;
}
