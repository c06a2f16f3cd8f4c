import { BlockMarks, hintsIn } from '@millrace/redaction';
import { skipField } from '@millrace/wire';
import type { AttributePlace, ValuePlace } from './any-value.ts';
import { placeAttribute, placeValue, textOf, types } from './any-value.ts';
import { Edits } from './edits.ts';
import type { Rule } from './rule.ts';
import { keyBits } from './rules.ts';
import type { Rules } from './rules.ts';
import { Splicer } from './splicer.ts';
import { TextRedactor } from './text-redactor.ts';
import { varintEnd } from './varint.ts';

/** What detectors, secret keys and the content policy do with the texts, values and attributes of one batch. */
export class ValueRedactor {
  readonly rules: Rules;
  readonly splicer: Splicer = new Splicer();
  readonly marks: BlockMarks = new BlockMarks();
  readonly edits: Edits = new Edits();
  readonly texts: TextRedactor;
  readonly isDry: boolean;
  /** Names of what was found in the thing that is being left; undefined when nobody asks. */
  found: Set<string> | undefined;
  b!: Buffer;
  view!: DataView;

  constructor(rules: Rules) {
    this.rules = rules;
    this.isDry = rules.config.dry_run;
    const isIgnored = (key: string): boolean => (rules.verdictOnText(key) & keyBits.ignored) !== 0;
    this.texts = new TextRedactor(rules.detectors, rules.allowedMatches, rules.secrets, isIgnored, (rule) => this.report(rule));
  }

  report(rule: Rule): void {
    rule.found++;
    this.found?.add(rule.name);
  }

  /** What may be in the bytes `[start, end)`. */
  bitsIn(start: number, end: number): number {
    return this.marks.in(start, end) | this.rules.everywhere;
  }

  /** Redacts the text `[start, end)` whose length stands at `lengthAt`. Returns whether it found something. */
  text(lengthAt: number, start: number, end: number, bits: number, hint: number): boolean {
    if ((bits & this.rules.detected) === 0) return false;
    const { edits } = this;
    edits.clear();
    this.texts.find(this.b, start, end, bits, hint, edits);
    if (edits.size === 0) return false;
    if (!this.isDry) this.#writeEdits(lengthAt, start, end);
    return true;
  }

