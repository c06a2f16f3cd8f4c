import { Key } from '../key.ts';
import type { ResourceView, ScopeEdit } from '../views.ts';
import type { Context } from './context.ts';
import { textField } from './fields.ts';
import { HeaderVersion } from './header.ts';
import { hasSchemaUrl, schemaUrlTag } from './schema-url.ts';
import { slotSize } from './tape.ts';

const nameTag = 0x0a;
const versionTag = 0x12;
const attributesTag = 0x1a;
const droppedAttributesCountTag = 0x20;
const fieldTags = [nameTag, versionTag];
const name = 0;
const version = slotSize;

/** One version of an instrumentation scope. */
export class Scope extends HeaderVersion implements ScopeEdit {
  readonly #context: Context;
  #name = '';
  #nameStamp = 0;
  protected readonly notWritable = 'a scope can be edited in onScope only';

  constructor(context: Context) {
    super(context.memory, attributesTag, fieldTags);
    this.#context = context;
  }

  protected index(): void {
    this.indexFields(fieldTags);
  }

  /** Decoded once: it is asked for by item. */
  get name(): string {
    if (this.#nameStamp !== this.stamp) {
      this.#name = this.tape.text(name);
      this.#nameStamp = this.stamp;
    }
    return this.#name;
  }

  setName(value: string): void {
    this.edit().setText(name, value);
  }

  get version(): string {
    return this.tape.text(version);
  }

  setVersion(value: string): void {
    this.edit().setText(version, value);
  }

  get droppedAttributesCount(): number {
    const address = this.tape.address(droppedAttributesCountTag);
    return address === 0 ? 0 : this.memory.varintNumber(address);
  }

  get schemaUrl(): string {
    if (this.addedSchemaUrl !== undefined) return this.addedSchemaUrl.text;
    const { start, end } = this.#context.scopeGroup;
    return textField(this.memory, start, end, schemaUrlTag);
  }

  setSchemaUrl(value: string): void {
    const { start, end } = this.#context.scopeGroup;
    this.edit();
    this.addedSchemaUrl = new Key(value);
    this.hidesSchemaUrl = hasSchemaUrl(this.memory, start, end);
  }

  get resource(): ResourceView {
    return this.#context.resources[this.#context.visitor];
  }
}
