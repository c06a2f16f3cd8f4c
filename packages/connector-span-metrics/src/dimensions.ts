import { type AttributesView, type Key, key } from '@millrace/api';
import type { Regex } from '@millrace/regex';
import type { SeriesKey } from '@millrace/timeseries';
import { ByteWriter, valueText } from '@millrace/wire';
import type { DimensionConfig } from './config.ts';
import { compileGlob } from './glob.ts';

interface NamedDimension {
  readonly key: Key;
  readonly fallback: Buffer | undefined;
}

/** Receives a dimension that a span has: by its attribute, or (no attributes) as a text. */
export type TakeDimension = (name: string, attributes: AttributesView | undefined, slot: number, fallback: Buffer | undefined) => void;

/** Patterns tell series apart at this place behind the named dimensions. */
const globPlaces = 0x8000;
/** Names that were matched against the patterns are remembered up to this many. */
const maxRemembered = 10_000;

/** A list of dimensions: each is looked up in the attributes of the span, then in those of other things, then has its default. */
export class Dimensions {
  readonly isEmpty: boolean;
  readonly #named: readonly NamedDimension[];
  readonly #globs: readonly Regex[];
  readonly #matches = new Map<string, boolean>();
  readonly #place: number;
  readonly #scratch = new ByteWriter();

  /** `place`: where in the identity of a series its values begin; the lists of one series have places of their own. */
  constructor(config: readonly DimensionConfig[], place: number) {
    this.#place = place;
    this.#named = config
      .filter(({ glob = '' }) => glob === '')
      .map(({ name = '', default: fallback }) => ({
        key: key(name),
        fallback: fallback === undefined ? undefined : Buffer.from(fallback),
      }));
    this.#globs = config.filter(({ glob = '' }) => glob !== '').map(({ glob = '' }) => compileGlob(glob));
    this.isEmpty = config.length === 0;
  }

  /** Adds the values of a span's dimensions to the identity of its series. Values that read alike are alike, whatever their type. */
  identify(identity: SeriesKey, span: AttributesView, others: readonly AttributesView[]): void {
    const named = this.#named;
    for (let i = 0; i < named.length; i++) {
      const { key: wanted, fallback } = named[i];
      let attributes = span;
      let slot = span.find(wanted);
      for (let k = 0; slot < 0 && k < others.length; k++) {
        attributes = others[k];
        slot = attributes.find(wanted);
      }
      const place = this.#place + i;
      if (slot >= 0) this.#identifyValue(identity, attributes, slot, place);
      else if (fallback !== undefined) identity.bytes(fallback, 0, fallback.length, place);
    }
    if (this.#globs.length > 0) {
      this.#matching(span, others, (name, attributes, slot) => {
        const scratch = this.#scratch;
        scratch.position = 0;
        scratch.text(name);
        scratch.byte(0);
        scratch.text(valueText(attributes!.valueAt(slot)));
        identity.bytes(scratch.buffer, 0, scratch.position, this.#place + globPlaces);
      });
    }
  }

  #identifyValue(identity: SeriesKey, attributes: AttributesView, slot: number, place: number): void {
    const type = attributes.typeAt(slot);
    if (type === 'string') {
      identity.range(attributes.rangeAt(slot), place);
      return;
    }
    const scratch = this.#scratch;
    scratch.position = 0;
    const number = type === 'int' ? attributes.valueAt(slot).number() : -1;
    if (number >= 0 && number <= 0x7fff_ffff) writeDigits(scratch, number);
    else scratch.text(valueText(attributes.valueAt(slot)));
    identity.bytes(scratch.buffer, 0, scratch.position, place);
  }

  /** Hands over the dimensions that a span has, in their order. */
  each(span: AttributesView, others: readonly AttributesView[], take: TakeDimension): void {
    for (const { key: wanted, fallback } of this.#named) {
      const found = [span, ...others].find((attributes) => attributes.has(wanted));
      if (found !== undefined) take(wanted.text, found, found.find(wanted), undefined);
      else if (fallback !== undefined) take(wanted.text, undefined, -1, fallback);
    }
    if (this.#globs.length > 0) this.#matching(span, others, take);
  }

  /** The attributes whose names match a pattern: those of the span, then others, each in order of their names. */
  #matching(span: AttributesView, others: readonly AttributesView[], take: TakeDimension): void {
    const taken = new Set<string>();
    const lists = [span, ...others];
    for (const [index, attributes] of [lists.slice(0, 1), lists.slice(1)].entries()) {
      const found = new Map<string, [AttributesView, number]>();
      for (const list of attributes) {
        for (let slot = list.first(); slot >= 0; slot = list.next(slot)) {
          const name = list.keyAt(slot);
          if (!taken.has(name) && !found.has(name) && this.#isMatch(name)) found.set(name, [list, slot]);
        }
      }
      for (const name of [...found.keys()].sort()) take(name, ...found.get(name)!, undefined);
      if (index === 0) for (let slot = span.first(); slot >= 0; slot = span.next(slot)) taken.add(span.keyAt(slot));
    }
  }

  #isMatch(name: string): boolean {
    let matches = this.#matches.get(name);
    if (matches === undefined) {
      matches = this.#globs.some((glob) => glob.test(name));
      if (this.#matches.size === maxRemembered) this.#matches.clear();
      this.#matches.set(name, matches);
    }
    return matches;
  }
}

/** Writes a number as decimal digits. */
function writeDigits(to: ByteWriter, value: number): void {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  to.room(digits);
  for (let p = to.position + digits - 1; p >= to.position; p--) {
    to.buffer[p] = 0x30 + (value % 10);
    value = Math.floor(value / 10);
  }
  to.position += digits;
}
