import type { PlainInput, ValueView } from '@millrace/wire';
import { cutJson } from './cut-json.ts';
import { cutText, maxBytesOf } from './cut-text.ts';

/** Cuts the long texts in a value of any type, as `cutJson` does in a document. */
export class ValueCutter {
  readonly #maxBytes: number;
  /** Texts that were cut, in all. */
  parts = 0;
  /** Bytes of the texts that were cut in the value of the last `cut` and stand in no map. */
  looseBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The value with its long texts cut; undefined when there are none. */
  cut(value: ValueView): PlainInput {
    // The encoded value is longer than every text in it.
    const { start, end } = value.range();
    if (end - start <= this.#maxBytes) return undefined;
    const before = this.parts;
    this.looseBytes = 0;
    const cut = this.#value(value, this.#maxBytes);
    return this.parts > before ? cut : undefined;
  }

  #value(value: ValueView, maxBytes: number): PlainInput {
    if (value.type === 'string') return this.#text(value, maxBytes);
    if (value.type === 'array') {
      const elements: PlainInput[] = [];
      for (let i = 0; i < value.size; i++) elements.push(this.#value(value.at(i), maxBytes));
      return elements;
    }
    return value.type === 'kvlist' ? this.#map(value) : value.toPlain();
  }

  #map({ entries }: ValueView): PlainInput {
    const outside = this.looseBytes;
    this.looseBytes = 0;
    const map = new Map<string, PlainInput>();
    for (let slot = entries.first(); slot >= 0; slot = entries.next(slot)) {
      const member = entries.keyAt(slot);
      map.set(member, this.#value(entries.valueAt(slot), maxBytesOf(member, this.#maxBytes)));
    }
    if (this.looseBytes > 0 && !map.has('original_size')) map.set('original_size', BigInt(this.looseBytes));
    this.looseBytes = outside;
    return map;
  }

  #text(value: ValueView, maxBytes: number): string {
    const text = value.string();
    const { start, end } = value.range();
    if (end - start <= maxBytes) return text;
    const json = text[0] === '{' || text[0] === '[' ? cutJson(text, this.#maxBytes) : undefined;
    if (json !== undefined) {
      this.parts += json.parts;
      this.looseBytes += json.looseBytes;
      return json.text;
    }
    this.parts++;
    this.looseBytes += end - start;
    return cutText(text, maxBytes);
  }
}
