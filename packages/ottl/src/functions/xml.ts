import { converter, optional, string, stringLiteral } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import { escapeXml, parseXml, XmlNode } from '../xml/node.ts';
import { compileXPath } from '../xml/xpath.ts';

/** `GetXML(text, xpath)`: the elements and texts that an expression selects, and the values of attributes, one after the other. */
const getXml = converter('GetXML', { target: string, x_path: stringLiteral }, ({ target, x_path: xPath }) => {
  const query = compileXPath(xPath);
  return (context) => {
    const text = target(context);
    if (text === '') return '';
    let xml = '';
    for (const node of query(parseXml(text))) {
      if (node.type === 'element' || node.type === 'text') xml += node.outerXml;
      else if (node.type === 'attribute' || node.type === 'cdata') xml += escapeXml(node.innerText);
    }
    return xml;
  };
});

/** `InsertXML(text, xpath, xml)`: adds XML to the end of what is in each selected element. */
const insertXml = converter(
  'InsertXML',
  { target: string, x_path: stringLiteral, sub_document: string },
  ({ target, x_path: xPath, sub_document: subDocument }) => {
    const query = compileXPath(xPath);
    return (context) => {
      const text = target(context);
      const document = text === '' ? new XmlNode('element', '') : parseXml(text);
      const inserted = parseXml(subDocument(context));
      const problems: string[] = [];
      for (const node of query(document)) {
        if (node.type !== 'element' && node.type !== 'document') {
          problems.push(`InsertXML XPath selected non-element: ${JSON.stringify(node.data)}`);
          continue;
        }
        for (let child = inserted.first; child !== undefined;) {
          const { next } = child;
          node.append(child);
          child = next;
        }
      }
      if (problems.length > 0) throw new OttlError(problems.join('\n'));
      return document.innerXml;
    };
  },
);

/** `RemoveXML(text, xpath)`: without the selected elements, attributes, texts and comments. */
const removeXml = converter('RemoveXML', { target: string, x_path: stringLiteral }, ({ target, x_path: xPath }) => {
  const query = compileXPath(xPath);
  return (context) => {
    const text = target(context);
    if (text === '') return '';
    const document = parseXml(text);
    for (const node of query(document)) {
      if (node.type === 'attribute') node.parent!.removeAttribute(node.data);
      else if (node.type === 'text') node.data = '';
      else if (node.type === 'element' || node.type === 'comment' || node.type === 'cdata') node.remove();
    }
    return document.innerXml;
  };
});

/** `ConvertAttributesToElementsXML(text, xpath?)`: makes the selected attributes, default all, the last elements in their elements. */
const convertAttributes = converter(
  'ConvertAttributesToElementsXML',
  { target: string, x_path: optional(stringLiteral) },
  ({ target, x_path: xPath }) => {
    const query = compileXPath(xPath || '//@*');
    return (context) => {
      const document = parseXml(target(context));
      for (const node of query(document)) {
        if (node.type !== 'attribute') continue;
        const element = new XmlNode('element', node.data);
        element.append(new XmlNode('text', node.innerText));
        node.parent!.append(element);
        node.parent!.removeAttribute(node.data);
      }
      return document.innerXml;
    };
  },
);

/** `ConvertTextToElementsXML(text, xpath?, element_name?)`: wraps texts that stand beside elements or other texts, default in `<value>`. */
const convertText = converter(
  'ConvertTextToElementsXML',
  { target: string, x_path: optional(stringLiteral), element_name: optional(stringLiteral) },
  ({ target, x_path: xPath, element_name: elementName }) => {
    const query = compileXPath(xPath || '/');
    return (context) => {
      const document = parseXml(target(context));
      for (const node of query(document)) wrapTexts(node, elementName || 'value');
      return document.innerXml;
    };
  },
);

function wrapTexts(parent: XmlNode, elementName: string): void {
  if (parent.type !== 'element' && parent.type !== 'document') return;
  const texts: XmlNode[] = [];
  let elements = 0;
  for (let child = parent.first; child !== undefined; child = child.next) {
    if (child.type === 'text') texts.push(child);
    if (child.type !== 'element') continue;
    elements++;
    wrapTexts(child, elementName);
  }
  if (elements + texts.length <= 1) return;
  for (const text of texts) {
    const inner = new XmlNode('text', text.data);
    text.type = 'element';
    text.data = elementName;
    text.first = text.last = inner;
  }
}

/** Functions that edit XML. */
export const xmlFunctions: readonly FunctionDefinition[] = [getXml, insertXml, removeXml, convertAttributes, convertText];
