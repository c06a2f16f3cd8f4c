import { Regex } from '@millrace/regex';

/** Characters that mean something in an expression. */
const special = /[\\^$.|?*+()[\]{}-]/g;

/**
 * Compiles a wildcard pattern: `*` and `**` any text, `?` one character, `[abc]`, `[!abc]`, `[a-z]` one of a set, `{a,b*}` one of several, `\` the
 * next character itself. It matches the whole text. Throws an Error when the pattern has no meaning.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const regex = new Regex(new GlobReader(pattern).expression(), { whole: true });
  return (text) => regex.test(text);
}

class GlobReader {
  readonly #characters: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#characters = Array.from(pattern);
  }

  expression(): string {
    let expression = '';
    while (this.#at < this.#characters.length) expression += this.#next();
    // An open brace is closed at the end of the pattern.
    return expression + ')'.repeat(this.#depth);
  }

  #next(): string {
    const character = this.#characters[this.#at++]!;
    switch (character) {
      case '*':
        while (this.#characters[this.#at] === '*') this.#at++;
        return '.*';
      case '?':
        return '.';
      case '[':
        return this.#set();
      case '{':
        this.#depth++;
        return '(?:';
      case '}':
        if (this.#depth === 0) return '\\}';
        this.#depth--;
        return ')';
      case ',':
        return this.#depth === 0 ? ',' : '|';
      case '\\':
        return escaped(this.#characters[this.#at++] ?? '');
      default:
        return escaped(character);
    }
  }

  #set(): string {
    const take = (): string => {
      const character = this.#characters[this.#at++];
      if (character === undefined) throw new Error('unexpected end of input');
      return character;
    };
    const not = this.#characters[this.#at] === '!' ? '^' : '';
    if (not !== '') this.#at++;
    if (this.#characters[this.#at + 1] === '-') {
      const low = take();
      take();
      const high = take();
      if (take() !== ']') throw new Error('expected close range character');
      if (high < low) throw new Error(`hi character '${high}' should be greater than lo '${low}'`);
      return `[${not}${escaped(low)}-${escaped(high)}]`;
    }
    let members = '';
    for (let character = take(); character !== ']'; character = take()) members += escaped(character === '\\' ? take() : character);
    if (members === '') throw new Error('could not parse range');
    return `[${not}${members}]`;
  }
}

function escaped(character: string): string {
  return character.replaceAll(special, String.raw`\$&`);
}
