import { OttlError } from '../ottl-error.ts';
import { trimSpace } from '../text/trim.ts';
import { XmlReader } from './tokens.ts';
import type { XmlName, XmlToken } from './tokens.ts';

/** What a node is. An attribute becomes a node only as the result of a query. */
export type XmlNodeType = 'document' | 'declaration' | 'element' | 'text' | 'cdata' | 'comment' | 'attribute' | 'notation' | 'instruction';

/** An attribute of an element or of a declaration; the space of its name is a prefix. */
export interface XmlAttribute {
  readonly name: XmlName;
  readonly value: string;
  readonly namespace: string;
}

/** A node of a document: linked to its siblings, so that moving it does what moving does in the Collector. */
export class XmlNode {
  type: XmlNodeType;
  /** The name of an element, the text of others. */
  data: string;
  prefix = '';
  namespace = '';
  attributes: XmlAttribute[] = [];
  /** Of an instruction, behind its target. */
  instruction = '';
  parent: XmlNode | undefined;
  first: XmlNode | undefined;
  last: XmlNode | undefined;
  previous: XmlNode | undefined;
  next: XmlNode | undefined;

  constructor(type: XmlNodeType, data: string) {
    this.type = type;
    this.data = data;
  }

  /** Links a node as the last child. Where it was linked before stays as it is. */
  append(node: XmlNode): void {
    node.parent = this;
    node.next = undefined;
    node.previous = this.first === undefined ? undefined : this.last;
    if (this.first === undefined) this.first = node;
    else this.last!.next = node;
    this.last = node;
  }

  /** Unlinks it from its parent. */
  remove(): void {
    const { parent, previous, next } = this;
    if (parent === undefined) return;
    if (previous === undefined) parent.first = next;
    else previous.next = next;
    if (next === undefined) parent.last = previous;
    else next.previous = previous;
    this.parent = this.previous = this.next = undefined;
  }

  /** Removes the attribute of a name, which has no prefix. */
  removeAttribute(name: string): void {
    const index = this.attributes.findIndex((attribute) => attribute.name.space === '' && attribute.name.local === name);
    if (index !== -1) this.attributes.splice(index, 1);
  }

  /** The text in it, and in what is in it. */
  get innerText(): string {
    if (this.type === 'text' || this.type === 'cdata') return this.data;
    if (this.type === 'comment') return '';
    let text = '';
    for (let child = this.first; child !== undefined; child = child.next) text += child.innerText;
    return text;
  }

  /** The node as XML. */
  get outerXml(): string {
    return nodeXml(this, true);
  }

  /** What is in it as XML. */
  get innerXml(): string {
    return childrenXml(this, keepsSpaces(this, true));
  }
}

/** Reads a document. Its first node, the declaration, stays only when the text starts with one. Throws an `OttlError`. */
export function parseXml(text: string): XmlNode {
  const document = new XmlNode('document', '');
  try {
    new DocumentReader(document).read(text);
  } catch (error) {
    throw new OttlError(`parse xml: ${(error as Error).message}`);
  }
  if (!text.startsWith('<?xml')) document.first?.remove();
  return document;
}

class DocumentReader {
  readonly #document: XmlNode;
  #current: XmlNode;
  /** The prefix of each namespace, and the depth it was declared at. */
  readonly #prefixes = new Map([['http://www.w3.org/XML/1998/namespace', { prefix: 'xml', depth: 0 }]]);
  #depth = 0;
  #hasStarted = false;

  constructor(document: XmlNode) {
    this.#document = document;
    this.#current = document;
  }

