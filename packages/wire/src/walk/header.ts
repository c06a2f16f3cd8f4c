import { Attributes } from './attributes.ts';
import { Fields } from './fields-edit.ts';
import type { Key } from '../key.ts';
import type { Memory } from './memory.ts';
import { skipField } from './scan.ts';
import { schemaUrlTag } from './schema-url.ts';
import { readVarint, varintSize } from '../varint.ts';
import { Tape, slotSize } from './tape.ts';

/** Attributes of a resource or scope: the first edit makes the version that is edited its own copy. */
class HeaderAttributes extends Attributes {
  readonly #version: HeaderVersion;

  constructor(version: HeaderVersion) {
    super(version.tape);
    this.#version = version;
  }

  protected override edit(): Tape {
    return this.#version.edit();
  }
}

/**
 * One version of a resource, scope or metric: what it is after the hook of some visitor. A version shows the tape of the previous one until
 * it is edited; then it has a copy.
 */
export abstract class HeaderVersion {
  readonly memory: Memory;
  readonly #own: Tape;
  tape: Tape;
  readonly attributes: Attributes;
  readonly fields: Fields = new Fields(() => this.edit());
  /** Whether edits are taken: only inside the hook that the version was made for. */
  writable = false;
  /** The `schema_url` that the message around the header gets, because it had none. */
  addedSchemaUrl: Key | undefined;
  /** Whether the `schema_url` that was there is left out. */
  hidesSchemaUrl = false;
  #committedEdits = 0;
  #committedSchemaUrl: Key | undefined;
  #committedHides = false;
  #committedStamp = 0;
  /** Different for every content that a resource, scope or metric has had in any walk of the process. */
  stamp = 0;

  static #stamps = 0;

  constructor(memory: Memory, attributeTag: number, fieldTags?: readonly number[]) {
    this.memory = memory;
    this.tape = this.#own = new Tape(memory, attributeTag, fieldTags);
    this.attributes = new HeaderAttributes(this);
  }

  /** Shows the message in a range. */
  bind(start: number, end: number): void {
    this.#own.begin(start, end);
    this.addedSchemaUrl = undefined;
    this.hidesSchemaUrl = false;
    this.#show(this.#own);
    this.stamp = this.#committedStamp = ++HeaderVersion.#stamps;
    this.index();
  }

  /** Becomes the next version after `previous`. */
  follow(previous: HeaderVersion): void {
    this.addedSchemaUrl = previous.addedSchemaUrl;
    this.hidesSchemaUrl = previous.hidesSchemaUrl;
    this.#show(previous.tape);
    this.stamp = this.#committedStamp = previous.stamp;
  }

  #show(tape: Tape): void {
    if (tape !== this.#own) this.#own.begin(tape.start, tape.end);
    this.tape = tape;
    this.attributes.tape = tape;
    this.#committedEdits = tape.edits;
    this.#committedSchemaUrl = this.addedSchemaUrl;
    this.#committedHides = this.hidesSchemaUrl;
  }

  /** Whether the header, or what stands beside it, is not what the source has. */
  get isEdited(): boolean {
    return this.tape.edits > 0 || this.addedSchemaUrl !== undefined;
  }

  /** Whether this version differs from the one that it follows. */
  get isOwn(): boolean {
    return this.tape === this.#own;
  }

  /** The tape to write to. */
  edit(): Tape {
    if (!this.writable) throw new Error(this.notWritable);
    if (this.tape !== this.#own) {
      this.#own.copyFrom(this.tape);
      this.#show(this.#own);
    }
    this.stamp = ++HeaderVersion.#stamps;
    return this.#own;
  }

  /** Notes the attributes, and the fields in the first slots whose tags are given. */
  protected indexFields(fieldTags: readonly number[]): void {
    const { tape, memory } = this;
    const base = memory.base(tape.start);
    const b = memory.buffer(tape.start);
    const end = tape.end - base;
    for (let p = tape.start - base; p < end;) {
      const next = skipField(b, p);
      const field = fieldTags.indexOf(b[p]);
      if (b[p] === tape.attributeTag) tape.attribute(p + base, p + 1 + varintSize(readVarint(b, p + 1)) + base, next + base);
      else if (field >= 0) tape.field(field * slotSize, p + base, p + 1 + varintSize(readVarint(b, p + 1)) + base, next + base);
      p = next;
    }
  }

  /** Makes the edits so far final. */
  commit(): void {
    if (this.isOwn) this.tape.commit();
    this.#committedEdits = this.tape.edits;
    this.#committedSchemaUrl = this.addedSchemaUrl;
    this.#committedHides = this.hidesSchemaUrl;
    this.#committedStamp = this.stamp;
  }

  /** Takes back the edits since the last `commit`. */
  rollback(): void {
    if (this.isOwn) this.tape.rollback(this.#committedEdits);
    this.addedSchemaUrl = this.#committedSchemaUrl;
    this.hidesSchemaUrl = this.#committedHides;
    this.stamp = this.#committedStamp;
  }

  /** Whether a field beside the header, with this tag, is left out because another value stands elsewhere. */
  hides(tag: number): boolean {
    return this.hidesSchemaUrl && tag === schemaUrlTag;
  }

  /** The message of the error that an edit outside of the hook throws. */
  protected abstract readonly notWritable: string;
  /** Notes where the fields of the message are. */
  protected abstract index(): void;
}
