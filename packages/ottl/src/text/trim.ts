/** Cuts what Unicode calls white space from both ends. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (start < end && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
  return (
    unit === 0x85 ||
    unit === 0xa0 ||
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000
  );
}

/** Cuts the characters of a set from both ends. */
export function trimCharacters(text: string, set: string): string {
  const cut = new Set(set);
  let start = 0;
  let end = text.length;
  while (start < end) {
    const character = String.fromCodePoint(text.codePointAt(start)!);
    if (!cut.has(character)) break;
    start += character.length;
  }
  while (start < end) {
    const isPair = end - start > 1 && text.codePointAt(end - 2)! > 0xffff;
    const character = text.slice(end - (isPair ? 2 : 1), end);
    if (!cut.has(character)) break;
    end -= character.length;
  }
  return text.slice(start, end);
}
