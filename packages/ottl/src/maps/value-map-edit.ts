import type { Key } from '@millrace/wire';
import type { EditableMap } from '../editable-map.ts';
import type { Value, ValueMap } from '../value.ts';

/** A map of the language that is changed in place. */
export class ValueMapEdit implements EditableMap {
  readonly map: Map<string, Value>;
  /** Keys by slot, as they were when an iteration began. */
  #keys: string[] = [];

  constructor(map: Map<string, Value>) {
    this.map = map;
  }

  get size(): number {
    return this.map.size;
  }

  has({ text }: Key): boolean {
    return this.map.has(text);
  }

  get({ text }: Key): Value {
    return this.map.get(text);
  }

  getString({ text }: Key): string | undefined {
    const value = this.map.get(text);
    return typeof value === 'string' ? value : undefined;
  }

  set({ text }: Key, value: Value): void {
    if (!this.map.has(text)) this.#keys.push(text);
    this.map.set(text, value);
  }

  delete({ text }: Key): boolean {
    return this.map.delete(text);
  }

  first(): number {
    this.#keys = [...this.map.keys()];
    return this.next(-1);
  }

  next(slot: number): number {
    for (let next = slot + 1; next < this.#keys.length; next++) if (this.map.has(this.#keys[next]!)) return next;
    return -1;
  }

  keyAt(slot: number): string {
    return this.#keys[slot]!;
  }

  valueAt(slot: number): Value {
    return this.map.get(this.#keys[slot]!);
  }

  stringAt(slot: number): string | undefined {
    const value = this.valueAt(slot);
    return typeof value === 'string' ? value : undefined;
  }

  setAt(slot: number, value: Value): void {
    this.map.set(this.#keys[slot]!, value);
  }

  deleteAt(slot: number): void {
    this.map.delete(this.#keys[slot]!);
  }

  replace(entries: ValueMap): void {
    const copy = [...entries];
    this.map.clear();
    for (const [name, value] of copy) this.map.set(name, value);
  }
}
