const slots = 2048;

/** Numbers of keys, found by their bytes. */
export class KeyNumbers {
  readonly #heads = new Int16Array(slots).fill(-1);
  readonly #next: Int16Array;
  readonly #keys: Uint8Array[];

  constructor(keys: readonly string[]) {
    this.#keys = keys.map((key) => Buffer.from(key));
    this.#next = new Int16Array(keys.length).fill(-1);
    for (const [number, key] of this.#keys.entries()) {
      const slot = slotOf(key, 0, key.length);
      this.#next[number] = this.#heads[slot]!;
      this.#heads[slot] = number;
    }
  }

  /** The number of the key `[start, end)`, -1 when it is none of ours. */
  find(buffer: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 0) return -1;
    for (let number = this.#heads[slotOf(buffer, start, end)]!; number >= 0; number = this.#next[number]!) {
      const key = this.#keys[number]!;
      if (key.length !== length) continue;
      let i = length - 1;
      while (i >= 0 && key[i] === buffer[start + i]) i--;
      if (i < 0) return number;
    }
    return -1;
  }
}

/** By the length and a few bytes that differ most between attribute keys. */
function slotOf(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let hash = length * 0x9e3b;
  hash = Math.imul(hash ^ buffer[end - 1]!, 0x01000193);
  hash = Math.imul(hash ^ buffer[start + (length >> 1)]!, 0x01000193);
  hash = Math.imul(hash ^ buffer[start + length - (length >> 2) - 1]!, 0x01000193);
  hash = Math.imul(hash ^ buffer[start + (length >> 2)]!, 0x01000193);
  hash = Math.imul(hash ^ buffer[start + length - (length >> 3) - 1]!, 0x01000193);
  return (hash ^ (hash >>> 15)) & (slots - 1);
}
