import { Regex } from '@millrace/regex';
import { keySet } from '@millrace/wire';
import type { ByteRange, KeySet } from '@millrace/wire';
import type { MatchType } from './match-config.ts';

const defaultCacheEntries = 10_000;

/** Texts of which one must match: equal, or found by a regular expression. */
export class TextSet {
  /** The texts themselves when they are compared as they are. */
  readonly literals: KeySet | undefined;
  readonly #texts: ReadonlySet<string>;
  readonly #expressions: readonly Regex[];
  readonly #cache: Map<string, boolean> | undefined;
  readonly #cacheEntries: number;

  /** Throws an Error on an unknown match type and on a wrong expression, in the Collector's words. */
  constructor(texts: readonly string[], { match_type, regexp }: MatchType) {
    if (match_type !== 'strict' && match_type !== 'regexp')
      throw new Error(`unrecognized match_type: '${match_type}', valid types are: [regexp strict]`);
    this.#texts = new Set(texts);
    this.literals = match_type === 'strict' ? keySet(texts) : undefined;
    this.#expressions = match_type === 'strict' ? [] : [...this.#texts].map((text) => new Regex(text));
    this.#cache = match_type === 'regexp' && regexp?.cacheenabled === true ? new Map() : undefined;
    this.#cacheEntries = regexp?.cachemaxnumentries || defaultCacheEntries;
  }

  /** Whether a text matches. */
  test(text: string): boolean {
    if (this.literals !== undefined) return this.#texts.has(text);
    const cache = this.#cache;
    if (cache === undefined) return this.#matches(text);
    let matches = cache.get(text);
    if (matches === undefined) {
      matches = this.#matches(text);
      if (cache.size >= this.#cacheEntries) cache.delete(cache.keys().next().value!);
    } else cache.delete(text);
    cache.set(text, matches);
    return matches;
  }

  /** Whether the text of these bytes matches. */
  testRange({ buffer, start, end }: ByteRange): boolean {
    return this.literals !== undefined ? this.literals.has(buffer, start, end) : this.test(buffer.utf8Slice(start, end));
  }

  #matches(text: string): boolean {
    for (const expression of this.#expressions) if (expression.test(text)) return true;
    return false;
  }
}

/** A set of the texts, or nothing when there are none: then everything matches. `what` names it in errors. */
export function textSet(texts: readonly string[] | undefined, type: MatchType, what: string): TextSet | undefined {
  if (texts === undefined || texts.length === 0) return undefined;
  return explained(what, () => new TextSet(texts, type));
}

/** Runs `make` and says in its error what could not be made. */
export function explained<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Error(`error creating ${what} filters: ${(error as Error).message}`, { cause: error });
  }
}
