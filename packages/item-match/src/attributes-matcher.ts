import { isDeepStrictEqual } from 'node:util';
import { key, Key } from '@millrace/wire';
import type { AttributesView, Plain } from '@millrace/wire';
import { goFixed } from './go-number.ts';
import type { AttributeMatch, MatchType } from './match-config.ts';
import { TextSet } from './text-set.ts';

type Test = (attributes: AttributesView) => boolean;

/** Attributes that must all be there, with the given values. Without any, everything matches. */
export class AttributesMatcher {
  readonly #tests: readonly Test[];

  /** Throws an Error when a key is empty, and what `TextSet` throws. */
  constructor(attributes: readonly AttributeMatch[], type: MatchType) {
    this.#tests = attributes.map((attribute) => testOf(attribute, type));
  }

  /** Whether nothing is asked. */
  get isEmpty(): boolean {
    return this.#tests.length === 0;
  }

  matches(attributes: AttributesView): boolean {
    for (const test of this.#tests) if (!test(attributes)) return false;
    return true;
  }
}

function testOf({ key: name, value }: AttributeMatch, type: MatchType): Test {
  if (name === '') throw new Error("can't have empty key in the list of attributes");
  const wanted = key(name);
  if (value === undefined) return (attributes) => attributes.find(wanted) >= 0;
  const texts = typeof value === 'string' ? [value] : [];
  const set = new TextSet(texts, type);
  if (set.literals !== undefined) return strictTest(wanted, value);
  if (typeof value !== 'string') throw new Error(`match_type=regexp for "${name}" only supports Str, but found ${goTypeName(value)}`);
  return (attributes) => {
    const slot = attributes.find(wanted);
    return slot >= 0 && matchesText(attributes, slot, set);
  };
}

function strictTest(wanted: Key, value: Plain): Test {
  switch (typeof value) {
    case 'string': {
      const literal = new Key(value);
      return (attributes) => attributes.equals(wanted, literal);
    }
    case 'bigint':
      return (attributes) => attributes.bigint(wanted) === value;
    case 'boolean':
      return (attributes) => attributes.boolean(wanted) === value;
    default:
      return (attributes) => {
        const found = attributes.value(wanted)?.toPlain();
        return typeof value === 'number' ? found === value : isDeepStrictEqual(found, value);
      };
  }
}

/** Lists, maps, bytes and the empty value match no expression. */
function matchesText(attributes: AttributesView, slot: number, set: TextSet): boolean {
  switch (attributes.typeAt(slot)) {
    case 'string':
      return set.testRange(attributes.rangeAt(slot));
    case 'bool':
      return set.test(String(attributes.valueAt(slot).boolean()));
    case 'int':
      return set.test(String(attributes.valueAt(slot).bigint()));
    case 'double':
      return set.test(goFixed(attributes.valueAt(slot).number()));
    default:
      return false;
  }
}

function goTypeName(value: Plain): string {
  if (typeof value === 'bigint') return 'Int';
  if (typeof value === 'number') return 'Double';
  if (typeof value === 'boolean') return 'Bool';
  return Array.isArray(value) ? 'Slice' : 'Map';
}
