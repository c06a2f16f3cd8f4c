import type { AttributesView, Plain } from '@millrace/api';
import type { TransformContext } from '@millrace/ottl';
import type { NewScope } from '@millrace/wire';
import type { Definition } from './definition.ts';

interface Sum {
  readonly attributes: { readonly [key: string]: Plain };
  sum: number;
}

const none: readonly (readonly [string, Plain])[] = [];

/** What Go reads as a number, but for hexadecimal. */
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const infinite = /^([+-]?)inf(?:inity)?$/i;

/** Sums an attribute of the items of one kind within a resource. */
export class Summer {
  readonly #definitions: readonly Definition[];
  readonly #sums: readonly Map<string, Sum>[];

  constructor(definitions: readonly Definition[]) {
    this.#definitions = definitions;
    this.#sums = definitions.map(() => new Map());
  }

  /** Adds the value of what the context shows, in each metric whose condition holds and whose attributes are there. */
  add(shown: TransformContext, attributes: AttributesView): void {
    for (let i = 0; i < this.#definitions.length; i++) {
      const { source, condition, attributes: wanted } = this.#definitions[i];
      const values = wanted.length === 0 ? none : valuesOf(wanted, attributes);
      if (values === undefined || condition?.(shown) === false) continue;
      // A text that looks like another attribute's number is kept apart by its quotes, an int of a default by its brackets.
      const name =
        values.length === 0 ? '' : JSON.stringify(values, (_key, value: unknown) => (typeof value === 'bigint' ? [String(value)] : value));
      const number = attributes.number(source) ?? numberOf(attributes.string(source));
      const sums = this.#sums[i];
      const found = sums.get(name);
      if (found === undefined) sums.set(name, { attributes: Object.fromEntries(values), sum: number });
      else found.sum += number;
    }
  }

  /** Whether something was summed. */
  get hasSums(): boolean {
    return this.#sums.some(({ size }) => size > 0);
  }

  /** Adds the sums as points and begins anew. */
  flush(scope: NewScope | undefined, nowNanos: bigint): void {
    for (let i = 0; i < this.#definitions.length; i++) {
      const sums = this.#sums[i];
      if (sums.size === 0) continue;
      const { name, description } = this.#definitions[i];
      const metric = scope?.metric({ name, description, type: 'sum', temporality: 1, isMonotonic: true });
      for (const { attributes, sum } of sums.values()) metric?.point({ attributes, asDouble: sum, timeUnixNano: nowNanos });
      sums.clear();
    }
  }
}

/** The attributes of an item's sum; undefined when one is missing. */
function valuesOf(wanted: Definition['attributes'], attributes: AttributesView): readonly (readonly [string, Plain])[] | undefined {
  const values: [string, Plain][] = [];
  for (const { key, fallback } of wanted) {
    const value = attributes.has(key) ? labelOf(attributes.value(key)!.toPlain()) : fallback;
    if (value === undefined) return undefined;
    values.push([key.text, value]);
  }
  return values;
}

/** The number that a text is; 0 for what is none. */
function numberOf(value: string | undefined): number {
  if (value === undefined) return 0;
  if (decimal.test(value)) return Number(value);
  const sign = infinite.exec(value)?.[1];
  if (sign !== undefined) return sign === '-' ? -Infinity : Infinity;
  return /^nan$/i.test(value) ? NaN : 0;
}

/** Texts and numbers as texts; an empty text, 0 and any other value are none. */
function labelOf(value: Plain): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'bigint') return value === 0n ? undefined : String(value);
  return typeof value === 'number' && value !== 0 ? String(value) : undefined;
}
