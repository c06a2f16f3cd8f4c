/** Ranges of code points, inclusive, ascending, flattened: lo, hi, lo, hi, ... */
export type Ranges = readonly number[];

/** A regular expression as a tree, for the part of the RE2 syntax that is understood here. */
export type Node =
  | { readonly kind: 'set'; readonly ranges: Ranges; readonly fold: boolean }
  | { readonly kind: 'assert'; readonly what: 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'wordBorder' | 'noWordBorder' }
  | { readonly kind: 'group'; readonly capture: boolean; readonly name?: string; readonly body: Node }
  | { readonly kind: 'concat'; readonly parts: readonly Node[] }
  | { readonly kind: 'alternate'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly body: Node; readonly min: number; readonly max: number; readonly lazy: boolean };

export const lastCodePoint = 0x10_ffff;
const newline = 10;

const digits: Ranges = [0x30, 0x39];
const spaces: Ranges = [9, 10, 12, 13, 32, 32];
const wordCharacters: Ranges = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];

const posixClasses: Readonly<Record<string, Ranges>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0, 0x7f],
  blank: [9, 9, 32, 32],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: digits,
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [9, 13, 32, 32],
  upper: [0x41, 0x5a],
  word: wordCharacters,
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};

const escapes: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** Ascending and without overlaps. */
export function normalized(ranges: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort(([a], [b]) => a - b);
  const merged: number[] = [];
  for (const [lo, hi] of pairs) {
    if (merged.length > 0 && lo <= merged.at(-1)! + 1) merged[merged.length - 1] = Math.max(merged.at(-1)!, hi);
    else merged.push(lo, hi);
  }
  return merged;
}

function complement(ranges: readonly number[]): number[] {
  const rest: number[] = [];
  let next = 0;
  const sorted = normalized(ranges);
  for (let i = 0; i < sorted.length; i += 2) {
    if (sorted[i]! > next) rest.push(next, sorted[i]! - 1);
    next = sorted[i + 1]! + 1;
  }
  if (next <= lastCodePoint) rest.push(next, lastCodePoint);
  return rest;
}

/** Thrown, and caught in `parse`: a construct that is left to the other engine. */
class NotUnderstood extends Error {}

interface Flags {
  readonly fold: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
  readonly swapGreed: boolean;
}

