import { ByteStore, SeriesMap } from '@millrace/timeseries';
import type { PlainAttributes } from '@millrace/wire';
import type { Rule } from './rule.ts';

/** About the bytes of a group. */
const groupBytes = 700;

/** The series of one metric that come from one resource. */
export interface Group {
  readonly slot: number;
  readonly words: Int32Array;
  readonly rule: Rule;
  readonly name: string;
  readonly unit: string;
  readonly resource: PlainAttributes;
  series: number;
  /** The series that others are folded into under memory pressure; -1 until it is needed. */
  overflow: number;
}

/** The series that come out, by slot. */
export class OutputSeries {
  readonly map: SeriesMap = new SeriesMap();
  readonly attributes: ByteStore = new ByteStore();
  readonly groups: SeriesMap = new SeriesMap();
  readonly #groupOf = this.map.int32();
  readonly #groupAt: (Group | undefined)[] = [];

  /** Bytes of memory. */
  get sizeBytes(): number {
    return this.map.sizeBytes + this.attributes.sizeBytes + this.groups.sizeBytes + this.groups.size * groupBytes;
  }

  group(words: Int32Array): Group | undefined {
    const slot = this.groups.find(words);
    return slot < 0 ? undefined : this.#groupAt[slot];
  }

  addGroup(words: Int32Array, rule: Rule, name: string, unit: string, resource: PlainAttributes): Group {
    const slot = this.groups.add(words);
    const group: Group = { slot, words: Int32Array.from(words), rule, name, unit, resource, series: 0, overflow: -1 };
    this.#groupAt[slot] = group;
    return group;
  }

  /** The group in a slot of `groups`. */
  groupAt(slot: number): Group {
    return this.#groupAt[slot]!;
  }

  /** The group of the series in a slot of `map`. */
  groupOf(slot: number): Group {
    return this.#groupAt[this.#groupOf.values[slot]!]!;
  }

  /** Adds a series with its attributes, encoded as those of a number point, which are `[0, end)` of a buffer. */
  add(words: Int32Array, group: Group, attributes: Uint8Array, end: number, seen: number): number {
    const slot = this.map.add(words, seen);
    this.#groupOf.values[slot] = group.slot;
    this.attributes.set(slot, attributes, 0, end);
    group.series++;
    return slot;
  }

  /** Removes the series that were last seen before `before`, and groups that have none left. Looks at `limit` slots and goes on there the next time. */
  sweep(before: number, limit: number): void {
    this.map.sweep(before, limit, (slot) => {
      const group = this.groupOf(slot);
      if (group.overflow === slot) group.overflow = -1;
      this.attributes.delete(slot);
      if (--group.series > 0) return;
      this.groups.remove(group.slot);
      this.#groupAt[group.slot] = undefined;
    });
  }
}
