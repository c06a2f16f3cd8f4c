import { OttlError } from '../ottl-error.ts';
import { trimSpace } from '../text/trim.ts';
import { XmlNode } from './node.ts';
import type { XmlAttribute } from './node.ts';
import { argumentProblem, callFunction } from './xpath-functions.ts';
import { parseXPath } from './xpath-parser.ts';
import type { NodeTest, XPath } from './xpath-parser.ts';
import { nodeText, numberOf, truth } from './xpath-value.ts';
import type { XPathContext, XPathValue } from './xpath-value.ts';

/** The nodes of a document that an expression selects, in the order of its axes. */
export type XPathQuery = (document: XmlNode) => readonly XmlNode[];

/** Compiles an XPath 1.0 expression, with some functions of 2.0. Throws an Error that says what is wrong. */
export function compileXPath(expression: string): XPathQuery {
  try {
    const parsed = parseXPath(expression);
    check(parsed);
    return (document) => {
      const result = evaluate(parsed, { node: document, position: 1, size: 1, attributeNodes: new Map() });
      return Array.isArray(result) ? result : [];
    };
  } catch (error) {
    throw new Error(`invalid xpath: ${(error as Error).message}`, { cause: error });
  }
}

function check(expression: XPath): void {
  switch (expression.kind) {
    case 'call': {
      const problem = argumentProblem(expression.name, expression.arguments.length);
      if (problem !== undefined) throw new Error(problem);
      for (const argument of expression.arguments) check(argument);
      break;
    }
    case 'operator':
      check(expression.left);
      check(expression.right);
      break;
    case 'step':
    case 'filter':
      check(expression.input);
      for (const predicate of expression.predicates) check(predicate);
      break;
    default:
  }
}

function evaluate(expression: XPath, context: XPathContext): XPathValue {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return expression.value;
    case 'context':
      return [context.node];
    case 'root': {
      let node = context.node;
      while (node.parent !== undefined) node = node.parent;
      return [node];
    }
    case 'step': {
      const selected = new Set<XmlNode>();
      for (const node of nodesOf(evaluate(expression.input, context))) {
        const found = [...axisNodes(expression.axis, node, context)].filter((each) => passes(each, expression.test, expression.axis));
        for (const each of filtered(found, expression.predicates, context)) selected.add(each);
      }
      return [...selected];
    }
    case 'filter': {
      const input = evaluate(expression.input, context);
      return expression.predicates.length === 0 ? input : filtered(nodesOf(input), expression.predicates, context);
    }
    case 'call':
      return callFunction(
        expression.name,
        expression.arguments.map((argument) => evaluate(argument, context)),
        context,
      );
    default:
      return operate(expression, context);
  }
}

function nodesOf(value: XPathValue): XmlNode[] {
  if (!Array.isArray(value)) throw new OttlError('expression must evaluate to a node-set');
  return value;
}

function filtered(nodes: readonly XmlNode[], predicates: readonly XPath[], context: XPathContext): XmlNode[] {
  let left = [...nodes];
  for (const predicate of predicates) {
    const size = left.length;
    left = left.filter((node, i) => {
      const value = evaluate(predicate, { ...context, node, position: i + 1, size });
      return typeof value === 'number' ? Math.trunc(value) === i + 1 : truth(value);
    });
  }
  return left;
}

/** Whitespace between elements is passed over, but for the first child. */
function isPassedOver(node: XmlNode): boolean {
  return node.type === 'text' && trimSpace(node.data) === '';
}

function* children(node: XmlNode): Generator<XmlNode> {
  if (node.type === 'attribute') return;
  for (let child = node.first; child !== undefined; child = child.next) if (child === node.first || !isPassedOver(child)) yield child;
}

function* descendants(node: XmlNode): Generator<XmlNode> {
  for (const child of children(node)) {
    yield child;
    yield* descendants(child);
  }
}

function* siblings(node: XmlNode, direction: 'next' | 'previous'): Generator<XmlNode> {
  if (node.type === 'attribute') return;
  for (let other = node[direction]; other !== undefined; other = other[direction]) if (!isPassedOver(other)) yield other;
}

function* ancestors(node: XmlNode): Generator<XmlNode> {
  for (let above = node.parent; above !== undefined; above = above.parent) yield above;
}