  read(text: string): void {
    const reader = new XmlReader(text);
    for (let token = reader.next(); token !== undefined; token = reader.next()) this.#add(token);
    for (let node = this.#document.first; node !== undefined; node = node.next) if (node.type === 'element') return;
    throw new OttlError('xmlquery: invalid XML document');
  }

  #add(token: XmlToken): void {
    switch (token.kind) {
      case 'start':
        return this.#start(token);
      case 'end':
        this.#depth--;
        this.#current = this.#current.parent!;
        return;
      case 'instruction':
        this.#hasStarted = true;
        return this.#instruction(token.target, token.text);
      default: {
        const type = token.kind === 'directive' ? 'notation' : token.kind;
        // What stands before the declaration and the first element belongs to no document.
        if (this.#hasStarted) this.#current.append(new XmlNode(type, token.text));
      }
    }
  }

  #instruction(target: string, text: string): void {
    const node = new XmlNode(target === 'xml' ? 'declaration' : 'instruction', target);
    node.instruction = trimSpace(text);
    for (const pair of text.split(' ')) {
      const part = trimSpace(pair);
      const equals = part.indexOf('=');
      if (equals <= 0) continue;
      const name = part.slice(0, equals);
      if (node.attributes.some((attribute) => attribute.name.local === name)) continue;
      node.attributes.push({
        name: { space: '', local: name },
        value: part.slice(equals + 1).replace(/^["']+|["']+$/g, ''),
        namespace: '',
      });
    }
    this.#current.append(node);
  }

  #start({ name, prefix, attributes }: XmlToken & { readonly kind: 'start' }): void {
    if (!this.#hasStarted) {
      const declaration = new XmlNode('declaration', 'xml');
      declaration.attributes.push({ name: { space: '', local: 'version' }, value: '1.0', namespace: '' });
      this.#document.append(declaration);
      this.#hasStarted = true;
    }
    this.#depth++;
    for (const attribute of attributes) {
      const { space, local } = attribute.name;
      if (local === 'xmlns') {
        const known = this.#prefixes.get(attribute.value);
        if (known === undefined || known.depth >= this.#depth) this.#prefixes.set(attribute.value, { prefix: '', depth: this.#depth });
      } else if (space === 'xmlns') this.#prefixes.set(attribute.value, { prefix: local, depth: this.#depth });
    }
    if (name.space !== '' && !this.#prefixes.has(name.space)) {
      throw new OttlError(`xmlquery: invalid XML document, namespace ${name.space} is missing`);
    }
    const node = new XmlNode('element', name.local);
    node.namespace = name.space;
    const known = this.#prefixes.get(name.space)?.prefix;
    if (known === prefix) node.prefix = prefix;
    node.attributes = attributes.map((attribute) => ({
      name: { space: this.#prefixes.get(attribute.name.space)?.prefix ?? attribute.name.space, local: attribute.name.local },
      value: attribute.value,
      namespace: attribute.name.space,
    }));
    this.#current.append(node);
    this.#current = node;
  }
}

function keepsSpaces(node: XmlNode, inherited: boolean): boolean {
  const value = node.attributes.find(({ name }) => name.space === 'xml' && name.local === 'space')?.value;
  return value === 'preserve' || (value !== 'default' && inherited);
}

function childrenXml(node: XmlNode, keeps: boolean): string {
  let xml = '';
  for (let child = node.first; child !== undefined; child = child.next) xml += nodeXml(child, keeps);
  return xml;
}

function nodeXml(node: XmlNode, inherited: boolean): string {
  const keeps = keepsSpaces(node, inherited);
  switch (node.type) {
    case 'text':
      return escapeXml(keeps ? node.data : trimSpace(node.data));
    case 'cdata':
      return `<![CDATA[${node.data}]]>`;
    case 'comment':
      return `<!--${node.data}-->`;
    case 'notation':
      return `<!${node.data}>`;
    case 'instruction':
      return `<?${node.data}${node.instruction === '' ? '' : ` ${node.instruction}`}?>`;
    case 'declaration':
      return `<?${node.data}${attributesXml(node)}?>${childrenXml(node, keeps)}`;
    default: {
      const name = node.prefix === '' ? node.data : `${node.prefix}:${node.data}`;
      return `<${name}${attributesXml(node)}>${childrenXml(node, keeps)}</${name}>`;
    }
  }
}

function attributesXml({ attributes }: XmlNode): string {
  let xml = '';
  for (const { name, value } of attributes) xml += ` ${name.space === '' ? '' : `${name.space}:`}${name.local}="${escapeXml(value)}"`;
  return xml;
}

const escapes: { readonly [character: string]: string } = { '&': '&amp;', "'": '&#39;', '<': '&lt;', '>': '&gt;', '"': '&#34;' };

/** A text as XML. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[&'<>"]/g, (character) => escapes[character]!);
}
