import type { AttributesView, Plain } from '@millrace/api';
import type { TransformContext } from '@millrace/ottl';
import { ByteWriter, type NewScope } from '@millrace/wire';
import type { Definition } from './definition.ts';

interface Count {
  readonly attributes: { readonly [key: string]: Plain };
  count: number;
}

const attributeTag = 0x0a;

/** Counts the items of one kind within a resource. */
export class Counter {
  readonly #definitions: readonly Definition[];
  readonly #counts: readonly Map<string, Count>[];
  readonly #scratch = new ByteWriter();
  #firstNanos = 0n;
  #lastNanos = 0n;

  constructor(definitions: readonly Definition[]) {
    this.#definitions = definitions;
    this.#counts = definitions.map(() => new Map());
  }

  /** Counts what the context shows, in each metric whose condition holds and whose attributes are there; the first list that has one counts. */
  add(shown: TransformContext, lists: readonly AttributesView[]): void {
    for (let i = 0; i < this.#definitions.length; i++) {
      const definition = this.#definitions[i];
      const name = definition.attributes.length === 0 ? '' : this.#identify(definition, lists);
      if (name === undefined || definition.condition?.(shown) === false) continue;
      const counts = this.#counts[i];
      const found = counts.get(name);
      if (found === undefined) counts.set(name, { attributes: attributesOf(definition, lists), count: 1 });
      else found.count++;
    }
  }

  /** The encoded attributes of an item's count; undefined when one is missing. */
  #identify({ attributes }: Definition, lists: readonly AttributesView[]): string | undefined {
    const scratch = this.#scratch;
    scratch.position = 0;
    for (let i = 0; i < attributes.length; i++) {
      const { key, hasFallback } = attributes[i];
      let slot = -1;
      for (let k = 0; slot < 0 && k < lists.length; k++) {
        slot = lists[k].find(key);
        if (slot >= 0) lists[k].copyAt(slot, scratch, attributeTag);
      }
      if (slot >= 0) continue;
      if (!hasFallback) return undefined;
      // No tag of an attribute.
      scratch.byte(0);
    }
    return scratch.buffer.latin1Slice(0, scratch.position);
  }

  /** Notes a time of an item; 0 is none. */
  note(nanos: bigint): void {
    if (nanos === 0n) return;
    if (this.#firstNanos === 0n) this.#firstNanos = this.#lastNanos = nanos;
    else if (nanos < this.#firstNanos) this.#firstNanos = nanos;
    else if (nanos > this.#lastNanos) this.#lastNanos = nanos;
  }

  /** Whether something was counted. */
  get hasCounts(): boolean {
    return this.#counts.some(({ size }) => size > 0);
  }

  /** Adds the counts as points, from the first time that was noted to the last, and begins anew. */
  flush(scope: NewScope | undefined, nowNanos: bigint): void {
    const times = this.#firstNanos === 0n ? [nowNanos, nowNanos] : [this.#firstNanos, this.#lastNanos];
    for (let i = 0; i < this.#definitions.length; i++) {
      const counts = this.#counts[i];
      if (counts.size === 0) continue;
      const { name, description } = this.#definitions[i];
      const metric = scope?.metric({ name, description, type: 'sum', temporality: 1, isMonotonic: true });
      for (const { attributes, count } of counts.values()) {
        metric?.point({ attributes, asInt: BigInt(count), startTimeUnixNano: times[0], timeUnixNano: times[1] });
      }
      counts.clear();
    }
    this.#firstNanos = this.#lastNanos = 0n;
  }
}

function attributesOf({ attributes }: Definition, lists: readonly AttributesView[]): Count['attributes'] {
  return Object.fromEntries(
    attributes.map(({ key, fallback }): [string, Plain] => {
      const found = lists.find((list) => list.has(key));
      return [key.text, found === undefined ? fallback : found.value(key)!.toPlain()];
    }),
  );
}
