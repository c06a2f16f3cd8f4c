import type { Detected, Detector } from '../detector.ts';
import { nothing } from '../detector.ts';

/** key=value up to a comma or the end; blanks around both are left out. As the Collector has it. */
const pair = /[\t\n\f\r ]*(\p{ASCII}{1,256}?)[\t\n\f\r ]*=[\t\n\f\r ]*(\p{ASCII}{0,256}?)[\t\n\f\r ]*(?:,|$)/gu;

/** Undoes percent encoding, and `+` for a blank. */
function unescaped(text: string, whole: string): string {
  const wrong = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(text)?.[0];
  if (wrong !== undefined) {
    throw new Error(`invalid resource format in attribute: ${JSON.stringify(whole)}, err: invalid URL escape ${JSON.stringify(wrong)}`);
  }
  const bytes = text.replaceAll('+', ' ').replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The attributes in a list `key1=value1,key2=value2`. Throws on text that is no such list. */
export function parseAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  let end = 0;
  for (const match of text.matchAll(pair)) {
    if (match.index !== end) break;
    attributes[match[1]!] = unescaped(match[2]!, match[0]);
    end = match.index + match[0].length;
  }
  if (end === 0) throw new Error(`invalid resource format: ${JSON.stringify(text)}`);
  if (end !== text.length) throw new Error(`invalid resource format, invalid text: ${JSON.stringify(text.slice(end))}`);
  return attributes;
}

/** `env`: the attributes in `OTEL_RESOURCE_ATTRIBUTES`, or in the older `OTEL_RESOURCE`. */
export const env: Detector = {
  detect(_config, { env: variables }): Detected {
    const text = (variables['OTEL_RESOURCE_ATTRIBUTES'] ?? '').trim() || (variables['OTEL_RESOURCE'] ?? '').trim();
    return text === '' ? nothing : { attributes: parseAttributes(text), schemaUrl: '' };
  },
};
