/** A replacement as Go's `Regexp.Expand` reads it: text and references by turns, text first. */
export type Template = readonly (string | { readonly group: number | string })[];

/** Reads `$1`, `$name`, `${name}` and `$$`; a name is as long as possible. What is no reference stays as it is. */
export function parseTemplate(template: string): Template {
  const parts: (string | { group: number | string })[] = [];
  let text = '';
  for (let at = 0; at < template.length;) {
    const rest = template.slice(at);
    const match = /^\$(?:(\$)|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/.exec(rest);
    if (match === null) {
      text += template[at++];
      continue;
    }
    at += match[0].length;
    if (match[1] !== undefined) {
      text += '$';
      continue;
    }
    const name = match[2] ?? match[3]!;
    parts.push(text, { group: /^(?:0|[1-9]\d{0,8})$/.test(name) ? Number(name) : name });
    text = '';
  }
  parts.push(text);
  return parts;
}
