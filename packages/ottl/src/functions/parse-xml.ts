import { converter, string } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import { trimSpace } from '../text/trim.ts';
import type { Value, ValueMap } from '../value.ts';
import { parseXml } from '../xml/node.ts';
import type { XmlNode } from '../xml/node.ts';
import { XmlReader } from '../xml/tokens.ts';
import type { XmlToken } from '../xml/tokens.ts';

/** `ParseXML(text)`: the element as a map of its `tag`, `attributes`, `content` and `children`. */
const parseXmlFunction = converter('ParseXML', { target: string }, ({ target }) => (context) => {
  const reader = new XmlReader(target(context));
  let element: ValueMap;
  try {
    element = readElement(reader);
  } catch (error) {
    throw new OttlError(`unmarshal xml: ${(error as Error).message}`);
  }
  if (!reader.isAtEnd) throw new OttlError('trailing bytes after parsing xml');
  return element;
});

/** The first element with all that is in it. */
function readElement(reader: XmlReader): ValueMap {
  const open: ElementInProgress[] = [];
  for (;;) {
    const token = reader.next();
    if (token === undefined) throw new OttlError('EOF');
    const current = open.at(-1);
    if (token.kind === 'start') open.push(new ElementInProgress(token));
    else if ((token.kind === 'text' || token.kind === 'cdata') && current !== undefined) current.text += trimSpace(token.text);
    else if (token.kind === 'end') {
      const map = open.pop()!.map();
      const parent = open.at(-1);
      if (parent === undefined) return map;
      parent.children.push(map);
    }
  }
}

class ElementInProgress {
  readonly #start: XmlToken & { readonly kind: 'start' };
  readonly children: Value[] = [];
  text = '';

  constructor(start: XmlToken & { readonly kind: 'start' }) {
    this.#start = start;
  }

  map(): ValueMap {
    const { name, attributes } = this.#start;
    const map = new Map<string, Value>([['tag', name.local]]);
    if (this.text !== '') map.set('content', this.text);
    if (attributes.length > 0) map.set('attributes', new Map(attributes.map((attribute) => [attribute.name.local, attribute.value])));
    if (this.children.length > 0) map.set('children', this.children);
    return map;
  }
}

/** `ParseSimplifiedXML(text)`: the elements as a map of their names, of several with one name a list; attributes and texts beside elements are left out. */
const parseSimplifiedXml = converter(
  'ParseSimplifiedXML',
  { target: string },
  ({ target }) =>
    (context) =>
      simplified(parseXml(target(context))),
);

function simplified(parent: XmlNode): ValueMap {
  const counts = new Map<string, number>();
  for (const { data } of elementsOf(parent)) counts.set(data, (counts.get(data) ?? 0) + 1);
  const map = new Map<string, Value>();
  for (const element of elementsOf(parent)) {
    if (element.first === undefined) continue;
    const isRepeated = counts.get(element.data)! > 1;
    if (isRepeated && !map.has(element.data)) map.set(element.data, []);
    const text = leafText(element);
    const value = text === '' ? simplified(element) : text;
    if (typeof value !== 'string' && value.size === 0) continue;
    if (isRepeated) (map.get(element.data) as Value[]).push(value);
    else map.set(element.data, value);
  }
  return map;
}

function* elementsOf(parent: XmlNode): Generator<XmlNode> {
  for (let child = parent.first; child !== undefined; child = child.next) if (child.type === 'element') yield child;
}

/** The first text in an element without elements. */
function leafText(element: XmlNode): string {
  if (!elementsOf(element).next().done) return '';
  for (let child = element.first; child !== undefined; child = child.next)
    if (child.type === 'text' || child.type === 'cdata') return child.data;
  return '';
}

/** Functions that make maps of XML. */
export const parseXmlFunctions: readonly FunctionDefinition[] = [parseXmlFunction, parseSimplifiedXml];
