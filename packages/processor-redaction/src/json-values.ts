/** A JSON text with all values as `"?"`, without spaces; a text that is no JSON stays as it is. */
export function obfuscateJson(text: string): string {
  if (!isJson(text)) return text;
  // Names, brackets and the signs between them stay; every other string, number and word is a value.
  return text.replace(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[-+.\w]+|\s+/g, (token, name: string | undefined) =>
    name === undefined ? (/^\s/.test(token) ? '' : '"?"') : `${name}:`,
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
