import type { ByteRange } from '@millrace/wire';

/** Longer keys are judged anew each time. */
const longestBytes = 128;
const slots = 2048;
const mostTexts = 4096;

/** A number (0 to 255) for each attribute key that is remembered: for text, and for bytes as views give them, without making text of known ones. */
export class KeyMemory {
  readonly #judge: (key: string) => number;
  readonly #texts = new Map<string, number>();
  /** One key by hash; a new one takes the place of the old one. */
  readonly #keys: (Uint8Array | undefined)[] = Array.from<undefined>({ length: slots });
  readonly #answers = new Uint8Array(slots);

  constructor(judge: (key: string) => number) {
    this.#judge = judge;
  }

  ask(key: string | ByteRange): number {
    return typeof key === 'string' ? this.#askText(key) : this.askBytes(key.buffer, key.start, key.end);
  }

  #askText(key: string): number {
    let answer = this.#texts.get(key);
    if (answer !== undefined) return answer;
    answer = this.#judge(key);
    if (this.#texts.size >= mostTexts) this.#texts.clear();
    if (key.length <= longestBytes) this.#texts.set(key, answer);
    return answer;
  }

  /** The same for the bytes `[start, end)`. */
  askBytes(buffer: Buffer, start: number, end: number): number {
    if (end - start > longestBytes) return this.#judge(buffer.toString('utf8', start, end));
    let hash = end - start;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ buffer[i], 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (slots - 1);
    const known = this.#keys[slot];
    if (known !== undefined && known.length === end - start) {
      let i = 0;
      while (i < known.length && known[i] === buffer[start + i]) i++;
      if (i === known.length) return this.#answers[slot]!;
    }
    const answer = this.#judge(buffer.toString('utf8', start, end));
    this.#keys[slot] = Uint8Array.prototype.slice.call(buffer, start, end);
    this.#answers[slot] = answer;
    return answer;
  }
}
