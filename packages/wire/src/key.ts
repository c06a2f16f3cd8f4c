/** An interned string with its UTF-8 bytes prepared: attribute keys and literal values are compared and written as bytes. Made by `key`. */
export class Key {
  readonly text: string;
  readonly bytes: Uint8Array;

  constructor(text: string) {
    this.text = text;
    this.bytes = Buffer.from(text);
  }
}

const interned = new Map<string, Key>();

/** The `Key` of a text: identical text, identical object. Call it once per constant, at module level, never per item: keys are kept for ever. */
export function key(text: string): Key {
  let found = interned.get(text);
  if (found === undefined) interned.set(text, (found = new Key(text)));
  return found;
}

/** A set of keys that is asked by bytes. Made by `keySet`. */
export class KeySet {
  readonly #byLength = new Map<number, Uint8Array[]>();
  readonly size: number;

  constructor(texts: Iterable<string>) {
    const unique = new Set(texts);
    this.size = unique.size;
    for (const text of unique) {
      const { bytes } = key(text);
      const same = this.#byLength.get(bytes.length);
      if (same === undefined) this.#byLength.set(bytes.length, [bytes]);
      else same.push(bytes);
    }
  }

  /** Whether the bytes `[start, end)` of a buffer are one of the keys. */
  has(buffer: Uint8Array, start: number, end: number): boolean {
    const same = this.#byLength.get(end - start);
    if (same === undefined) return false;
    for (const bytes of same) {
      let i = 0;
      while (i < bytes.length && bytes[i] === buffer[start + i]) i++;
      if (i === bytes.length) return true;
    }
    return false;
  }
}

/** The set of the given keys. */
export function keySet(texts: Iterable<string>): KeySet {
  return new KeySet(texts);
}

/** Beginnings of keys, asked by bytes. Made by `keyPrefixes`. */
export class KeyPrefixes {
  readonly #byFirst: (Uint8Array[] | undefined)[] = Array.from<undefined>({ length: 256 });

  constructor(texts: Iterable<string>) {
    for (const text of new Set(texts)) {
      const { bytes } = key(text);
      if (bytes.length === 0) throw new RangeError('a prefix has at least one byte');
      (this.#byFirst[bytes[0]!] ??= []).push(bytes);
    }
  }

  /** Whether the bytes `[start, end)` of a buffer begin with one of them. */
  begins(buffer: Uint8Array, start: number, end: number): boolean {
    if (start === end) return false;
    const candidates = this.#byFirst[buffer[start]!];
    if (candidates === undefined) return false;
    for (const bytes of candidates) {
      const { length } = bytes;
      // Those that begin alike mostly differ at the end.
      if (length > end - start || bytes[length - 1] !== buffer[start + length - 1]) continue;
      let i = 1;
      while (i < length && bytes[i] === buffer[start + i]) i++;
      if (i >= length) return true;
    }
    return false;
  }
}

/** The set of the given beginnings, none of them empty. */
export function keyPrefixes(texts: Iterable<string>): KeyPrefixes {
  return new KeyPrefixes(texts);
}
