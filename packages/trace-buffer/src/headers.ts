import type { Header } from './span-cursor.ts';

/** What a header costs beside its bytes, about. */
const overheadBytes = 200;

interface Entry {
  readonly text: string;
  readonly bytes: Buffer;
  references: number;
}

/** The bytes around spans, once for all that have the same; each has a number while somebody refers to it. */
export class Headers {
  readonly #numbers = new Map<string, number>();
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  #lastStamp = -1;
  #lastNumber = -1;
  /** Bytes of all headers, about. */
  sizeBytes = 0;

  /** The number of a header in a batch. It is valid until something is added or released, or for as long as it is retained. */
  add(header: Header, buffer: Buffer): number {
    if (header.stamp === this.#lastStamp) return this.#lastNumber;
    const { ranges } = header;
    let text = '';
    for (let i = 0; i < ranges.length; i += 2) text += buffer.latin1Slice(ranges[i], ranges[i + 1]);
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#entries.length;
      this.#entries[number] = { text, bytes: Buffer.from(text, 'latin1'), references: 0 };
      this.#numbers.set(text, number);
      this.sizeBytes += 2 * text.length + overheadBytes;
    }
    this.#lastStamp = header.stamp;
    this.#lastNumber = number;
    return number;
  }

  bytes(number: number): Buffer {
    return this.#entries[number]!.bytes;
  }

  retain(number: number): void {
    this.#entries[number]!.references++;
  }

  release(number: number): void {
    const entry = this.#entries[number]!;
    if (--entry.references > 0) return;
    this.#numbers.delete(entry.text);
    this.#entries[number] = undefined;
    this.#free.push(number);
    this.sizeBytes -= 2 * entry.text.length + overheadBytes;
    if (number === this.#lastNumber) this.#lastStamp = -1;
  }
}
