import type { XmlAttribute, XmlNode } from './node.ts';

/** What an expression of XPath yields. */
export type XPathValue = number | string | boolean | XmlNode[];

/** Where an expression is evaluated. */
export interface XPathContext {
  readonly node: XmlNode;
  readonly position: number;
  readonly size: number;
  /** The nodes of attributes, made when they are first asked for. */
  readonly attributeNodes: Map<XmlAttribute, XmlNode>;
}

/** The text that a node stands for. */
export function nodeText(node: XmlNode): string {
  switch (node.type) {
    case 'text':
    case 'comment':
      return node.data;
    case 'element':
    case 'attribute':
      return node.innerText;
    default:
      return '';
  }
}

/** Whether a value counts as true. */
export function truth(value: XPathValue): boolean {
  if (typeof value === 'number') return value !== 0;
  return Array.isArray(value) || typeof value === 'string' ? value.length > 0 : value;
}

/** A value as a number: of nodes the first; not-a-number for what is none. */
export function numberOf(value: XPathValue): number {
  if (typeof value === 'number') return value;
  const text = Array.isArray(value) ? (value[0] === undefined ? '' : nodeText(value[0])) : value;
  return typeof text === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

/** A value as text: of nodes the first. */
export function textOf(value: XPathValue): string {
  if (Array.isArray(value)) return value[0] === undefined ? '' : nodeText(value[0]);
  return String(value);
}
