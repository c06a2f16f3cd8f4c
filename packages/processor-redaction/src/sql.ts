/** What tokens look like that need no look around; each is tried at one place. */
const patterns = {
  space: /[ \t\n\r]+/y,
  name: /[\p{L}_][\p{L}\p{N}_".?$#/@!]*/uy,
  literalName: /(?:true|false|null)(?=[ \t\n\r(),;.:[\]{}]|$)/iy,
  text: /'(?:[^'\\]|\\[^])*(?:'|\\?$)/y,
  quotedText: /"(?:[^"\\]|\\[^])*(?:"|\\?$)/y,
  quotedName: /"[^"]*(?:"\."[^"]*)*"/y,
  tickedName: /`[^`]*(?:`\.`[^`]*)*`/y,
  lineComment: /--[^\n]*/y,
  hashComment: /#[^\n]*/y,
  comment: /\/\*[^]*?(?:\*\/|$)/y,
  number: /[+-](?=[0-9.])(?:[0-9.]|[eE][+-]?)*|0[xX][0-9a-fA-F]*|0[0-7]+|[0-9](?:[0-9.]|[eE][+-]?)*/y,
  parameter: /\$[0-9]+/y,
  tag: /\$[^$]*\$/y,
  variable: /@@?[\p{L}\p{N}_]+/uy,
  operators: /->>?|#>>?|#-|\?[|&]|<@|@@|@[?>]|[-+/=<>!&|^%~?@:#][-+*/=<>!&|^%~?@:#]*/y,
} as const;

/** `=?` and `=@` are two tokens. */
const ofTwo = /=(?=[?@])/;

function at(pattern: RegExp, text: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0];
}

const hidden = '?';
const withoutDigits = (name: string): string => name.replace(/[0-9]+/g, hidden);

/**
 * A statement whose literals are question marks: numbers, texts (also those that do not end), booleans, NULL, numbered parameters. Digits in names
 * become one, too. Comments, spaces and everything else stay. The same as the Collector's. `system`: as in `db.system.name`.
 */
export function obfuscateSql(statement: string, system: string): string {
  const isMySql = system === 'mysql';
  let result = '';
  for (let i = 0; i < statement.length;) {
    const [length, text] = next(statement, i, isMySql);
    result += text;
    i += length;
  }
  return result.trim();
}

/** How long the token at `i` is, and what becomes of it. */
function next(text: string, i: number, isMySql: boolean): [length: number, replaced: string] {
  const char = text[i]!;
  const whole = (token: string | undefined): [number, string] => [token?.length ?? 1, token ?? char];
  const replaced = (token: string | undefined, by = hidden): [number, string] | undefined =>
    token === undefined ? undefined : [token.length, by];
  switch (char) {
    case '"': {
      if (isMySql) return replaced(at(patterns.quotedText, text, i)) ?? [text.length - i, hidden];
      return name(at(patterns.quotedName, text, i)) ?? whole(text.slice(i));
    }
    case '`':
      return isMySql ? (name(at(patterns.tickedName, text, i)) ?? whole(text.slice(i))) : whole(char);
    case "'":
      return replaced(at(patterns.text, text, i)) ?? [text.length - i, hidden];
    case '$':
      return replaced(at(patterns.parameter, text, i)) ?? dollarQuoted(text, i, isMySql);
    case '*':
      return whole(char);
    default:
  }
  const space = at(patterns.space, text, i) ?? at(patterns.lineComment, text, i) ?? at(patterns.comment, text, i);
  if (space !== undefined) return whole(space);
  if (isMySql && char === '#') return whole(at(patterns.hashComment, text, i));
  const literal = replaced(at(patterns.literalName, text, i)) ?? replaced(at(patterns.number, text, i));
  if (literal !== undefined) return literal;
  const word = at(patterns.name, text, i);
  // What is called keeps its digits.
  if (word !== undefined) return text[i + word.length] === '(' ? whole(word) : name(word)!;
  const variable = at(patterns.variable, text, i);
  if (variable !== undefined) return whole(variable);
  const operators = at(patterns.operators, text, i);
  if (operators === undefined) return whole(String.fromCodePoint(text.codePointAt(i)!));
  const split = ofTwo.exec(operators);
  return whole(split === null ? operators : operators.slice(0, split.index + 1));
}

function name(token: string | undefined): [number, string] | undefined {
  return token === undefined ? undefined : [token.length, withoutDigits(token)];
}

/** `$tag$ ... $tag$`; the body of a function is a statement itself. */
function dollarQuoted(text: string, i: number, isMySql: boolean): [number, string] {
  const tag = at(patterns.tag, text, i);
  const end = tag === undefined ? -1 : text.indexOf(tag, i + tag.length);
  if (tag === undefined || end < 0) return [text.length - i, text.slice(i)];
  const length = end + tag.length - i;
  if (tag !== '$func$') return [length, hidden];
  return [length, tag + obfuscateSql(text.slice(i + tag.length, end), isMySql ? 'mysql' : '') + tag];
}
