import type { FieldList } from './field.ts';
import { fieldLists, fieldNames } from './field.ts';

/** In bytes. Names of models, users and the like are kept: a few thousand long ones would fill the memory. */
const longestName = 1024;
/** The rank of a list of which nothing is there. */
const nothing = 255;

/**
 * What the attributes of one operation say, by `field`. What is absent, or of a type that makes no sense, is '' or NaN. The plain object and
 * the bytes of a span are read through the same face, so that one set of rules serves both. Which fields are there, and the best one of every
 * list, is known after one pass over the keys: questions about what is absent cost next to nothing.
 */
export abstract class Facts {
  /** By field: where its value is, -1 when it is absent. */
  readonly #places: Int32Array;
  /** The fields that are there, in their order. */
  readonly #noted: Int16Array;
  #count = 0;
  /** Whether some attribute stands there twice, which no sender may do. */
  hasRepeated = false;
  /** By list: the rank of the best field that is there. */
  readonly #ranks = new Uint8Array(fieldLists().length);
  /** The lists that fields are in and their rank there, in turn, field after field; and where those of each field begin. */
  readonly #memberships: Int16Array;
  readonly #starts: Int32Array;

  /** `extraFields`: numbers behind those of the fields that dialects read, which are in no list. */
  constructor(extraFields = 0) {
    const memberships = Array.from({ length: fieldNames().length + extraFields }, (): number[] => []);
    for (const { index, fields } of fieldLists()) for (const [rank, field] of fields.entries()) memberships[field]!.push(index, rank);
    this.#memberships = Int16Array.from(memberships.flat());
    this.#starts = new Int32Array(memberships.length + 1);
    for (const [field, numbers] of memberships.entries()) this.#starts[field + 1] = this.#starts[field]! + numbers.length;
    this.#places = new Int32Array(memberships.length).fill(-1);
    this.#noted = new Int16Array(memberships.length);
    this.#ranks.fill(nothing);
  }

  /** Forgets what was noted. */
  protected forget(): void {
    const memberships = this.#memberships;
    const ranks = this.#ranks;
    for (let i = 0; i < this.#count; i++) {
      const field = this.#noted[i]!;
      this.#places[field] = -1;
      const end = this.#starts[field + 1]!;
      for (let m = this.#starts[field]!; m < end; m += 2) ranks[memberships[m]!] = nothing;
    }
    this.#count = 0;
    this.hasRepeated = false;
  }

  /** Notes where the value of a field is. The first of several with the same key counts. */
  protected note(field: number, place: number): void {
    const places = this.#places;
    if (places[field]! >= 0) {
      this.hasRepeated = true;
      return;
    }
    places[field] = place;
    this.#noted[this.#count++] = field;
    const memberships = this.#memberships;
    const ranks = this.#ranks;
    const end = this.#starts[field + 1]!;
    for (let i = this.#starts[field]!; i < end; i += 2) {
      const list = memberships[i]!;
      if (memberships[i + 1]! < ranks[list]!) ranks[list] = memberships[i + 1]!;
    }
  }

  has(field: number): boolean {
    return this.#places[field]! >= 0;
  }

  /** How many fields are there. */
  get count(): number {
    return this.#count;
  }

  /** The number of one that is there. */
  fieldAt(index: number): number {
    return this.#noted[index]!;
  }

  /** Where the value of a field is, -1 when it is absent. */
  placeOf(field: number): number {
    return this.#places[field]!;
  }

  /** Whether one of a list is there. */
  hasAny(list: FieldList): boolean {
    return this.#ranks[list.index]! !== nothing;
  }

  /** The text of a field, a name that is remembered: longer ones are cut. A number or a boolean as text; the first element of a list. */
  text(field: number): string {
    const place = this.#places[field]!;
    return place < 0 ? '' : this.textAt(place, longestName);
  }

  /** The same of any length: what is looked into and forgotten. */
  wholeText(field: number): string {
    const place = this.#places[field]!;
    return place < 0 ? '' : this.textAt(place, Infinity);
  }

  /** The number of a field; that of a text that is one. */
  number(field: number): number {
    const place = this.#places[field]!;
    return place < 0 ? Number.NaN : this.numberAt(place);
  }

  /** Whether a field is true, or a text such as `true`. */
  flag(field: number): boolean {
    const place = this.#places[field]!;
    return place >= 0 && this.flagAt(place);
  }

  /** What a text holds as JSON, or a map or list as it is; undefined when it is neither. */
  json(field: number): unknown {
    const place = this.#places[field]!;
    return place < 0 ? undefined : this.jsonAt(place);
  }

  /** The first text of a list that is not empty. */
  firstText(list: FieldList): string {
    const { fields } = list;
    for (let rank = this.#ranks[list.index]!; rank < fields.length; rank++) {
      const text = this.text(fields[rank]!);
      if (text !== '') return text;
    }
    return '';
  }

  /** The first number of a list. */
  firstNumber(list: FieldList): number {
    const { fields } = list;
    for (let rank = this.#ranks[list.index]!; rank < fields.length; rank++) {
      const number = this.number(fields[rank]!);
      if (!Number.isNaN(number)) return number;
    }
    return Number.NaN;
  }

  /** Whether one of a list is true. */
  anyFlag(list: FieldList): boolean {
    const { fields } = list;
    for (let rank = this.#ranks[list.index]!; rank < fields.length; rank++) if (this.flag(fields[rank]!)) return true;
    return false;
  }

  protected abstract textAt(place: number, maxBytes: number): string;
  protected abstract numberAt(place: number): number;
  protected abstract flagAt(place: number): boolean;
  protected abstract jsonAt(place: number): unknown;
}
