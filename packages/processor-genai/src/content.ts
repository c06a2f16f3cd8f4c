import { isContentEvent, isContentKey, isEventContentKey } from '@millrace/redaction';
import { Key, key } from '@millrace/wire';
import type { AttributesEdit, ByteRange, LogView, SpanView } from '@millrace/wire';
import type { GenaiConfig } from './config.ts';
import { ValueCutter } from './cut-value.ts';

const mask = '****';
const eventName = key('event.name');
const bodySize = key('millrace.body.original_size');

/** Keeps, masks or removes the contents of operations, and cuts those that are too long. */
export class ContentRules {
  readonly #policy: GenaiConfig['content']['policy'];
  readonly #cutter: ValueCutter | undefined;

  constructor({ policy, max_part_bytes: maxBytes }: GenaiConfig['content']) {
    this.#policy = policy;
    this.#cutter = policy === 'keep' && maxBytes > 0 ? new ValueCutter(maxBytes) : undefined;
  }

  /** Whether contents may change at all. */
  get isActive(): boolean {
    return this.#policy !== 'keep' || this.#cutter !== undefined;
  }

  /** Texts that were cut. */
  get cutParts(): number {
    return this.#cutter?.parts ?? 0;
  }

  applyToSpan(span: SpanView): void {
    this.#attributes(span.attributes, isContentKey);
    const { events } = span;
    for (let i = 0; i < events.size; i++) {
      if (events.isDropped(i)) continue;
      const event = events.at(i);
      this.#attributes(event.attributes, isContentEvent(event.name) ? isEventContentKey : isContentKey);
    }
  }

  /** Of every log record: some events that carry content are no operations. */
  applyToLog(log: LogView, isOperation: boolean): void {
    const { attributes } = log;
    const isEvent = isContentEvent(log.eventName || attributes.string(eventName) || '');
    if (!isEvent && !isOperation) return;
    this.#attributes(attributes, isEvent ? isEventContentKey : isContentKey);
    if (!isEvent || log.body.type === 'empty') return;
    if (this.#policy === 'drop') log.setBody(undefined);
    else if (this.#policy === 'redact') {
      if (log.body.string() !== mask) log.setBody(mask);
    } else {
      const cut = this.#cutter!.cut(log.body);
      if (cut === undefined) return;
      const { looseBytes } = this.#cutter!;
      log.setBody(cut);
      if (looseBytes > 0) attributes.setInt(bodySize, looseBytes);
    }
  }

  #attributes(attributes: AttributesEdit, isContent: (key: ByteRange) => boolean): void {
    for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
      if (!isContent(attributes.keyRangeAt(slot))) continue;
      if (this.#policy === 'drop') attributes.deleteAt(slot);
      else if (this.#policy === 'keep') this.#cut(attributes, slot);
      else if (attributes.typeAt(slot) !== 'string' || attributes.valueAt(slot).string() !== mask) attributes.setStringAt(slot, mask);
    }
  }

  #cut(attributes: AttributesEdit, slot: number): void {
    const cutter = this.#cutter!;
    const cut = cutter.cut(attributes.valueAt(slot));
    if (cut === undefined) return;
    attributes.setPlainAt(slot, cut);
    // Names of attributes come from outside: this one must not be interned.
    if (cutter.looseBytes > 0) attributes.setInt(new Key(`${attributes.keyAt(slot)}.original_size`), cutter.looseBytes);
  }
}