  #writeEdits(lengthAt: number, start: number, end: number): void {
    const writer = this.splicer.copyTo(lengthAt);
    writer.varint(this.edits.sizeBytes(start, end));
    this.edits.write(this.b, this.view, start, end, writer);
    this.splicer.skipTo(end);
  }

  /** Removes the field `[start, end)`. */
  remove(start: number, end: number): void {
    if (this.isDry) return;
    this.splicer.copyTo(start);
    this.splicer.skipTo(end);
  }

  /** Replaces the `AnyValue` `[start, end)` by a text. */
  setText(start: number, end: number, text: string): void {
    if (this.isDry) return;
    const writer = this.splicer.copyTo(start);
    const at = writer.begin(0x0a);
    writer.text(text);
    writer.end(at);
    this.splicer.skipTo(end);
  }

  /**
   * Redacts the `AnyValue` `[start, end)`, at any depth. `secret`: the rule of the key it stands under, which replaces every text and number.
   * Returns whether it found something.
   */
  value(start: number, end: number, bits: number, hint: number, secret: Rule | undefined): boolean {
    const place: ValuePlace = { type: 0, tag: 0, start: 0, end: 0 };
    placeValue(this.b, start, end, place);
    switch (place.type) {
      case types.empty:
      case types.bool:
        return false;
      case types.array:
      case types.kvlist:
        return this.#nested(place, hint, secret);
      default:
        if (secret !== undefined) return this.#replaceWhole(start, end, place, secret);
        if (place.type !== types.string && place.type !== types.bytes) return false;
        return this.text(place.tag + 1, place.start, place.end, bits, hint);
    }
  }

  #replaceWhole(start: number, end: number, place: ValuePlace, rule: Rule): boolean {
    if (place.start === place.end) return false;
    this.report(rule);
    this.setText(start, end, rule.replace(textOf(this.b, place)));
    return true;
  }

  #nested({ type, tag, start, end }: ValuePlace, hint: number, secret: Rule | undefined): boolean {
    const { b, splicer } = this;
    const outer = splicer.placeOf(tag + 1);
    const before = splicer.edits;
    let found = false;
    for (let p = start; p < end;) {
      const next = skipField(b, p);
      const bits = this.bitsIn(p, next);
      if (b[p] === 0x0a && (bits !== 0 || secret !== undefined)) {
        const content = varintEnd(b, p + 1);
        if (type === types.kvlist) {
          if (this.entry(p, content, next, bits, secret)) found = true;
        } else {
          const place = splicer.placeOf(p + 1);
          const edits = splicer.edits;
          if (this.value(content, next, bits, hint, secret)) found = true;
          if (splicer.edits !== edits) splicer.patch(next, place, content - p - 1);
        }
      }
      p = next;
    }
    if (splicer.edits !== before) splicer.patch(end, outer, start - tag - 1);
    return found;
  }

  /** Redacts the `KeyValue` `[content, end)`, a field that starts at `field` and has a tag of one byte. Returns whether it found something. */
  entry(field: number, content: number, end: number, bits: number, outerSecret?: Rule): boolean {
    const place: AttributePlace = { keyStart: 0, keyEnd: 0, valueTag: 0, valueStart: 0, valueEnd: 0 };
    placeAttribute(this.b, content, end, place);
    const verdict = this.rules.verdictOn(this.b, place.keyStart, place.keyEnd);
    if ((verdict & keyBits.ignored) !== 0) return false;
    if ((verdict & keyBits.content) !== 0 && this.content(field, content, end, place)) return true;
    const secret = outerSecret ?? ((verdict & keyBits.secret) === 0 ? undefined : this.rules.secrets);
    return this.detect(field, content, end, place, bits, secret);
  }

  /** Redacts key and value of the `KeyValue` `[content, end)`. A text of which nothing is left takes its attribute along. */
  detect(field: number, content: number, end: number, place: AttributePlace, bits: number, secret: Rule | undefined): boolean {
    const { splicer, b } = this;
    const { keyStart, keyEnd, valueTag, valueStart, valueEnd } = place;
    if (valueTag >= 0 && this.#isRemoved(field, end, place, bits, secret)) return true;
    const lengthAt = varintEnd(b, field);
    const outer = splicer.placeOf(lengthAt);
    const before = splicer.edits;
    let found =
      (bits & this.rules.detected) !== 0 &&
      keyEnd > keyStart &&
      this.text(varintEnd(b, this.#keyTag(content, end)), keyStart, keyEnd, bits, 0);
    if (valueTag >= 0) {
      const inner = splicer.placeOf(valueTag + 1);
      const edits = splicer.edits;
      const hint = hintsIn(b, keyStart, keyEnd);
      if (this.value(valueStart, valueEnd, bits, hint, secret)) found = true;
      if (splicer.edits !== edits) splicer.patch(valueEnd, inner, valueStart - valueTag - 1);
    }
    if (splicer.edits !== before) splicer.patch(end, outer, content - lengthAt);
    return found;
  }

  #keyTag(start: number, end: number): number {
    let p = start;
    while (p < end && this.b[p] !== 0x0a) p = skipField(this.b, p);
    return p;
  }

  /** Removes the attribute when the whole text is found and the action is to remove it. */
  #isRemoved(field: number, end: number, { valueStart, valueEnd }: AttributePlace, bits: number, secret: Rule | undefined): boolean {
    if (secret !== undefined) {
      if (secret.action !== 'remove') return false;
      this.report(secret);
      this.remove(field, end);
      return true;
    }
    if (this.isDry || !this.rules.removes || (bits & this.rules.detected) === 0) return false;
    const value: ValuePlace = { type: 0, tag: 0, start: 0, end: 0 };
    placeValue(this.b, valueStart, valueEnd, value);
    if (value.type !== types.string || value.end === value.start) return false;
    const { edits } = this;
    edits.clear();
    const counts = this.rules.detectors.map(({ rule }) => rule.found);
    this.texts.find(this.b, value.start, value.end, bits, 0, edits);
    if (edits.size > 0 && edits.sizeBytes(value.start, value.end) === 0) {
      this.remove(field, end);
      return true;
    }
    // It is looked at again, and counted then.
    this.rules.detectors.forEach(({ rule }, i) => (rule.found = counts[i]!));
    return false;
  }

  /** Applies the content policy to an attribute; false for a number or boolean, which is no content. */
  content(field: number, content: number, end: number, place: AttributePlace): boolean {
    const rule = this.rules.content!;
    const value: ValuePlace = { type: 0, tag: 0, start: 0, end: 0 };
    placeValue(this.b, place.valueStart, place.valueEnd, value);
    if (value.type === types.empty || (value.type >= types.bool && value.type <= types.double)) return false;
    this.report(rule);
    if (this.rules.config.content === 'drop') this.remove(field, end);
    else this.setValue(field, content, end, place, rule.replace(''));
    return true;
  }

  /** Sets the value of the `KeyValue` `[content, end)` to a text. */
  setValue(field: number, content: number, end: number, { valueTag, valueStart, valueEnd }: AttributePlace, text: string): void {
    if (this.isDry) return;
    const { splicer } = this;
    const lengthAt = varintEnd(this.b, field);
    const outer = splicer.placeOf(lengthAt);
    if (valueTag < 0) {
      const writer = splicer.copyTo(end);
      const at = writer.begin(0x12);
      const inner = writer.begin(0x0a);
      writer.text(text);
      writer.end(inner);
      writer.end(at);
      splicer.skipTo(end);
    } else {
      const inner = splicer.placeOf(valueTag + 1);
      this.setText(valueStart, valueEnd, text);
      splicer.patch(valueEnd, inner, valueStart - valueTag - 1);
    }
    splicer.patch(end, outer, content - lengthAt);
  }
}
