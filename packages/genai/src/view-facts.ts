import type { AttributesView } from '@millrace/wire';
import { Facts } from './facts.ts';
import { fieldNames, fieldNumber } from './field.ts';
import { numberOf, parseJson } from './json.ts';
import { KeyNumbers } from './key-numbers.ts';
import type { TextMemory } from './text-memory.ts';

/** The facts in the encoded attributes of one thing: one pass over the keys, values only when they are asked for. A place is a slot. */
export class ViewFacts extends Facts {
  readonly #keys: KeyNumbers;
  readonly #extra: readonly string[];
  readonly #texts: TextMemory;
  #attributes!: AttributesView;

  /** `others`: keys that are noted too, though no dialect reads them. */
  constructor(texts: TextMemory, others: readonly string[] = []) {
    const extra = [...new Set(others)].filter((key) => fieldNumber(key) < 0);
    super(extra.length);
    this.#extra = extra;
    this.#keys = new KeyNumbers([...fieldNames(), ...extra]);
    this.#texts = texts;
  }

  /** The number of a key that some dialect reads or that the constructor was given. */
  numberOf(key: string): number {
    const number = fieldNumber(key);
    return number >= 0 ? number : fieldNames().length + this.#extra.indexOf(key);
  }

  /** Shows other attributes. */
  bind(attributes: AttributesView): void {
    this.forget();
    this.#attributes = attributes;
    const keys = this.#keys;
    for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
      const { buffer, start, end } = attributes.keyRangeAt(slot);
      const number = keys.find(buffer, start, end);
      if (number >= 0) this.note(number, slot);
    }
  }

  protected textAt(slot: number, maxBytes: number): string {
    const attributes = this.#attributes;
    if (attributes.typeAt(slot) === 'string') {
      const { buffer, start, end } = attributes.rangeAt(slot);
      return this.#texts.text(buffer, start, end - start > maxBytes ? cutAt(buffer, start + maxBytes) : end);
    }
    const value = attributes.valueAt(slot);
    switch (value.type) {
      case 'int':
        return String(value.bigint());
      case 'double':
        return String(value.number());
      case 'bool':
        return String(value.boolean());
      case 'array':
        return value.size > 0 ? value.at(0).string().slice(0, maxBytes) : '';
      default:
        return '';
    }
  }

  protected numberAt(slot: number): number {
    const value = this.#attributes.valueAt(slot);
    return value.type === 'string' ? numberOf(value.string()) : value.number();
  }

  protected flagAt(slot: number): boolean {
    const value = this.#attributes.valueAt(slot);
    return value.type === 'bool' ? value.boolean() : value.string().toLowerCase() === 'true';
  }

  protected jsonAt(slot: number): unknown {
    const value = this.#attributes.valueAt(slot);
    if (value.type === 'string') return parseJson(value.string());
    return value.type === 'kvlist' || value.type === 'array' ? value.toPlain() : undefined;
  }
}

/** The last place up to this one that is between two characters. */
function cutAt(buffer: Uint8Array, end: number): number {
  let at = end;
  while (at > end - 4 && (buffer[at]! & 0xc0) === 0x80) at--;
  return at;
}
