/** A literal, a quoted identifier, a keyword in lower case, `word`, `other`, or the character of an operator. */
type Kind = string;

const keywords: ReadonlySet<string> = new Set(['as', 'delete', 'savepoint', 'select', 'update']);
const literals: ReadonlySet<string> = new Set(['null', 'true', 'false']);

/** One alternative for each kind of token, in the order in which they are tried. */
const token = new RegExp(
  [
    String.raw`(?<space>\s+)`,
    String.raw`(?<comment>(?:--|\/\/|#)[^\n]*|\/\*[^]*?\*\/)`,
    String.raw`(?<word>[\p{L}_@][\p{L}\p{Nd}_@#.*$]*)`,
    String.raw`(?<literal>0[xX][0-9a-fA-F]*|-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d*)?|'(?:[^'\\]|''|\\[^])*'|\$(?:\d+|\?)|\$(?<tag>[^$]*)\$[^]*?\$\k<tag>\$|%\([^)]*\)\p{L}|%\p{L}|\{[^}]*\})`,
    String.raw`"(?<quoted>(?:[^"\\]|""|\\[^])*)"`,
    '`(?<ticked>(?:[^`\\\\]|``|\\\\[^])*)`',
    String.raw`(?<bound>:[\p{L}_@#\p{Nd}][\p{L}_@#\p{Nd}.]*)`,
    String.raw`(?<operator>::|<=>|<=|<>|>=|!=|!~\*?|~\*|[-:?=,;()+*&|^\[\].\/<>!~%])`,
  ].join('|'),
  'uy',
);

/**
 * Replaces the literals of an SQL statement by `?`, lists of them by one, and drops comments and aliases: what the Datadog Agent makes of it by
 * default. `undefined` when it is no SQL that can be read to its end, such as one with an open quote.
 */
export function obfuscateSql(statement: string): string | undefined {
  let result = '';
  let last: Kind = '';
  const groups = new Groups();
  token.lastIndex = 0;
  while (token.lastIndex < statement.length) {
    const match = token.exec(statement);
    if (match === null) return undefined;
    const scanned = tokenOf(match);
    if (scanned === undefined) continue;
    let [kind, text] = replaced(...scanned, last);
    [kind, text] = groups.next(kind, text, last);
    if (text !== undefined) {
      const isTight = kind === ',' || (kind === '=' && last === ':');
      result += result === '' || isTight ? text : ` ${text}`;
    }
    last = kind;
  }
  return result === '' ? undefined : result;
}

function tokenOf({ 0: all, groups }: RegExpExecArray): [Kind, string] | undefined {
  const { space, comment, word, literal, quoted, ticked, bound, operator } = groups!;
  if (space !== undefined) return undefined;
  if (comment !== undefined) return ['comment', all];
  if (literal !== undefined) return ['literal', all];
  if (quoted !== undefined) return ['quoted', quoted.trim() === '' ? '""' : quoted];
  if (ticked !== undefined) return ['word', ticked.trim() === '' ? '``' : ticked];
  if (bound !== undefined) return ['other', all];
  if (operator !== undefined) return [operator, all];
  const lower = word!.toLowerCase();
  return [literals.has(lower) ? 'literal' : keywords.has(lower) ? lower : 'word', all];
}

/** What becomes of a token by itself; without a text it is dropped. */
function replaced(kind: Kind, text: string, last: Kind): [Kind, string | undefined] {
  if (last === 'alias[') return [kind === ']' ? 'filtered' : 'alias[', undefined];
  if (last === 'as') return [kind === '[' ? 'alias[' : 'filtered', undefined];
  if (kind === 'comment') return ['filtered', undefined];
  if (kind === ';') return ['groupable', undefined];
  if (kind === 'as') return ['as', undefined];
  if (kind === 'literal' || kind === '?' || last === 'savepoint' || (kind === 'quoted' && last === '=')) return ['groupable', '?'];
  return [kind, text];
}

/** Folds `?, ?, ?` into `?` and `(?), (?)` into `(?)`. */
class Groups {
  #values = 0;
  #lists = 0;

  next(kind: Kind, text: string | undefined, last: Kind): [Kind, string | undefined] {
    const isGroupable = kind === 'groupable' || kind === 'groupable(';
    if ((last === '(' && isGroupable) || (kind === '(' && this.#lists > 0)) this.#lists++;
    const opensQuery = kind === 'select' || kind === 'delete' || kind === 'update' || kind === 'word';
    const dropped: [Kind, undefined] = [kind === '(' ? 'groupable(' : 'groupable', undefined];
    if (this.#lists > 0 && last === 'groupable(' && opensQuery) {
      this.#reset();
      return [kind, `( ${text}`];
    }
    if (isGroupable) return ++this.#values > 1 ? dropped : [kind, text];
    if ((this.#values > 0 && kind === ',') || this.#lists > 1) return dropped;
    if (kind !== ',' && kind !== '(' && kind !== ')') this.#reset();
    return [kind, text];
  }

  #reset(): void {
    this.#values = 0;
    this.#lists = 0;
  }
}
