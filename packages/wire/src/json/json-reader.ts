import '../walk/buffer-methods.ts';
import { WireError } from '../wire-error.ts';
import { hexDigit } from './json-bytes.ts';

/** Nesting of arrays and objects inside a value that is skipped; deeper text is refused. */
const maxSkippedDepth = 256;

const quote = 0x22;
const backslash = 0x5c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;
const comma = 0x2c;
const colon = 0x3a;
const lowerU = 0x75;

/** 1 for bytes that stand for themselves in a string (any byte from 0x80 on does: UTF-8 is not checked). */
const plainInString = Uint8Array.from({ length: 256 }, (_, c) => (c >= 0x20 && c !== quote && c !== backslash ? 1 : 0));

const escaped: Readonly<Record<number, number>> = { 0x22: 0x22, 0x5c: 0x5c, 0x2f: 0x2f, 0x62: 8, 0x66: 12, 0x6e: 10, 0x72: 13, 0x74: 9 };

const none = Buffer.alloc(0);

/** Reads strict JSON (RFC 8259) from a range of bytes, token by token. Every error is a `WireError` with an offset from the start of the range. */
export class JsonReader {
  bytes: Buffer = none;
  /** Where the next token (or the space before it) begins. */
  position = 0;
  start = 0;
  end = 0;
  /** Content of the last `string()`: the text's own bytes, or a copy when it had escapes. */
  token: Buffer = none;
  tokenStart = 0;
  tokenEnd = 0;
  readonly #kinds = new Uint8Array(maxSkippedDepth);

