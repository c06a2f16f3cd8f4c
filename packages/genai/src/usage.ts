/**
 * The kinds of tokens that are billed, disjoint: a token is in one of them. The names are those of `millrace.usage.<kind>` attributes, of the
 * label `token.kind` of metrics, and of the fields of prices. `cache_write` is a write whose time to live is not known; `reasoning` is output
 * that is not shown; what has no modality of its own is text, or not told apart by the vendor.
 */
export const tokenKinds = [
  'input',
  'input_audio',
  'input_image',
  'input_video',
  'cache_read',
  'cache_read_audio',
  'cache_read_image',
  'cache_read_video',
  'cache_write',
  'cache_write_5m',
  'cache_write_1h',
  'output',
  'reasoning',
  'output_audio',
  'output_image',
  'output_video',
] as const;

/** One of `tokenKinds`. */
export type TokenKind = (typeof tokenKinds)[number];

/** The place of each kind in `Usage.tokens`. */
export const tokenIndex: Readonly<Record<TokenKind, number>> = Object.fromEntries(tokenKinds.map((kind, index) => [kind, index])) as Record<
  TokenKind,
  number
>;

const firstOutput = tokenIndex.output;

/** What one operation used, in disjoint buckets whose sum is the total. Reused: `clear` before the next one. */
export class Usage {
  /** Tokens by `tokenIndex`: whole numbers from 0 to 2^53. */
  readonly tokens: Float64Array = new Float64Array(tokenKinds.length);
  /** Searches of the web that were billed. */
  webSearches = 0;
  /** Whether the sender said anything about usage. All buckets are 0 otherwise. */
  known = false;
  /** Whether millrace estimated it, because the sender said nothing. */
  estimated = false;

  /** All tokens that went in, cached ones included. */
  get inputTokens(): number {
    return sum(this.tokens, 0, firstOutput);
  }

  /** All tokens that came out, reasoning included. */
  get outputTokens(): number {
    return sum(this.tokens, firstOutput, tokenKinds.length);
  }

  /** Every bucket. */
  get totalTokens(): number {
    return sum(this.tokens, 0, tokenKinds.length);
  }

  get(kind: TokenKind): number {
    return this.tokens[tokenIndex[kind]]!;
  }

  set(kind: TokenKind, tokens: number): void {
    this.tokens[tokenIndex[kind]] = tokens;
  }

  /** A copy that nobody else writes. */
  copy(): Usage {
    const copy = new Usage();
    copy.tokens.set(this.tokens);
    copy.webSearches = this.webSearches;
    copy.known = this.known;
    copy.estimated = this.estimated;
    return copy;
  }

  /** As new. */
  clear(): void {
    this.tokens.fill(0);
    this.webSearches = 0;
    this.known = false;
    this.estimated = false;
  }
}

function sum(tokens: Float64Array, from: number, to: number): number {
  let all = 0;
  for (let index = from; index < to; index++) all += tokens[index]!;
  return all;
}
