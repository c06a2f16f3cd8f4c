import { valueText } from '@millrace/trace-format';
import type { Plain } from '@millrace/wire';

/** The attribute names in the value of a hint: a text with commas, or a list. */
export function hintedNames(hint: Plain): readonly string[] {
  if (Array.isArray(hint)) return (hint as readonly Plain[]).map((name) => valueText(name).trim());
  if (hint === undefined) return [];
  return valueText(hint)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The value of the attribute with this name, or of the one inside of maps whose names it joins with dots. */
export function attributeValue(attributes: { readonly [key: string]: Plain }, name: string): Plain {
  if (Object.hasOwn(attributes, name)) return attributes[name];
  const dot = name.indexOf('.');
  if (dot < 0) return undefined;
  const outer = name.slice(0, dot);
  const map = Object.hasOwn(attributes, outer) ? attributes[outer] : undefined;
  if (typeof map !== 'object' || map instanceof Uint8Array || Array.isArray(map)) return undefined;
  return attributeValue(map as { readonly [key: string]: Plain }, name.slice(dot + 1));
}
