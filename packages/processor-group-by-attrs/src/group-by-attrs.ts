import { setImmediate } from 'node:timers/promises';
import { key, lend } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, DataPointView, Key, LogView, PipelineError, SpanView, Stage } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { Walk } from '@millrace/wire';
import type { GroupByAttrsConfig } from './config.ts';
import { createGroupMetrics } from './group-metrics.ts';
import type { GroupMetrics } from './group-metrics.ts';
import { Grouping } from './grouping.ts';
import { ItemSet } from './item-set.ts';

/** What a batch may have in bytes beyond those of the request: at most this, and this share of the memory that is left. */
const mostAddedBytes = 4 * 2 ** 20;
const shareOfMemory = 1 / 16;

/**
 * Regroups each batch: attributes move from items to resources, of which equal ones become one. Every resource that comes out has a copy of what its items'
 * resource had, so that a small request may become a very large one: then it leaves as several batches, one after the other, each made when the one before was taken.
 */
export class GroupByAttrs implements Stage {
  readonly #keys: readonly Key[];
  readonly #next: Consumer;
  readonly #metrics: GroupMetrics;
  readonly #walk: Walk;
  #grouping!: Grouping;
  /** Items of the batch that are to be looked at; undefined for all of them. */
  #wanted: ItemSet | undefined;
  /** Those of them that are left for another batch. */
  #left: ItemSet | undefined;
  #item = 0;

  constructor({ keys }: GroupByAttrsConfig, next: Consumer, context: Context) {
    this.#keys = [...new Set(keys)].map((name) => key(name));
    this.#next = next;
    this.#metrics = createGroupMetrics(context);
    const add = (item: SpanView | LogView | DataPointView): 'drop' => {
      const number = this.#item++;
      if (this.#wanted?.has(number) === false) return 'drop';
      const isGrouped = this.#grouping.add(item);
      if (isGrouped === undefined) (this.#left ??= new ItemSet()).add(number);
      else if (isGrouped) this.#metrics.grouped++;
      else this.#metrics.nonGrouped++;
      return 'drop';
    };
    this.#walk = walk(
      [
        {
          traits: { refuses: true },
          onResource: () => this.#grouping.enterResource(),
          onSpan: add,
          onLog: add,
          onDataPoint: add,
        },
      ],
      () => {},
    );
  }

  consume(batch: Batch): Consumed {
    if (batch.signal === 'profiles') return this.#next.consume(batch);
    const { grouped, groups, left } = this.#group(batch, undefined);
    if (left !== undefined && grouped !== undefined) return this.#consumeInParts(batch, grouped, groups, left);
    this.#metrics.left(groups);
    return grouped === undefined ? undefined : lend(this.#next, grouped);
  }

  /** Groups those items of a batch that are wanted, until the result is large; then only further ones of the groups that it has. */
  #group(batch: Batch, wanted: ItemSet | undefined): { grouped: Batch | undefined; groups: number; left: ItemSet | undefined } {
    const { signal, pool, sizeBytes, client } = batch;
    const mostBytes = sizeBytes + Math.min(mostAddedBytes, pool.ledger.available * shareOfMemory);
    using grouping = new Grouping(signal as Exclude<typeof signal, 'profiles'>, this.#keys, pool, mostBytes);
    this.#grouping = grouping;
    this.#wanted = wanted;
    this.#left = undefined;
    this.#item = 0;
    this.#walk.run(batch)?.release();
    return { groups: grouping.size, grouped: grouping.finish(client), left: this.#left };
  }

  async #consumeInParts(batch: Batch, first: Batch, firstGroups: number, leftByFirst: ItemSet): Promise<void> {
    const held = batch.hold();
    try {
      let part: Batch | undefined = first;
      let left: ItemSet | undefined = leftByFirst;
      let groups = firstGroups;
      while (part !== undefined) {
        await lend(this.#next, part);
        if (left === undefined) break;
        // There may be thousands of parts: others go first in between.
        await setImmediate();
        const more = this.#group(held, left);
        groups += more.groups;
        ({ grouped: part, left } = more);
      }
      this.#metrics.left(groups);
    } finally {
      held.release();
    }
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }
}
