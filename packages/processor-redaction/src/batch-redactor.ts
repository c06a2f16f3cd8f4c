import { isContentEvent } from '@millrace/redaction';
import { skipField } from '@millrace/wire';
import type { Batch, Lease } from '@millrace/wire';
import type { AttributePlace, ValuePlace } from './any-value.ts';
import { placeAttribute, placeValue, textOf, types } from './any-value.ts';
import { redactBody } from './body.ts';
import { eventNameOf, sanitizerFacts } from './message-facts.ts';
import type { FieldPlan, MessagePlan } from './message-plan.ts';
import { keyBits, secretBit } from './rules.ts';
import type { Rules } from './rules.ts';
import type { Sanitizers, SpanFacts } from './sanitizers.ts';
import { maskAll, maskMatches } from './mask-matches.ts';
import { Tally, summaryKeys, writeAttribute, writeSummary } from './summary.ts';
import type { Earlier } from './summary.ts';
import { ValueRedactor } from './value-redactor.ts';
import { readVarint, varintEnd } from './varint.ts';

/** What is known of the message whose fields are being redacted. */
interface Frame {
  readonly plan: MessagePlan;
  readonly tally: Tally | undefined;
  readonly bodyTally: Tally | undefined;
  readonly earlier: Earlier;
  /** An event that carries content of AI requests. */
  readonly isContentEvent: boolean;
  readonly facts: (SpanFacts & { readonly dbSystem: string }) | undefined;
}

const everything = -1;

/**
 * Redacts whole batches. One search over the bytes says where anything may be; only those messages and fields are read, and what is found is
 * spliced. Everything else is copied as it is, or not at all.
 */
export class BatchRedactor {
  readonly #values: ValueRedactor;
  readonly #rules: Rules;
  readonly #plan: MessagePlan;
  readonly #sanitizers: Sanitizers | undefined;
  readonly #summary: string | undefined;
  readonly #place: AttributePlace = { keyStart: 0, keyEnd: 0, valueTag: 0, valueStart: 0, valueEnd: 0 };
  readonly #value: ValuePlace = { type: 0, tag: 0, start: 0, end: 0 };
  #b!: Buffer;

  constructor(rules: Rules, plan: MessagePlan, sanitizers: Sanitizers | undefined) {
    this.#rules = rules;
    this.#plan = plan;
    this.#sanitizers = sanitizers;
    this.#values = new ValueRedactor(rules);
    const { summary, dry_run } = rules.config;
    this.#summary = !dry_run && (summary === 'info' || summary === 'debug') ? summary : undefined;
  }