  /** Starts reading `[start, end)`. */
  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.position = this.start = start;
    this.end = end;
  }

  /** Forgets the bytes. */
  close(): void {
    this.bytes = none;
    this.token = none;
  }

  /** The path that errors name. */
  fieldPath(): string {
    return '';
  }

  /** Refuses the text. At its end the reason is that it ends. */
  fail(reason: string, at: number = this.position): never {
    throw new WireError(at >= this.end ? 'unexpected end of JSON' : reason, Math.min(at, this.end) - this.start, this.fieldPath());
  }

  /** Skips space; the byte that follows, -1 at the end. */
  peek(): number {
    const { bytes, end } = this;
    for (let p = this.position; p < end; p++) {
      const c = bytes[p];
      if (c > 0x20 || (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09)) {
        this.position = p;
        return c;
      }
    }
    this.position = end;
    return -1;
  }

  /** Reads the colon after a name. */
  colon(): void {
    if (this.peek() !== colon) this.fail("expected ':'");
    this.position++;
  }

  /** Reads `true`, `false` or `null`, of which the first byte is known to be there. */
  literal(text: string): void {
    for (let i = 0; i < text.length; i++) {
      if (this.position + i >= this.end || this.bytes[this.position + i] !== text.charCodeAt(i))
        this.fail(`expected ${text}`, this.position + i);
    }
    this.position += text.length;
  }

  /** Reads a string into `token`. */
  string(): void {
    if (this.peek() !== quote) this.fail('expected a string');
    const { bytes, end } = this;
    const first = this.position + 1;
    let p = first;
    while (p < end && plainInString[bytes[p]] === 1) p++;
    this.token = bytes;
    this.tokenStart = first;
    this.tokenEnd = p;
    if (p >= end || bytes[p] !== quote) this.#stringWithEscapes(first, p);
    else this.position = p + 1;
  }

  #stringWithEscapes(first: number, clean: number): void {
    let close = clean;
    while (close < this.end && this.bytes[close] !== quote) close += this.bytes[close] === backslash ? 2 : 1;
    const text = Buffer.allocUnsafe(Math.max(0, close - first));
    let length = this.bytes.copy(text, 0, first, clean);
    this.position = clean;
    for (;;) {
      if (this.position >= this.end) this.fail('unexpected end of JSON');
      const c = this.bytes[this.position];
      if (c === quote) break;
      if (c === backslash) length = this.unescape(text, length);
      else if (c < 0x20) this.fail('control character in a string');
      else {
        text[length++] = c;
        this.position++;
      }
    }
    this.position++;
    this.token = text;
    this.tokenStart = 0;
    this.tokenEnd = length;
  }

  /** Reads one escape, or a pair of surrogates, and writes it as UTF-8 (a lone surrogate as U+FFFD); the offset after it. It never writes more than it reads. */
  unescape(into: Buffer, at: number): number {
    const kind = this.position + 1 < this.end ? this.bytes[this.position + 1] : -1;
    if (kind !== lowerU) {
      const c = escaped[kind];
      if (c === undefined) this.fail('invalid escape', kind === -1 ? this.end : this.position);
      into[at] = c;
      this.position += 2;
      return at + 1;
    }
    let code = this.#codeUnit(this.position);
    this.position += 6;
    if (code >= 0xd800 && code < 0xe000) {
      let low = 0;
      if (
        code < 0xdc00 &&
        this.position + 1 < this.end &&
        this.bytes[this.position] === backslash &&
        this.bytes[this.position + 1] === lowerU
      ) {
        low = this.#codeUnit(this.position);
      }
      if (low >= 0xdc00 && low < 0xe000) {
        this.position += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      } else code = 0xfffd;
    }
    if (code < 0x80) into[at++] = code;
    else {
      if (code < 0x800) into[at++] = 0xc0 | (code >> 6);
      else {
        if (code < 0x10000) into[at++] = 0xe0 | (code >> 12);
        else {
          into[at++] = 0xf0 | (code >> 18);
          into[at++] = 0x80 | ((code >> 12) & 63);
        }
        into[at++] = 0x80 | ((code >> 6) & 63);
      }
      into[at++] = 0x80 | (code & 63);
    }
    return at;
  }

  #codeUnit(at: number): number {
    let code = 0;
    for (let i = at + 2; i < at + 6; i++) {
      if (i >= this.end) this.fail('unexpected end of JSON', this.end);
      const digit = hexDigit[this.bytes[i]];
      if (digit < 0) this.fail('invalid escape', at);
      code = (code << 4) | digit;
    }
    return code;
  }

  /** Reads a number without its value; the offset after it. */
  number(): number {
    const { bytes, end } = this;
    let p = this.position;
    if (p < end && bytes[p] === 0x2d) p++;
    const first = p;
    p = this.#digits(p);
    if (bytes[first] === 0x30 && p > first + 1) this.fail('leading zero in a number', first);
    if (p < end && bytes[p] === 0x2e) p = this.#digits(p + 1);
    if (p < end && (bytes[p] | 0x20) === 0x65) {
      p++;
      if (p < end && (bytes[p] === 0x2b || bytes[p] === 0x2d)) p++;
      p = this.#digits(p);
    }
    this.position = p;
    return p;
  }

  #digits(at: number): number {
    let p = at;
    while (p < this.end && this.bytes[p] >= 0x30 && this.bytes[p] <= 0x39) p++;
    if (p === at) this.fail('expected a digit', p);
    return p;
  }

  /** Reads any value and forgets it. */
  skipValue(): void {
    let depth = 0;
    for (;;) {
      const c = this.peek();
      if (c === openObject || c === openArray) {
        if (depth === maxSkippedDepth) this.fail(`a value nested deeper than ${maxSkippedDepth} levels`);
        const close = c + 2;
        this.position++;
        if (this.peek() === close) this.position++;
        else {
          this.#kinds[depth++] = close;
          if (close === closeObject) this.#name();
          continue;
        }
      } else this.#scalar(c);
      for (;;) {
        if (depth === 0) return;
        const close = this.#kinds[depth - 1];
        const c = this.peek();
        if (c === comma) {
          this.position++;
          if (close === closeObject) this.#name();
          break;
        }
        if (c !== close) this.fail(close === closeArray ? "expected ',' or ']'" : "expected ',' or '}'");
        this.position++;
        depth--;
      }
    }
  }

  #name(): void {
    this.string();
    this.colon();
  }

  #scalar(c: number): void {
    if (c === quote) this.string();
    else if (c === 0x74) this.literal('true');
    else if (c === 0x66) this.literal('false');
    else if (c === 0x6e) this.literal('null');
    else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) this.number();
    else this.fail('expected a value');
  }
}