/** The tree of a valid RE2 expression, or undefined when it has constructs (such as `\pL` or `\C`) that are not understood here. */
export function parse(pattern: string): Node | undefined {
  try {
    return new Parser(pattern).parse();
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

class Parser {
  readonly #chars: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#chars = Array.from(pattern);
  }

  parse(): Node {
    const node = this.#alternatives({ fold: false, multiLine: false, dotAll: false, swapGreed: false });
    if (this.#at < this.#chars.length) throw new NotUnderstood();
    return node;
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #take(expected?: string): string {
    const char = this.#chars[this.#at++];
    if (char === undefined || (expected !== undefined && char !== expected)) throw new NotUnderstood();
    return char;
  }

  #skip(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#chars[this.#at + i] !== text[i]) return false;
    this.#at += text.length;
    return true;
  }

  #alternatives(outer: Flags): Node {
    let flags = outer;
    const options: Node[] = [];
    let parts: Node[] = [];
    for (;;) {
      const char = this.#peek();
      if (char === undefined || char === ')') break;
      if (char === '|') {
        this.#at++;
        options.push({ kind: 'concat', parts });
        parts = [];
        continue;
      }
      // (?i) without a body holds to the end of the group, over its alternatives too.
      const changed = this.#flagsOnly(flags);
      if (changed !== undefined) flags = changed;
      else parts.push(...this.#repeated(flags));
    }
    options.push({ kind: 'concat', parts });
    return options.length === 1 ? options[0]! : { kind: 'alternate', options };
  }

  #flagsOnly(flags: Flags): Flags | undefined {
    const match = /^\(\?([imsU]*)(?:-([imsU]+))?\)/.exec(this.#chars.slice(this.#at, this.#at + 12).join(''));
    if (match === null) return undefined;
    this.#at += match[0].length;
    return withFlags(flags, match[1]!, match[2] ?? '');
  }

  #repeated(flags: Flags): Node[] {
    const atoms = this.#atom(flags);
    let body = atoms.pop();
    if (body === undefined) return [];
    const quantifier = this.#quantifier();
    if (quantifier === undefined) return [...atoms, body];
    const lazy = this.#skip('?') !== flags.swapGreed;
    body = { kind: 'repeat', body, ...quantifier, lazy };
    // Two quantifiers in a row: an error, or another meaning than in V8.
    if (this.#quantifier() !== undefined) throw new NotUnderstood();
    return [...atoms, body];
  }

  #quantifier(): { min: number; max: number } | undefined {
    switch (this.#peek()) {
      case '*':
        this.#at++;
        return { min: 0, max: Infinity };
      case '+':
        this.#at++;
        return { min: 1, max: Infinity };
      case '?':
        this.#at++;
        return { min: 0, max: 1 };
      case '{': {
        const match = /^\{(\d{1,4})(?:(,)(\d{0,4}))?\}/.exec(this.#chars.slice(this.#at, this.#at + 11).join(''));
        // Anything else in braces stands for itself.
        if (match === null) return undefined;
        this.#at += match[0].length;
        const min = Number(match[1]);
        const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
        if (min > 1000 || (max !== Infinity && (max > 1000 || max < min))) throw new NotUnderstood();
        return { min, max };
      }
      default:
        return undefined;
    }
  }

  /** One thing to repeat; `\Q...\E` is several, of which the last is. */
  #atom(flags: Flags): Node[] {
    const char = this.#take();
    switch (char) {
      case '(':
        return [this.#group(flags)];
      case '[':
        return [this.#bracket(flags)];
      case '.':
        return [set(flags.dotAll ? [0, lastCodePoint] : complement([newline, newline]), false)];
      case '^':
        return [{ kind: 'assert', what: flags.multiLine ? 'lineStart' : 'textStart' }];
      case '$':
        return [{ kind: 'assert', what: flags.multiLine ? 'lineEnd' : 'textEnd' }];
      case '*':
      case '+':
      case '?':
        throw new NotUnderstood();
      case '\\':
        return this.#escape(flags);
      default:
        return [literal(char, flags)];
    }
  }

  #group(flags: Flags): Node {
    let capture = true;
    let name: string | undefined;
    let inner = flags;
    if (this.#skip('?')) {
      const head = /^(?:P?<([A-Za-z0-9_]+)>|([imsU]*)(?:-([imsU]+))?:)/.exec(this.#chars.slice(this.#at, this.#at + 64).join(''));
      if (head === null) throw new NotUnderstood();
      this.#at += head[0].length;
      name = head[1];
      if (name === undefined) {
        capture = false;
        inner = withFlags(flags, head[2] ?? '', head[3] ?? '');
      } else if (/^\d/.test(name)) throw new NotUnderstood();
    }
    const body = this.#alternatives(inner);
    this.#take(')');
    return { kind: 'group', capture, body, ...(name !== undefined && { name }) };
  }

  #escape(flags: Flags): Node[] {
    if (this.#skip('Q')) {
      const literals: Node[] = [];
      while (this.#peek() !== undefined && !this.#skip('\\E')) literals.push(literal(this.#take(), flags));
      return literals;
    }
    switch (this.#peek()) {
      case 'A':
        this.#at++;
        return [{ kind: 'assert', what: 'textStart' }];
      case 'z':
        this.#at++;
        return [{ kind: 'assert', what: 'textEnd' }];
      case 'b':
        this.#at++;
        return [{ kind: 'assert', what: 'wordBorder' }];
      case 'B':
        this.#at++;
        return [{ kind: 'assert', what: 'noWordBorder' }];
      default: {
        const known = this.#perlClass();
        // Perl's classes are ASCII; with folding `\w` has two more letters, which are left to the other engine.
        if (known !== undefined) {
          if (flags.fold) throw new NotUnderstood();
          return [set(known, false)];
        }
        return [set(one(this.#escapedCodePoint()), flags.fold)];
      }
    }
  }

  #perlClass(): Ranges | undefined {
    const classes: Record<string, Ranges> = { d: digits, s: spaces, w: wordCharacters };
    const letter = this.#peek() ?? '';
    const known = classes[letter.toLowerCase()];
    if (known === undefined) return undefined;
    this.#at++;
    return letter === letter.toLowerCase() ? known : complement(known);
  }

  #escapedCodePoint(): number {
    const char = this.#take();
    if (Object.hasOwn(escapes, char)) return escapes[char]!;
    if (char === 'x') {
      const match = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(this.#chars.slice(this.#at, this.#at + 8).join(''));
      if (match === null) throw new NotUnderstood();
      this.#at += match[0].length;
      return Number.parseInt(match[1] ?? match[2]!, 16);
    }
    // Octal escapes and Unicode classes are left to the other engine.
    if (/[A-Za-z0-9]/.test(char)) throw new NotUnderstood();
    return char.codePointAt(0)!;
  }

  #bracket(flags: Flags): Node {
    const negated = this.#skip('^');
    const ranges: number[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.#chars.slice(this.#at, this.#at + 14).join(''));
      if (posix !== null) {
        const known = posixClasses[posix[2]!];
        if (known === undefined) throw new NotUnderstood();
        this.#at += posix[0].length;
        ranges.push(...(posix[1] === '^' ? complement(known) : known));
        continue;
      }
      if (this.#peek() === '\\' && /[dswDSW]/.test(this.#chars[this.#at + 1] ?? '')) {
        this.#at++;
        if (flags.fold) throw new NotUnderstood();
        ranges.push(...this.#perlClass()!);
        continue;
      }
      const lo = this.#bracketChar();
      let hi = lo;
      if (this.#peek() === '-' && this.#chars[this.#at + 1] !== ']' && this.#chars[this.#at + 1] !== undefined) {
        this.#at++;
        hi = this.#bracketChar();
      }
      if (hi < lo) throw new NotUnderstood();
      ranges.push(lo, hi);
    }
    this.#take(']');
    // Folding comes before the complement, which a set with a flag cannot say.
    if (negated && flags.fold) throw new NotUnderstood();
    return set(negated ? complement(ranges) : normalized(ranges), flags.fold);
  }

  #bracketChar(): number {
    const char = this.#take();
    return char === '\\' ? this.#escapedCodePoint() : char.codePointAt(0)!;
  }
}

function one(codePoint: number): Ranges {
  return [codePoint, codePoint];
}

function set(ranges: Ranges, fold: boolean): Node {
  // Surrogates are no code points of Go's texts.
  if (ranges.length === 2 && ranges[0] === ranges[1] && ranges[0]! >= 0xd800 && ranges[0]! <= 0xdfff) throw new NotUnderstood();
  return { kind: 'set', ranges, fold };
}

function literal(char: string, flags: Flags): Node {
  return set(one(char.codePointAt(0)!), flags.fold);
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const has = (letter: string, before: boolean): boolean => (off.includes(letter) ? false : on.includes(letter) || before);
  return {
    fold: has('i', flags.fold),
    multiLine: has('m', flags.multiLine),
    dotAll: has('s', flags.dotAll),
    swapGreed: has('U', flags.swapGreed),
  };
}
