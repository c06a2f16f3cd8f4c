import { skipField } from '@millrace/wire';
import type { AttributePlace, ValuePlace } from './any-value.ts';
import { placeAttribute, placeValue, textOf, types } from './any-value.ts';
import { maskAll, maskMatches } from './mask-matches.ts';
import { keyBits } from './rules.ts';
import type { Sanitizers } from './sanitizers.ts';
import type { Tally } from './summary.ts';
import type { ValueRedactor } from './value-redactor.ts';
import { varintEnd } from './varint.ts';

/** Redacts the body `[start, end)` of a log record as the Collector does, then with detectors: keys and values at any depth. */
export function redactBody(
  values: ValueRedactor,
  sanitizers: Sanitizers | undefined,
  start: number,
  end: number,
  bits: number,
  isDetected: boolean,
  tally: Tally | undefined,
): void {
  new Body(values, sanitizers, isDetected, tally).value('', start, end, bits, false);
}

class Body {
  readonly #values: ValueRedactor;
  readonly #sanitizers: Sanitizers | undefined;
  readonly #isDetected: boolean;
  readonly #tally: Tally | undefined;

  constructor(values: ValueRedactor, sanitizers: Sanitizers | undefined, isDetected: boolean, tally: Tally | undefined) {
    this.#values = values;
    this.#sanitizers = sanitizers;
    this.#isDetected = isDetected;
    this.#tally = tally;
  }

  /** `path`: where the value stands; '' is the body itself. `isSecret`: under a secret key. */
  value(path: string, start: number, end: number, bits: number, isSecret: boolean): void {
    const { b } = this.#values;
    const place: ValuePlace = { type: 0, tag: 0, start: 0, end: 0 };
    placeValue(b, start, end, place);
    if (place.type === types.kvlist || place.type === types.array) this.#nested(path, place, isSecret);
    else this.#scalar(path, start, end, place, bits, isSecret);
  }

  #nested(path: string, { type, tag, start, end }: ValuePlace, isSecret: boolean): void {
    const { b, splicer } = this.#values;
    const { everyAttribute } = this.#values.rules;
    const outer = splicer.placeOf(tag + 1);
    const before = splicer.edits;
    let index = 0;
    for (let p = start; p < end;) {
      const next = skipField(b, p);
      if (b[p] === 0x0a) {
        const bits = this.#values.bitsIn(p, next);
        const content = varintEnd(b, p + 1);
        if (bits !== 0 || everyAttribute || isSecret) {
          if (type === types.kvlist) this.#member(path, p, content, next, bits, isSecret);
          else {
            const place = splicer.placeOf(p + 1);
            const edits = splicer.edits;
            this.value(path === '' ? `[${index}]` : `${path}.[${index}]`, content, next, bits, isSecret);
            if (splicer.edits !== edits) splicer.patch(next, place, content - p - 1);
          }
        }
        index++;
      }
      p = next;
    }
    if (splicer.edits !== before) splicer.patch(end, outer, start - tag - 1);
  }

  #member(path: string, field: number, content: number, end: number, bits: number, isSecret: boolean): void {
    const values = this.#values;
    const { rules, b, splicer } = values;
    const place: AttributePlace = { keyStart: 0, keyEnd: 0, valueTag: 0, valueStart: 0, valueEnd: 0 };
    placeAttribute(b, content, end, place);
    const verdict = rules.verdictOn(b, place.keyStart, place.keyEnd);
    const key = b.utf8Slice(place.keyStart, place.keyEnd);
    const name = path === '' ? key : `${path}.${key}`;
    if ((verdict & keyBits.ignored) !== 0) {
      this.#tally?.ignored.push(name);
      return;
    }
    if ((verdict & keyBits.removed) !== 0) {
      this.#tally?.redacted.push(name);
      values.report(rules.removedKeysRule);
      values.remove(field, end);
      return;
    }
    if ((verdict & keyBits.blocked) !== 0) {
      const value: ValuePlace = { type: 0, tag: 0, start: 0, end: 0 };
      placeValue(b, place.valueStart, place.valueEnd, value);
      this.#tally?.masked.push(name);
      values.report(rules.blockedKeysRule);
      values.setValue(field, content, end, place, maskAll(value.type === types.string ? textOf(b, value) : '', rules.replaceBlocked));
      return;
    }
    if ((verdict & keyBits.content) !== 0 && values.content(field, content, end, place)) return;
    const isHidden = isSecret || ((verdict & keyBits.secret) !== 0 && this.#isDetected);
    if (isHidden && rules.secrets?.action === 'remove') {
      values.report(rules.secrets);
      values.remove(field, end);
      return;
    }
    const outer = splicer.placeOf(field + 1);
    const before = splicer.edits;
    if (this.#isDetected && place.keyEnd > place.keyStart) values.text(this.#keyLengthAt(content), place.keyStart, place.keyEnd, bits, 0);
    if (place.valueTag >= 0) {
      const inner = splicer.placeOf(place.valueTag + 1);
      const edits = splicer.edits;
      this.value(name, place.valueStart, place.valueEnd, bits, isHidden);
      if (splicer.edits !== edits) splicer.patch(place.valueEnd, inner, place.valueStart - place.valueTag - 1);
    }
    if (splicer.edits !== before) splicer.patch(end, outer, content - field - 1);
  }

  #keyLengthAt(content: number): number {
    let p = content;
    while (this.#values.b[p] !== 0x0a) p = skipField(this.#values.b, p);
    return p + 1;
  }

  #scalar(path: string, start: number, end: number, place: ValuePlace, bits: number, isSecret: boolean): void {
    const values = this.#values;
    const { rules, b } = values;
    const name = path === '' ? 'body' : path;
    const isText = place.type === types.string;
    const valueBits = isText ? bits : -1;
    let original: string | undefined;
    for (const { regex, bit } of rules.allowedValues) {
      if ((valueBits & bit) === 0 || !regex.test((original ??= textOf(b, place)))) continue;
      // As in the Collector, a body that is allowed as a whole is not counted.
      if (path !== '') this.#tally?.allowed.push(name);
      return;
    }
    let text: string | undefined;
    for (const { regex, bit } of rules.blockedValues) {
      if ((valueBits & bit) === 0) continue;
      text = maskMatches(text ?? (original ??= textOf(b, place)), regex, rules.replaceBlocked);
    }
    if (text !== undefined && text !== original) values.report(rules.blockedValuesRule);
    if (this.#sanitizers !== undefined) text = this.#sanitizers.body(text ?? (original ??= textOf(b, place)));
    if (text !== undefined && text !== original) {
      this.#tally?.masked.push(name);
      values.setText(start, end, text);
      return;
    }
    if (this.#isDetected && values.value(start, end, bits, this.#hintOf(path), isSecret ? rules.secrets : undefined))
      this.#tally?.masked.push(name);
  }

  #hintOf(path: string): number {
    if (path === '') return 0;
    const key = Buffer.from(path);
    return this.#values.texts.hintOf(key, 0, key.length);
  }
}
