/** Longer texts are made anew each time. */
const longestBytes = 96;
/** Few enough to stay in the processor's cache. */
const slots = 1024;

/**
 * Texts by their bytes, so that the same model or user is one string and costs no decoding. One text per slot: another one takes the place of the
 * old when it comes twice in a row, so that ids, each of which comes once, take nobody's.
 */
export class TextMemory {
  /** By slot, side by side: what is compared should not be far apart. */
  readonly #bytes = new Uint8Array(slots * longestBytes);
  readonly #lengths = new Uint8Array(slots);
  readonly #hashes = new Int32Array(slots);
  readonly #texts: string[] = Array.from<string>({ length: slots }).fill('');
  /** By slot: the hash of the text that was asked for last and is not there. */
  readonly #missed = new Int32Array(slots);

  /** The text of the UTF-8 bytes `[start, end)`. */
  text(buffer: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > longestBytes) return buffer.utf8Slice(start, end);
    // Of about 16 bytes.
    let hash = length;
    const step = 1 + (length >> 4);
    for (let i = end - 1; i >= start; i -= step) hash = Math.imul(hash ^ buffer[i]!, 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (slots - 1);
    const bytes = this.#bytes;
    const at = slot * longestBytes;
    if (this.#hashes[slot] === hash && this.#lengths[slot] === length) {
      let i = 0;
      while (i < length && bytes[at + i] === buffer[start + i]) i++;
      if (i === length) return this.#texts[slot]!;
    }
    const text = buffer.utf8Slice(start, end);
    if (this.#missed[slot] !== hash) {
      this.#missed[slot] = hash;
      return text;
    }
    for (let i = 0; i < length; i++) bytes[at + i] = buffer[start + i]!;
    this.#lengths[slot] = length;
    this.#hashes[slot] = hash;
    this.#texts[slot] = text;
    return text;
  }
}
