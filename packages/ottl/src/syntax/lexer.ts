import { SyntaxProblem, placeOf } from './syntax-error.ts';

/** Kinds of tokens. `upper` and `lower` are words in one case, `mixed` the others: the parts of a path, enums and functions differ by it. */
export type TokenKind = 'bytes' | 'float' | 'int' | 'string' | 'upper' | 'lower' | 'mixed' | 'keyword' | 'comparison' | 'sign' | 'end';

/** One token. */
export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the source. */
  readonly text: string;
  readonly offset: number;
}

const keywords = new Set(['nil', 'not', 'or', 'and', 'true', 'false']);
/** In the order in which they are tried. */
const pattern =
  /\s+|(?<bytes>0x[a-fA-F0-9]+)|(?<float>(?:\d+\.\d*|\d*\.\d+)(?:[eE][-+]?\d+)?)|(?<int>\d+)|(?<string>"(?:\\[^]|[^\\"])*")|(?<comparison>==|!=|>=|<=|>|<)|(?<sign>=>|[-+*/=(){}:,.[\]])|(?<word>[A-Za-z][A-Za-z0-9_]*|_)/y;

/** The tokens of a text, the last one of kind `end`. Throws a `SyntaxProblem` where none begins. */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  for (let offset = 0; offset < source.length; offset = pattern.lastIndex) {
    pattern.lastIndex = offset;
    const groups = pattern.exec(source)?.groups;
    if (groups === undefined)
      throw new SyntaxProblem(`invalid input text ${JSON.stringify(source.slice(offset, offset + 16))}`, placeOf(source, offset));
    const text = source.slice(offset, pattern.lastIndex);
    const kind = kindOf(groups, text);
    if (kind !== undefined) tokens.push({ kind, text, offset });
  }
  tokens.push({ kind: 'end', text: '<EOF>', offset: source.length });
  return tokens;
}

function kindOf(groups: Record<string, string | undefined>, text: string): TokenKind | undefined {
  if (groups['word'] !== undefined) {
    if (keywords.has(text)) return 'keyword';
    if (/^[a-z][a-z0-9_]*$/.test(text)) return 'lower';
    return /^[A-Z][A-Z0-9_]*$/.test(text) ? 'upper' : 'mixed';
  }
  return (['bytes', 'float', 'int', 'string', 'comparison', 'sign'] as const).find((name) => groups[name] !== undefined);
}
