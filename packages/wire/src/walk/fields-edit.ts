import type { FieldsEdit } from '../views.ts';
import type { ByteWriter } from './byte-writer.ts';
import { writeInt } from './plain-value.ts';
import type { Tape } from './tape.ts';

/** Sets fields of the message on a tape. */
export class Fields implements FieldsEdit {
  readonly #edit: () => Tape;
  readonly #moved: ((tag: number) => void) | undefined;

  /** `edit` gives the tape to write to; `moved` hears of fields whose address changed. */
  constructor(edit: () => Tape, moved?: (tag: number) => void) {
    this.#edit = edit;
    this.#moved = moved;
  }

  setVarint(field: number, value: number | bigint): void {
    this.#set((field << 3) | 0, (scratch) => writeInt(scratch, value));
  }

  setFixed64(field: number, value: bigint): void {
    this.#set((field << 3) | 1, (scratch) => scratch.fixed64(value));
  }

  setDouble(field: number, value: number): void {
    this.#set((field << 3) | 1, (scratch) => scratch.double(value));
  }

  setFixed32(field: number, value: number): void {
    this.#set((field << 3) | 5, (scratch) => scratch.fixed32(value));
  }

  setBytes(field: number, value: Uint8Array | string): void {
    this.#set((field << 3) | 2, (scratch) => {
      const start = scratch.position;
      scratch.byte(0);
      if (typeof value === 'string') scratch.text(value);
      else scratch.bytes(value);
      scratch.patchLength(start, 1);
    });
  }

  remove(field: number, wireType: 0 | 1 | 2 | 5): void {
    this.#set((field << 3) | wireType, () => {});
  }

  #set(tag: number, write: (scratch: ByteWriter) => void): void {
    const tape = this.#edit();
    const { scratch } = tape.memory;
    const { position } = scratch;
    write(scratch);
    tape.setField(tag, position);
    this.#moved?.(tag);
  }
}