  /** The redacted bytes of a batch, whose lease the caller takes over; undefined when nothing changes. */
  run(batch: Batch): { readonly lease: Lease; readonly sizeBytes: number } | undefined {
    const values = this.#values;
    const b = batch.bytes;
    values.marks.reset(b.length);
    this.#rules.search.mark(b, values.marks);
    if (values.marks.all === 0 && !this.#rules.everyAttribute) return undefined;
    this.#b = values.b = b;
    values.view = new DataView(b.buffer, b.byteOffset, b.length);
    values.splicer.start(batch);
    try {
      this.#message(this.#plan, 0, b.length);
      return values.splicer.finish();
    } finally {
      values.splicer.abandon();
      values.found = undefined;
    }
  }

  #message(plan: MessagePlan, start: number, end: number): void {
    const values = this.#values;
    const b = this.#b;
    const { everyAttribute, everywhere } = this.#rules;
    const { marks } = values;
    const frame = this.#frame(plan, start, end);
    const outerFound = values.found;
    if (values.isDry && plan.isTagged) values.found = new Set();
    for (let p = start; p < end;) {
      const next = skipField(b, p);
      const tag = readVarint(b, p);
      const field = (tag & 7) === 2 ? plan.fields[tag >>> 3] : undefined;
      if (field !== undefined) {
        const bits = marks.in(p, next) | everywhere;
        if (bits !== 0 || everyAttribute) {
          this.#field(frame, field, tag >>> 3, p, next, bits);
        }
      }
      p = next;
    }
    if (this.#summary !== undefined && frame.tally !== undefined) this.#writeSummary(frame, end);
    if (values.isDry && plan.isTagged) {
      const found = values.found!;
      values.found = outerFound;
      if (found.size > 0) {
        writeAttribute(values.splicer.copyTo(end), (plan.attributes << 3) | 2, 'redaction.found', [...found].toSorted().join(','));
        values.splicer.skipTo(end);
      }
    }
  }

  readonly #stays = (key: string): boolean => (this.#rules.verdictOnText(key) & keyBits.removed) === 0;

  #frame(plan: MessagePlan, start: number, end: number): Frame {
    const sanitizers = this.#sanitizers;
    const hasTally = this.#summary !== undefined && plan.attributes !== 0;
    const isLog = plan.name === 'LogRecord';
    return {
      plan,
      tally: hasTally ? new Tally() : undefined,
      bodyTally: hasTally && isLog ? new Tally() : undefined,
      earlier: hasTally ? new Map() : noneEarlier,
      isContentEvent:
        this.#rules.content !== undefined && (isLog || plan.name === 'Event') && isContentEvent(eventNameOf(this.#b, plan, start, end)),
      facts:
        sanitizers === undefined || plan.attributes === 0
          ? undefined
          : sanitizerFacts(this.#b, plan, start, end, sanitizers.httpKeys, this.#stays),
    };
  }

  #field(frame: Frame, field: FieldPlan, number: number, start: number, end: number, bits: number): void {
    const b = this.#b;
    const values = this.#values;
    const lengthAt = varintEnd(b, start);
    const content = varintEnd(b, lengthAt);
    switch (field.kind) {
      case 'text':
        if (
          number === spanNameField &&
          frame.plan.name === 'Span' &&
          this.#sanitizers !== undefined &&
          this.#spanName(frame, lengthAt, content, end)
        )
          return;
        if (field.isDetected) values.text(lengthAt, content, end, bits, 0);
        return;
      case 'message': {
        const { splicer } = values;
        const place = splicer.placeOf(lengthAt);
        const before = splicer.edits;
        this.#message(field.plan!, content, end);
        if (splicer.edits !== before) splicer.patch(end, place, content - lengthAt);
        return;
      }
      case 'attribute':
        if (number === frame.plan.attributes) this.#attribute(frame, field, start, content, end, bits);
        else if (field.isDetected) values.entry(start, content, end, bits);
        return;
      case 'body': {
        const { splicer } = values;
        const place = splicer.placeOf(lengthAt);
        const before = splicer.edits;
        if (frame.isContentEvent) {
          values.report(this.#rules.content!);
          if (this.#rules.config.content === 'drop') return values.remove(start, end);
          values.setText(content, end, this.#rules.content!.replace(''));
        } else redactBody(values, this.#sanitizers, content, end, bits, field.isDetected, frame.bodyTally);
        if (splicer.edits !== before) splicer.patch(end, place, content - lengthAt);
      }
    }
  }

  /** An attribute as the Collector redacts it, then with detectors. */
  #attribute(frame: Frame, field: FieldPlan, start: number, content: number, end: number, bits: number): void {
    const b = this.#b;
    const values = this.#values;
    const rules = this.#rules;
    const { tally } = frame;
    // Attributes of the Collector's lists are never inside each other.
    const place = this.#place;
    placeAttribute(b, content, end, place);
    const verdict = rules.verdictOn(b, place.keyStart, place.keyEnd);
    if ((verdict & keyBits.ignored) !== 0) {
      tally?.ignored.push(this.#key(place));
      return;
    }
    if ((verdict & keyBits.removed) !== 0) {
      tally?.redacted.push(this.#key(place));
      values.report(rules.removedKeysRule);
      values.remove(start, end);
      return;
    }
    const value = this.#value;
    placeValue(b, place.valueStart, place.valueEnd, value);
    if (tally !== undefined && summaryKeys.has(this.#key(place))) {
      frame.earlier.set(this.#key(place), value.type === types.int ? BigInt(textOf(b, value)) : textOf(b, value));
      values.remove(start, end);
      return;
    }
    const isContent = (verdict & keyBits.content) !== 0 || (frame.isContentEvent && (verdict & keyBits.eventContent) !== 0);
    if (isContent && values.content(start, content, end, place)) return;
    const isText = value.type === types.string;
    // Most candidates are a key that only resembles a secret one.
    if (isText && verdict === 0 && (bits & ~secretBit) === 0 && !rules.everyAttribute && !mayBeJson(b, value)) return;
    const allTypes = rules.config.redact_all_types;
    const valueBits = isText ? bits : allTypes ? everything : rules.everywhere;
    const textNow = (): string => (isText || allTypes ? textOf(b, value) : '');
    for (const { regex, bit } of rules.allowedValues) {
      if ((valueBits & bit) === 0 || !regex.test(textNow())) continue;
      tally?.allowed.push(this.#key(place));
      return;
    }
    if ((verdict & keyBits.blocked) !== 0) {
      tally?.masked.push(this.#key(place));
      values.report(rules.blockedKeysRule);
      values.setValue(start, content, end, place, maskAll(textNow(), rules.replaceBlocked));
      return;
    }
    const changed = this.#blockedValues(frame, place, valueBits, textNow);
    if (changed !== undefined) {
      tally?.masked.push(this.#key(place));
      values.setValue(start, content, end, place, field.isDetected ? this.#detectedIn(changed) : changed);
      return;
    }
    if (!field.isDetected || (bits === 0 && (verdict & keyBits.secret) === 0 && !allTypes)) return;
    const secret = (verdict & keyBits.secret) === 0 ? undefined : rules.secrets;
    if (allTypes && secret === undefined && (value.type === types.int || value.type === types.double)) {
      const text = textNow();
      const redacted = this.#detectedIn(text);
      if (redacted === text) return;
      tally?.masked.push(this.#key(place));
      values.setValue(start, content, end, place, redacted);
    } else if (values.detect(start, content, end, place, bits, secret)) tally?.masked.push(this.#key(place));
  }

  /** The text of a value after `blocked_values` and sanitizers, undefined when it stays as it is. */
  #blockedValues(frame: Frame, place: AttributePlace, bits: number, textNow: () => string): string | undefined {
    const sanitizers = this.#sanitizers;
    const rules = this.#rules;
    let text: string | undefined;
    let original: string | undefined;
    for (const { regex, bit } of rules.blockedValues) {
      if ((bits & bit) === 0) continue;
      original ??= textNow();
      text = maskMatches(text ?? original, regex, rules.replaceBlocked);
    }
    if (original !== undefined && text !== original) this.#values.report(rules.blockedValuesRule);
    if (sanitizers !== undefined) {
      const key = this.#key(place);
      if (sanitizers.wants(key)) {
        original ??= textNow();
        text = sanitizers.attribute(text ?? original, key, frame.facts?.dbSystem ?? '');
      }
    }
    return text === original ? undefined : text;
  }

  /** A text that is not in the batch, with what detectors find in it. */
  #detectedIn(text: string): string {
    if (this.#rules.detectors.length === 0) return text;
    const bytes = Buffer.from(text);
    const { edits } = this.#values;
    edits.clear();
    this.#values.texts.find(bytes, 0, bytes.length, everything, 0, edits);
    return edits.size === 0 ? text : edits.apply(bytes, 0, bytes.length);
  }

  #key({ keyStart, keyEnd }: AttributePlace): string {
    return this.#b.utf8Slice(keyStart, keyEnd);
  }

  #writeSummary({ plan, tally, bodyTally, earlier }: Frame, end: number): void {
    const isEmpty = (one: Tally | undefined): boolean =>
      one === undefined || one.redacted.length + one.masked.length + one.allowed.length + one.ignored.length === 0;
    if (isEmpty(tally) && isEmpty(bodyTally) && earlier.size === 0) return;
    const { splicer } = this.#values;
    const writer = splicer.copyTo(end);
    const tag = (plan.attributes << 3) | 2;
    writeSummary(writer, tag, this.#summary!, '', tally!, earlier);
    if (bodyTally !== undefined) writeSummary(writer, tag, this.#summary!, 'body.', bodyTally, earlier);
    for (const [key, value] of earlier) writeAttribute(writer, tag, key, value);
    splicer.skipTo(end);
  }

  #spanName({ facts }: Frame, lengthAt: number, start: number, end: number): boolean {
    const name = this.#b.utf8Slice(start, end);
    const rules = this.#rules;
    for (const { regex } of rules.allowedValues) if (regex.test(name)) return false;
    const sanitized = this.#sanitizers!.spanName(name, facts!, facts!.dbSystem);
    if (sanitized === name) return false;
    // Detectors count what they find in the old name.
    if (this.#values.isDry) return false;
    const text = this.#detectedIn(sanitized);
    const { splicer } = this.#values;
    const writer = splicer.copyTo(lengthAt);
    writer.varint(Buffer.byteLength(text));
    writer.text(text);
    splicer.skipTo(end);
    return true;
  }
}

/** Whether a text starts like JSON. */
function mayBeJson(b: Uint8Array, { start, end }: ValuePlace): boolean {
  let p = start;
  while (p < end && b[p]! <= 0x20) p++;
  return b[p] === 0x7b || b[p] === 0x5b;
}

const spanNameField = 5;
const noneEarlier: Earlier = new Map();
