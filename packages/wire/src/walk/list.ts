import type { EditableListView } from '../views.ts';
import { larger } from './larger.ts';
import type { Memory } from './memory.ts';
import { skipField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';
import { splice } from './splice.ts';
import type { Patches } from './splice.ts';
import type { Tape, TapePart } from './tape.ts';

/** The reused view of a list's entry. */
export interface ListEntry {
  /** Shows the message in a range. */
  bind(start: number, end: number): void;
  /** Its edits, when it can be edited. */
  readonly tape?: Tape;
}

/** The integers of an entry: address of its tag, range of its message, end of the original, flags. */
const entrySize = 5;
const dropped = 1;
const rewritten = 2;

/**
 * A repeated message of an item. The item is searched for it at the first access. An edited entry is written to scratch when another one is
 * looked at or the hook returns; from then on it is read from there.
 */
export class List<V extends ListEntry> implements EditableListView<V>, TapePart {
  readonly #memory: Memory;
  readonly #owner: Tape;
  readonly #view: V;
  #tag: number;
  #entries = new Int32Array(entrySize * 8);
  /** All entries, and the places of those that are visible. */
  #count = 0;
  #visible = new Int32Array(8);
  #size = 0;
  /** The owner's message that the entries belong to. */
  #message = 0;
  #bound = -1;
  #undo = new Int32Array(4 * 4);
  #undoTop = 0;
  #drops = 0;

  constructor(owner: Tape, tag: number, view: V) {
    this.#memory = owner.memory;
    this.#owner = owner;
    this.#tag = tag;
    this.#view = view;
  }

  /** The tag of the repeated field, 0 when this kind of item has none. To be set before the first access to an item. */
  set tag(tag: number) {
    this.#tag = tag;
  }

  /** Known to have no entries in the owner's current message, which need not be searched then. To be set when the owner is bound. */
  isAbsent = false;

  get size(): number {
    if (!this.#isLoaded) this.#load();
    return this.#size;
  }

  /** Whether the entries are those of the owner's current message. */
  get #isLoaded(): boolean {
    return this.#message === this.#owner.message;
  }

  #load(): void {
    const { start, end, message } = this.#owner;
    this.#message = message;
    this.#bound = -1;
    this.#drops = 0;
    this.#undoTop = 0;
    const base = this.#memory.base(start);
    const b = this.#memory.buffer(start);
    let count = 0;
    for (let p = this.isAbsent ? end - base : start - base; p < end - base;) {
      const next = skipField(b, p);
      if (b[p] === this.#tag) {
        if ((count + 1) * entrySize > this.#entries.length) this.#entries = larger(this.#entries);
        if (count === this.#visible.length) this.#visible = larger(this.#visible);
        const e = count * entrySize;
        this.#entries[e] = p + base;
        this.#entries[e + 1] = p + 1 + varintSize(readVarint(b, p + 1)) + base;
        this.#entries[e + 2] = this.#entries[e + 3] = next + base;
        this.#entries[e + 4] = 0;
        this.#visible[count++] = e;
      }
      p = next;
    }
    this.#count = this.#size = count;
  }

  #entry(index: number): number {
    if (!(index >= 0 && index < this.size)) throw new RangeError(`no entry ${index} in a list of ${this.size}`);
    return this.#visible[index];
  }

  at(index: number): V {
    const e = this.#entry(index);
    if (this.#bound !== e) {
      this.flush();
      this.#view.bind(this.#entries[e + 1], this.#entries[e + 2]);
      this.#bound = e;
    }
    return this.#view;
  }

  drop(index: number): void {
    const e = this.#entry(index);
    if ((this.#entries[e + 4] & dropped) !== 0) return;
    this.#remember(e);
    this.#entries[e + 4] |= dropped;
    this.#drops++;
    this.#owner.edits++;
    this.#owner.hasPartEdits = true;
  }

  isDropped(index: number): boolean {
    return (this.#entries[this.#entry(index) + 4] & dropped) !== 0;
  }

  #remember(e: number): void {
    if (this.#undoTop === this.#undo.length) this.#undo = larger(this.#undo);
    const undo = this.#undo;
    undo[this.#undoTop++] = e;
    undo[this.#undoTop++] = this.#entries[e + 1];
    undo[this.#undoTop++] = this.#entries[e + 2];
    undo[this.#undoTop++] = this.#entries[e + 4];
  }

  /** Writes the entry that is looked at to scratch when it was edited. */
  flush(): void {
    if (!this.#isLoaded) return;
    const e = this.#bound;
    const tape = this.#view.tape;
    if (e < 0 || tape === undefined || tape.edits === 0) return;
    this.#remember(e);
    const { scratch, length } = this.#memory;
    const { position } = scratch;
    splice(tape, scratch);
    this.#entries[e + 1] = length + position;
    this.#entries[e + 2] = length + scratch.position;
    this.#entries[e + 4] |= rewritten;
    this.#owner.edits++;
    this.#owner.hasPartEdits = true;
    this.#view.bind(this.#entries[e + 1], this.#entries[e + 2]);
  }

  /** Makes the edits so far final. Dropped entries are not visible any more. */
  commit(): void {
    if (!this.#isLoaded) return;
    this.flush();
    this.#undoTop = 0;
    if (this.#drops === 0) return;
    this.#drops = 0;
    let size = 0;
    for (let e = 0; e < this.#count * entrySize; e += entrySize) {
      if ((this.#entries[e + 4] & dropped) === 0) this.#visible[size++] = e;
    }
    this.#size = size;
  }

  /** Takes back what happened since the last commit. */
  rollback(): void {
    if (!this.#isLoaded) return;
    while (this.#undoTop > 0) {
      const flags = this.#undo[--this.#undoTop];
      const end = this.#undo[--this.#undoTop];
      const start = this.#undo[--this.#undoTop];
      const e = this.#undo[--this.#undoTop];
      this.#entries[e + 1] = start;
      this.#entries[e + 2] = end;
      this.#entries[e + 4] = flags;
    }
    this.#drops = 0;
    this.#bound = -1;
  }

  patches(to: Patches): void {
    if (!this.#isLoaded) return;
    for (let e = 0; e < this.#count * entrySize; e += entrySize) {
      const flags = this.#entries[e + 4];
      if (flags === 0) continue;
      const address = this.#entries[e + 1];
      const tag = (flags & dropped) === 0 ? this.#tag : 0;
      to.add(this.#entries[e], this.#entries[e + 3], tag, address, this.#entries[e + 2] - address);
    }
  }
}
