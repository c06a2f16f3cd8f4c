import { Regex } from '@millrace/regex';
import { OttlError } from '../ottl-error.ts';
import { trimSpace } from '../text/trim.ts';
import type { XmlNode } from './node.ts';
import { nodeText, numberOf, textOf, truth } from './xpath-value.ts';
import type { XPathContext, XPathValue } from './xpath-value.ts';

interface XPathFunction {
  /** How many arguments it takes. */
  readonly min: number;
  readonly max: number;
  call(values: readonly XPathValue[], context: XPathContext): XPathValue;
}

function define(min: number, max: number, call: XPathFunction['call']): XPathFunction {
  return { min, max, call };
}

/** Of the node given, or of the context's. */
function ofNode(of: (node: XmlNode) => string): XPathFunction {
  return define(0, 1, ([nodes], { node }) => {
    const first = Array.isArray(nodes) ? nodes[0] : node;
    return first === undefined ? '' : of(first);
  });
}

const functions: { readonly [name: string]: XPathFunction } = {
  true: define(0, 0, () => true),
  false: define(0, 0, () => false),
  not: define(1, 1, ([value]) => !truth(value!)),
  boolean: define(0, 1, ([value], { node }) => truth(value ?? [node])),
  number: define(0, 1, ([value], { node }) => numberOf(value ?? [node])),
  string: define(0, 1, ([value], { node }) => textOf(value ?? [node])),
  position: define(0, 0, (_values, { position }) => position),
  last: define(0, 0, (_values, { size }) => size),
  count: define(1, 1, ([nodes]) => (Array.isArray(nodes) ? nodes.length : 0)),
  sum: define(1, 1, ([value]) => {
    if (!Array.isArray(value)) return numberOf(value!);
    return value.map((node) => numberOf([node])).reduce((sum, number) => (Number.isNaN(number) ? sum : sum + number), 0);
  }),
  ceiling: define(1, 1, ([value]) => Math.ceil(numberOf(value!))),
  floor: define(1, 1, ([value]) => Math.floor(numberOf(value!))),
  round: define(1, 1, ([value]) => Math.round(numberOf(value!))),
  concat: define(2, Infinity, (values) => values.map(textOf).join('')),
  contains: define(2, 2, ([text, part]) => textOf(text!).includes(textOf(part!))),
  'starts-with': define(2, 2, ([text, part]) => textOf(text!).startsWith(textOf(part!))),
  'ends-with': define(2, 2, ([text, part]) => textOf(text!).endsWith(textOf(part!))),
  'lower-case': define(1, 1, ([text]) => textOf(text!).toLowerCase()),
  matches: define(2, 2, ([text, pattern]) => regex('matches', textOf(pattern!)).test(textOf(text!))),
  replace: define(3, 3, ([text, pattern, replacement]) =>
    regex('replace', textOf(pattern!)).replaceAll(textOf(text!), textOf(replacement!)),
  ),
  'normalize-space': define(0, 1, ([text], { node }) => trimSpace(textOf(text ?? [node])).replaceAll(/\p{White_Space}+/gu, ' ')),
  'string-length': define(1, 1, ([text]) => Buffer.byteLength(textOf(text!))),
  'string-join': define(2, 2, ([nodes, separator]) =>
    Array.isArray(nodes) ? nodes.map(nodeText).join(textOf(separator!)) : textOf(nodes!),
  ),
  substring: define(2, 3, ([text, start, length]) =>
    substring(textOf(text!), numberOf(start!), length === undefined ? Infinity : numberOf(length)),
  ),
  'substring-before': define(2, 2, ([text, part]) => {
    const index = textOf(part!) === '' ? -1 : textOf(text!).indexOf(textOf(part!));
    return index === -1 ? '' : textOf(text!).slice(0, index);
  }),
  'substring-after': define(2, 2, ([text, part]) => {
    const index = textOf(part!) === '' ? -1 : textOf(text!).indexOf(textOf(part!));
    return index === -1 ? '' : textOf(text!).slice(index + textOf(part!).length);
  }),
  translate: define(3, 3, ([text, from, to]) => {
    const targets = Array.from(textOf(to!));
    const sources = Array.from(textOf(from!));
    const map = new Map(sources.map((character, i) => [character, targets[i] ?? ''] as const).toReversed());
    return Array.from(textOf(text!), (character) => map.get(character) ?? character).join('');
  }),
  name: ofNode(({ prefix, data }) => (prefix === '' ? data : `${prefix}:${data}`)),
  'local-name': ofNode(({ data }) => data),
  'namespace-uri': ofNode(({ namespace }) => namespace),
  reverse: define(1, 1, ([nodes]) => (Array.isArray(nodes) ? nodes.toReversed() : nodes!)),
};

/** What is wrong with a call of so many arguments; undefined when nothing is. */
export function argumentProblem(name: string, count: number): string | undefined {
  if (!Object.hasOwn(functions, name)) return `not yet support this function ${name}()`;
  const { min, max } = functions[name]!;
  if (count < min) return `xpath: ${name} function must have at least ${min} parameter(s)`;
  return count > max ? `xpath: ${name} function must have at most ${max} parameter(s)` : undefined;
}

/** Calls a function whose call was checked. */
export function callFunction(name: string, values: readonly XPathValue[], context: XPathContext): XPathValue {
  return functions[name]!.call(values, context);
}

function regex(name: string, pattern: string): Regex {
  try {
    return new Regex(pattern);
  } catch (error) {
    throw new OttlError(`${name}() function second argument is not a valid regexp pattern, err: ${(error as Error).message}`);
  }
}

/** From a place, counted from 1, so many characters. */
function substring(text: string, start: number, length: number): string {
  const from = Math.round(start);
  const end = from + Math.round(length);
  return Number.isNaN(end) ? '' : text.slice(Math.max(0, from - 1), Math.max(0, end - 1));
}
