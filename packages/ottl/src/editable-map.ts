import type { Key } from '@millrace/wire';
import type { Value, ValueMap } from './value.ts';

/**
 * A map that an editor changes in place: attributes on the wire, where only what is touched is decoded and written, or a map inside a value.
 * A slot names an entry until the editor returns; entries that are deleted or added during an iteration do not disturb it (added ones are
 * visited).
 */
export interface EditableMap {
  readonly size: number;
  has(key: Key): boolean;
  get(key: Key): Value;
  /** The value when it is a string. */
  getString(key: Key): string | undefined;
  /** Sets or adds; nil makes an empty value. */
  set(key: Key, value: Value): void;
  delete(key: Key): boolean;
  /** The first entry's slot, -1 when there is none. */
  first(): number;
  next(slot: number): number;
  keyAt(slot: number): string;
  valueAt(slot: number): Value;
  /** The value when it is a string. */
  stringAt(slot: number): string | undefined;
  setAt(slot: number, value: Value): void;
  deleteAt(slot: number): void;
  /** Makes these its entries, in their order. */
  replace(entries: ValueMap): void;
}
