import type { ResourceView, ScopeEdit } from '../views.ts';
import type { Context } from './context.ts';
import { textField, varintField } from './fields.ts';
import { HeaderVersion } from './header.ts';
import { slotSize } from './tape.ts';

const nameTag = 0x0a;
const versionTag = 0x12;
const attributesTag = 0x1a;
const droppedAttributesCountTag = 0x20;
const schemaUrlTag = 0x1a;
const fieldTags = [nameTag, versionTag];
const name = 0;
const version = slotSize;

/** One version of an instrumentation scope. */
export class Scope extends HeaderVersion implements ScopeEdit {
  readonly #context: Context;
  protected readonly notWritable = 'a scope can be edited in onScope only';

  constructor(context: Context) {
    super(context.memory, attributesTag, fieldTags);
    this.#context = context;
  }

  protected index(): void {
    this.indexFields(fieldTags);
  }

  get name(): string {
    return this.tape.text(name);
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
    return varintField(this.memory, this.tape.start, this.tape.end, droppedAttributesCountTag);
  }

  get schemaUrl(): string {
    const { start, end } = this.#context.scopeGroup;
    return textField(this.memory, start, end, schemaUrlTag);
  }

  get resource(): ResourceView {
    return this.#context.resources[this.#context.visitor];
  }
}
