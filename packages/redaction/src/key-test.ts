import type { ByteRange } from '@millrace/wire';

/** Longer keys are judged anew each time. */
const longestBytes = 128;
const slots = 2048;
const mostTexts = 4096;

/** A question about attribute keys whose answers are remembered: for text, and for bytes as views give them, without making text of known ones. */
export class KeyTest {
  readonly #judge: (key: string) => boolean;
  readonly #texts = new Map<string, boolean>();
  /** One key by hash; a new one takes the place of the old one. */
  readonly #keys: (Uint8Array | undefined)[] = Array.from<undefined>({ length: slots });
  readonly #answers = new Uint8Array(slots);

  constructor(judge: (key: string) => boolean) {
    this.#judge = judge;
  }

  ask(key: string | ByteRange): boolean {
    return typeof key === 'string' ? this.#askText(key) : this.#askBytes(key.buffer, key.start, key.end);
  }

  #askText(key: string): boolean {
    let answer = this.#texts.get(key);
    if (answer !== undefined) return answer;
    answer = this.#judge(key);
    if (this.#texts.size >= mostTexts) this.#texts.clear();
    if (key.length <= longestBytes) this.#texts.set(key, answer);
    return answer;
  }

  #askBytes(buffer: Buffer, start: number, end: number): boolean {
    if (end - start > longestBytes) return this.#judge(buffer.toString('utf8', start, end));
    let hash = end - start;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ buffer[i], 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (slots - 1);
    const known = this.#keys[slot];
    if (known !== undefined && known.length === end - start) {
      let i = 0;
      while (i < known.length && known[i] === buffer[start + i]) i++;
      if (i === known.length) return this.#answers[slot] === 1;
    }
    const answer = this.#judge(buffer.toString('utf8', start, end));
    this.#keys[slot] = Uint8Array.prototype.slice.call(buffer, start, end);
    this.#answers[slot] = answer ? 1 : 0;
    return answer;
  }
}
