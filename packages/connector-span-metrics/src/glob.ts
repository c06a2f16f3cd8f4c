import { Regex } from '@millrace/regex';

/**
 * A pattern of dotted names: `*` and `?` stand for anything but a dot, `**` for anything, `[abc]`, `[a-z]` and `[!abc]` for one character,
 * `{a,b}` for one of several patterns; a backslash takes the next character as it is. Throws an Error for what is no pattern.
 */
export function compileGlob(pattern: string): Regex {
  let source = '';
  let depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    if (character === '*') {
      const isSuper = pattern[i + 1] === '*';
      while (pattern[i + 1] === '*') i++;
      source += isSuper ? '.*' : '[^.]*';
    } else if (character === '?') source += '[^.]';
    else if (character === '{') {
      depth++;
      source += '(?:';
    } else if (character === '}') {
      if (--depth < 0) throw new Error('unexpected token: terms_close');
      source += ')';
    } else if (character === ',' && depth > 0) source += '|';
    else if (character === '[') {
      const end = pattern.indexOf(']', i + 1);
      if (end < 0) throw new Error('unexpected end of input');
      source += listOf(pattern.slice(i + 1, end));
      i = end;
    } else if (character === '\\') {
      if (++i === pattern.length) throw new Error('unexpected end of input');
      source += quoted(pattern[i]!);
    } else source += quoted(character);
  }
  if (depth > 0) throw new Error('unexpected end of input');
  return new Regex(source, { whole: true });
}

/** A class of characters. */
function listOf(content: string): string {
  const isNot = content.startsWith('!');
  const members = isNot ? content.slice(1) : content;
  if (members === '') throw new Error('unexpected token: range_close');
  const isRange = members.length === 3 && members[1] === '-';
  const written = isRange ? `${escaped(members[0]!)}-${escaped(members[2]!)}` : Array.from(members, escaped).join('');
  return `[${isNot ? '^' : ''}${written}]`;
}

function escaped(character: string): string {
  return /[\w]/.test(character) ? character : `\\x{${character.codePointAt(0)!.toString(16)}}`;
}

function quoted(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\]/, '\\$&');
}
