import { key, keySet } from '@millrace/api';
import type { AttributesView, Key, ResourceView, SpanView } from '@millrace/api';
import { Regex } from '@millrace/regex';
import { outcomes } from '../fact.ts';
import type { Fact, Outcome } from '../fact.ts';

const defaultCacheSize = 128;

/** Looks an attribute up in the resource and in the attributes of each span. A value of another type counts as 0, false or ''. */
class AttributeFact implements Fact {
  readonly #key: Key;
  readonly #matches: (attributes: AttributesView, slot: number, isSpan: boolean) => boolean;

  constructor(name: string, matches: (attributes: AttributesView, slot: number, isSpan: boolean) => boolean) {
    this.#key = key(name);
    this.#matches = matches;
  }

  resource({ attributes }: ResourceView): Outcome {
    const slot = attributes.find(this.#key);
    return slot >= 0 && this.#matches(attributes, slot, false) ? outcomes.holds : outcomes.open;
  }

  span({ attributes }: SpanView): Outcome {
    const slot = attributes.find(this.#key);
    return slot >= 0 && this.#matches(attributes, slot, true) ? outcomes.holds : outcomes.open;
  }
}

/** Some attribute of the name is an integer in a range, bounds included; a bound of 0 is none. */
export function numericFact(name: string, min: number, max: number): Fact {
  const least = min === 0 ? -Infinity : min;
  const most = max === 0 ? Infinity : max;
  return new AttributeFact(name, (attributes, slot) => {
    const value = attributes.typeAt(slot) === 'int' ? attributes.valueAt(slot).number() : 0;
    return value >= least && value <= most;
  });
}

/** Some attribute of the name has a boolean value. */
export function booleanFact(name: string, wanted: boolean): Fact {
  return new AttributeFact(
    name,
    (attributes, slot) => (attributes.typeAt(slot) === 'bool' && attributes.valueAt(slot).boolean()) === wanted,
  );
}

/** Some attribute of the name is one of the texts. */
export function stringFact(name: string, values: readonly string[]): Fact {
  const wanted = keySet(values.filter((value) => value !== ''));
  return new AttributeFact(name, (attributes, slot) => {
    if (attributes.typeAt(slot) !== 'string') return false;
    const { buffer, start, end } = attributes.rangeAt(slot);
    return wanted.has(buffer, start, end);
  });
}

/** Some attribute of the name matches one of the expressions. Throws an `Error` for a bad expression. */
export function patternFact(name: string, expressions: readonly string[], cacheSize: number): Fact {
  const patterns = expressions.map((expression) => {
    try {
      return new Regex(expression);
    } catch (error) {
      throw new Error(`invalid regex \`${expression}\`: ${(error as Error).message}`, { cause: error });
    }
  });
  const size = cacheSize <= 0 ? defaultCacheSize : cacheSize;
  const cache = new Map<string, boolean>();
  const test = (text: string): boolean => {
    let matches = cache.get(text);
    if (matches !== undefined) return matches;
    matches = patterns.some((pattern) => pattern.test(text));
    if (cache.size === size) cache.delete(cache.keys().next().value!);
    cache.set(text, matches);
    return matches;
  };
  return new AttributeFact(name, (attributes, slot, isSpan) => {
    const text = attributes.typeAt(slot) === 'string' ? attributes.valueAt(slot).string() : '';
    return (text !== '' || !isSpan) && test(text);
  });
}
