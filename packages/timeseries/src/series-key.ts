import { randomFillSync } from 'node:crypto';
import { addKeyedHash } from '@millrace/wire';
import type { AttributesView, ByteRange, ValueType } from '@millrace/wire';

/** The secret of this process, which every `SeriesKey` uses that is given none. */
const processSecret = randomFillSync(new Int32Array(4));

const typeCodes: Readonly<Record<ValueType, number>> = { empty: 0, string: 1, bool: 2, int: 3, double: 4, array: 5, kvlist: 6, bytes: 7 };
const nothing = new Int32Array(4);
const empty: DataView = new DataView(new ArrayBuffer(0));

/**
 * Composes the 128-bit identity of a series from the bytes of its parts, without making strings or objects. The parts are added in any order;
 * each is told by its `place`, an int that the caller chooses, so that the same bytes as a metric's name and as a resource's attribute differ. The
 * hash is keyed with 128 secret bits: nobody who does not know them can make two series collide.
 */
export class SeriesKey {
  /** The identity composed so far: four 32-bit words. Reused; copy it, or hand it to a `SeriesMap`, before the next `start`. */
  readonly words: Int32Array = new Int32Array(4);
  /** The 128 secret bits. State that outlives the process keeps them beside its hashes. */
  readonly secret: Int32Array;
  #view = empty;
  #other = empty;
  #scratch = Buffer.alloc(256);

  /** `secret`: four words, for tests and for state of an earlier run. Default: random, the same in the whole process. */
  constructor(secret: Int32Array = processSecret) {
    this.secret = secret;
  }

  /** Begins a new identity, or one that continues what `words` of an earlier one were (a metric's, for its points). */
  start(words: Int32Array = nothing): this {
    const own = this.words;
    own[0] = words[0]!;
    own[1] = words[1]!;
    own[2] = words[2]!;
    own[3] = words[3]!;
    return this;
  }

  /** Adds a set of attributes, in whatever order they stand: names, types and values. */
  attributes(attributes: AttributesView, place = 0): this {
    attributes.addHash128(this.secret, place, this.words);
    return this;
  }

  /** Adds the type and value of one attribute, not its name, at `place` (below 2^28). */
  attribute(attributes: AttributesView, slot: number, place: number): this {
    return this.range(attributes.rangeAt(slot), (place << 3) | typeCodes[attributes.typeAt(slot)]);
  }

  /** Adds a text as `attribute` adds a string: for what stands in place of an attribute. */
  attributeText(text: string, place: number): this {
    return this.text(text, (place << 3) | typeCodes.string);
  }

  /** Adds the bytes of a range, such as an attribute's value. */
  range({ buffer, start, end }: ByteRange, place: number): this {
    return this.bytes(buffer, start, end, place);
  }

  /** Adds the bytes in `[start, end)`. */
  bytes(buffer: Buffer, start: number, end: number, place: number): this {
    if (this.#view.buffer !== buffer.buffer) {
      // A batch and some scratch in turn, often.
      const other = this.#other;
      this.#other = this.#view;
      this.#view = other.buffer === buffer.buffer ? other : new DataView(buffer.buffer);
    }
    addKeyedHash(this.#view, buffer.byteOffset + start, buffer.byteOffset + end, this.secret, place, this.words);
    return this;
  }

  /** Adds a text as its UTF-8 bytes. */
  text(text: string, place: number): this {
    if (text.length * 3 > this.#scratch.length) this.#scratch = Buffer.alloc(text.length * 6);
    return this.bytes(this.#scratch, 0, this.#scratch.utf8Write(text, 0), place);
  }

  /** Adds a number, compared as a double. */
  number(value: number, place: number): this {
    this.#scratch.writeDoubleLE(value, 0);
    return this.bytes(this.#scratch, 0, 8, place);
  }
}