function* outside(node: XmlNode, direction: 'next' | 'previous'): Generator<XmlNode> {
  for (const each of [node, ...ancestors(node)]) {
    for (const sibling of siblings(each, direction)) {
      yield sibling;
      yield* descendants(sibling);
    }
  }
}

function* attributes(node: XmlNode, nodes: Map<XmlAttribute, XmlNode>): Generator<XmlNode> {
  for (const attribute of node.type === 'element' ? node.attributes : []) {
    let found = nodes.get(attribute);
    if (found === undefined) {
      found = new XmlNode('attribute', attribute.name.local);
      found.prefix = attribute.name.space;
      found.namespace = attribute.namespace;
      found.append(new XmlNode('text', attribute.value));
      found.parent = node;
      nodes.set(attribute, found);
    }
    yield found;
  }
}

function* axisNodes(axis: string, node: XmlNode, { attributeNodes }: XPathContext): Generator<XmlNode> {
  if (axis === 'self' || axis.endsWith('-or-self')) yield node;
  switch (axis) {
    case 'child':
      yield* children(node);
      break;
    case 'descendant':
    case 'descendant-or-self':
      yield* descendants(node);
      break;
    case 'parent':
      if (node.parent !== undefined) yield node.parent;
      break;
    case 'ancestor':
    case 'ancestor-or-self':
      yield* ancestors(node);
      break;
    case 'attribute':
      yield* attributes(node, attributeNodes);
      break;
    case 'following-sibling':
      yield* siblings(node, 'next');
      break;
    case 'preceding-sibling':
      yield* siblings(node, 'previous');
      break;
    case 'following':
      yield* outside(node, 'next');
      break;
    case 'preceding':
      yield* outside(node, 'previous');
      break;
    default:
  }
}

function passes(node: XmlNode, test: NodeTest, axis: string): boolean {
  switch (test.type) {
    case 'node':
      return true;
    case 'comment':
      return node.type === 'comment';
    case 'text':
      return node.type === 'text' || node.type === 'cdata' || node.type === 'notation';
    default: {
      const isPrincipal = axis === 'attribute' ? node.type === 'attribute' : node.type === 'element' || node.type === 'instruction';
      return isPrincipal && (test.name === undefined || (test.name.local === node.data && test.name.prefix === node.prefix));
    }
  }
}

function operate(expression: XPath & { readonly kind: 'operator' }, context: XPathContext): XPathValue {
  const { operator } = expression;
  const left = evaluate(expression.left, context);
  if (operator === 'or') return truth(left) || truth(evaluate(expression.right, context));
  if (operator === 'and') return truth(left) && truth(evaluate(expression.right, context));
  const right = evaluate(expression.right, context);
  switch (operator) {
    case '|':
      return [...new Set([...nodesOf(left), ...nodesOf(right)])];
    case '+':
      return numberOf(left) + numberOf(right);
    case '-':
      return numberOf(left) - numberOf(right);
    case '*':
      return numberOf(left) * numberOf(right);
    case 'div':
      return numberOf(left) / numberOf(right);
    case 'mod':
      return Math.trunc(numberOf(left)) % Math.trunc(numberOf(right));
    default:
      return compare(operator, left, right);
  }
}

/** Nodes are compared by whether any of them holds; texts by their order; numbers where one side is one. */
function compare(operator: string, left: XPathValue, right: XPathValue): boolean {
  if (typeof left === 'boolean' || typeof right === 'boolean') return holds(operator, Number(truth(left)), Number(truth(right)));
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.some((a) => right.some((b) => holds(operator, nodeText(a), nodeText(b))));
  }
  if (Array.isArray(left)) {
    if (typeof right === 'number') return left.some((node) => holds(operator, numberOf([node]), right));
    // A text on the right of nodes comes first, as in the Collector.
    return left.some((node) => holds(operator, right as string, nodeText(node)));
  }
  if (Array.isArray(right)) {
    if (typeof left === 'number') return right.some((node) => holds(operator, left, numberOf([node])));
    return right.some((node) => holds(operator, left as string, nodeText(node)));
  }
  return typeof left === 'string' && typeof right === 'string'
    ? holds(operator, left, right)
    : holds(operator, numberOf(left), numberOf(right));
}

function holds<T extends number | string>(operator: string, a: T, b: T): boolean {
  switch (operator) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}
