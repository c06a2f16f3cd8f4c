import type { Client } from '../client.ts';
import { Key } from '../key.ts';
import type { EntityRefView, ListView, ResourceEdit } from '../views.ts';
import type { Context } from './context.ts';
import { textField } from './fields.ts';
import { HeaderVersion } from './header.ts';
import { List } from './list.ts';
import type { ListEntry } from './list.ts';
import type { Memory } from './memory.ts';
import { skipField } from './scan.ts';
import { hasSchemaUrl, schemaUrlTag } from './schema-url.ts';
import { readVarint, varintSize } from '../varint.ts';

const attributesTag = 0x0a;
const droppedAttributesCountTag = 0x10;
const entityRefsTag = 0x1a;

class EntityRef implements EntityRefView, ListEntry {
  readonly #memory: Memory;
  #start = 0;
  #end = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  bind(start: number, end: number): void {
    this.#start = start;
    this.#end = end;
  }

  get schemaUrl(): string {
    return textField(this.#memory, this.#start, this.#end, 0x0a);
  }

  get type(): string {
    return textField(this.#memory, this.#start, this.#end, 0x12);
  }

  get idKeys(): readonly string[] {
    return this.#texts(0x1a);
  }

  get descriptionKeys(): readonly string[] {
    return this.#texts(0x22);
  }

  #texts(tag: number): string[] {
    const base = this.#memory.base(this.#start);
    const b = this.#memory.buffer(this.#start);
    const texts: string[] = [];
    for (let p = this.#start - base; p < this.#end - base;) {
      const next = skipField(b, p);
      if (b[p] === tag) texts.push(b.utf8Slice(p + 1 + varintSize(readVarint(b, p + 1)), next));
      p = next;
    }
    return texts;
  }
}

/** One version of a resource. */
export class Resource extends HeaderVersion implements ResourceEdit {
  readonly #entityRefs: List<EntityRef>;
  readonly #context: Context;
  protected readonly notWritable = 'a resource can be edited in onResource only';

  constructor(context: Context) {
    super(context.memory, attributesTag);
    this.#context = context;
    this.#entityRefs = new List(this.tape, entityRefsTag, new EntityRef(context.memory));
  }

  protected index(): void {
    this.indexFields([]);
  }

  get client(): Client {
    return this.#context.client;
  }

  get droppedAttributesCount(): number {
    const address = this.tape.address(droppedAttributesCountTag);
    return address === 0 ? 0 : this.memory.varintNumber(address);
  }

  get schemaUrl(): string {
    if (this.addedSchemaUrl !== undefined) return this.addedSchemaUrl.text;
    const { start, end } = this.#context.resourceGroup;
    return textField(this.memory, start, end, schemaUrlTag);
  }

  addSchemaUrl(value: Key): void {
    const { start, end } = this.#context.resourceGroup;
    if (this.addedSchemaUrl !== undefined || hasSchemaUrl(this.memory, start, end)) return;
    this.edit();
    this.addedSchemaUrl = value;
  }

  setSchemaUrl(value: string): void {
    const { start, end } = this.#context.resourceGroup;
    this.edit();
    this.addedSchemaUrl = new Key(value);
    this.hidesSchemaUrl = hasSchemaUrl(this.memory, start, end);
  }

  get entityRefs(): ListView<EntityRefView> {
    return this.#entityRefs;
  }
}
