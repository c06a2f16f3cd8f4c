import { Key } from '@millrace/wire';
import type { AttributesEdit } from '@millrace/wire';
import type { EditableMap } from '../editable-map.ts';
import type { Value, ValueMap } from '../value.ts';
import { fromView } from '../values/from-view.ts';
import { toPlain } from '../values/to-plain.ts';

/** Attributes on the wire as a map. */
export class AttributesMap implements EditableMap {
  #attributes!: AttributesEdit;

  /** Shows these attributes. */
  show(attributes: AttributesEdit): this {
    this.#attributes = attributes;
    return this;
  }

  get size(): number {
    return this.#attributes.size;
  }

  has(key: Key): boolean {
    return this.#attributes.has(key);
  }

  get(key: Key): Value {
    const slot = this.#attributes.find(key);
    return slot < 0 ? undefined : fromView(this.#attributes.valueAt(slot));
  }

  getString(key: Key): string | undefined {
    return this.#attributes.string(key);
  }

  set(key: Key, value: Value): void {
    setAttribute(this.#attributes, key, value);
  }

  delete(key: Key): boolean {
    return this.#attributes.delete(key);
  }

  first(): number {
    return this.#attributes.first();
  }

  next(slot: number): number {
    return this.#attributes.next(slot);
  }

  keyAt(slot: number): string {
    return this.#attributes.keyAt(slot);
  }

  valueAt(slot: number): Value {
    return fromView(this.#attributes.valueAt(slot));
  }

  stringAt(slot: number): string | undefined {
    return this.#attributes.typeAt(slot) === 'string' ? this.#attributes.valueAt(slot).string() : undefined;
  }

  setAt(slot: number, value: Value): void {
    if (typeof value === 'string') this.#attributes.setStringAt(slot, value);
    else this.#attributes.setPlainAt(slot, toPlain(value));
  }

  deleteAt(slot: number): void {
    this.#attributes.deleteAt(slot);
  }

  replace(entries: ValueMap): void {
    const attributes = this.#attributes;
    const seen = new Set<string>();
    for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
      const name = attributes.keyAt(slot);
      if (!entries.has(name) || seen.has(name)) attributes.deleteAt(slot);
      seen.add(name);
    }
    for (const [name, value] of entries) setAttribute(attributes, new Key(name), value);
  }
}

/** Sets one attribute. */
export function setAttribute(attributes: AttributesEdit, key: Key, value: Value): void {
  if (typeof value === 'string') attributes.setString(key, value);
  else if (typeof value === 'bigint') attributes.setInt(key, value);
  else if (typeof value === 'boolean') attributes.setBoolean(key, value);
  else attributes.setPlain(key, toPlain(value));
}
