import type { ByteRange, ItemView, ResourceView, ScopeView } from '../views.ts';
import type { Signal } from '../signal.ts';
import { Attributes } from './attributes.ts';
import type { Context } from './context.ts';
import { Fields } from './fields-edit.ts';
import type { Memory } from './memory.ts';
import { Range } from './range.ts';
import { readVarint } from '../varint.ts';
import { splice } from './splice.ts';
import { Tape } from './tape.ts';

/** What the reused views of a span, a log record and a data point share. */
export abstract class Item implements ItemView {
  abstract readonly signal: Exclude<Signal, 'profiles'>;
  readonly context: Context;
  protected readonly memory: Memory;
  readonly tape: Tape;
  readonly attributes: Attributes;
  readonly fields: Fields;
  /** Tags of the fields that were set by number in this item. */
  readonly #moved: number[] = [];
  #movedIn = 0;
  readonly #range = new Range();
  protected readonly idRange: Range = new Range();

  constructor(context: Context, attributeTag: number, fieldTags: readonly number[]) {
    this.context = context;
    this.memory = context.memory;
    this.tape = new Tape(context.memory, attributeTag, fieldTags);
    this.attributes = new Attributes(this.tape);
    this.fields = new Fields(
      () => this.tape,
      (tag) => this.#move(tag),
    );
  }

  #move(tag: number): void {
    if (this.#movedIn !== this.tape.message) this.#moved.length = 0;
    this.#movedIn = this.tape.message;
    if (!this.#moved.includes(tag)) this.#moved.push(tag);
    this.moved(tag, this.tape.address(tag));
  }

  /** The value of a field is at another address now (0: absent). */
  protected abstract moved(tag: number, address: number): void;

  /** Shows the item in a range. */
  abstract bind(start: number, end: number): void;

  /** Makes the edits of the hook that returned final. */
  commit(): void {
    this.tape.commit();
  }

  /** Takes back the edits of the hook that threw; `edits` is the tape's count from before. */
  rollback(edits: number): void {
    this.tape.rollback(edits);
    if (this.#movedIn === this.tape.message) for (const tag of this.#moved) this.moved(tag, this.tape.address(tag));
  }

  /** Writes edited entries of lists to scratch, so that the tape can be spliced. */
  protected flush(): void {}

  get resource(): ResourceView {
    return this.context.resources[this.context.visitor];
  }

  get scope(): ScopeView {
    return this.context.scopes[this.context.visitor];
  }

  range(): ByteRange {
    const { tape, memory } = this;
    if (tape.edits === 0) return this.#range.set(memory, tape.start, tape.end - tape.start);
    this.flush();
    const { scratch } = memory;
    const { position } = scratch;
    splice(tape, scratch);
    return this.#range.set(memory, memory.length + position, scratch.position - position);
  }

  protected varint(tag: number): number {
    const address = this.tape.address(tag);
    return address === 0 ? 0 : this.memory.varintNumber(address);
  }

  /** Address of the value of a field that is not indexed, 0 when it is absent. */
  protected address(tag: number): number {
    return this.tape.address(tag);
  }

  /** The bytes of an id whose length stands at an address (0: absent). */
  protected id(address: number): ByteRange {
    return this.idRange.set(this.memory, address + 1, address === 0 ? 0 : this.#idLength(address));
  }

  protected idHex(address: number): string {
    return address === 0 ? '' : this.memory.hex(address + 1, this.#idLength(address));
  }

  #idLength(address: number): number {
    return readVarint(this.memory.buffer(address), address - this.memory.base(address));
  }
}
