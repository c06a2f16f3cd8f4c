import type { Batch, ResourceEdit, ResourceView, Visitor } from '@millrace/api';
import { createBatch, key } from '@millrace/api';
import type { Key } from '@millrace/api';
import { skipField, walk } from '@millrace/wire';
import type { Walk } from '@millrace/wire';

const resourceTag = 0x0a;

/** The resources of one group: where they stand in the batch, and the items in them. */
interface Group {
  readonly ranges: number[];
  sizeBytes: number;
  items: number;
}

/** Splits batches by the text of a resource attribute. The bytes of each resource stay as they are. */
export class ResourceGroups implements Visitor {
  readonly #attribute: Key;
  readonly #walk: Walk;
  /** Of the current batch, in order of appearance; the group without the attribute is `undefined`. */
  readonly #groups = new Map<string | undefined, Group>();
  #current: Group | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(attribute: string) {
    this.#attribute = key(attribute);
    this.#walk = walk([this], (_, error) => {
      throw error;
    });
  }

  /** Calls back with each group's text and its part of the batch, which is released afterwards, then with the number of items in resources without such text. */
  split(batch: Batch, part: (text: string, batch: Batch) => void): number {
    this.#bytes = batch.bytes;
    this.#at = 0;
    this.#groups.clear();
    this.#walk.run(batch);
    const without = this.#groups.get(undefined)?.items ?? 0;
    for (const [text, group] of this.#groups) {
      if (text === undefined) continue;
      using split = this.#copy(batch, group);
      part(text, split);
    }
    this.#groups.clear();
    this.#bytes = Buffer.alloc(0);
    return without;
  }

  onResource(resource: ResourceEdit): void {
    const text = resource.attributes.string(this.#attribute);
    let group = this.#groups.get(text);
    if (group === undefined) this.#groups.set(text, (group = { ranges: [], sizeBytes: 0, items: 0 }));
    // The next resource of the batch is the one that is visited.
    let start = this.#at;
    while (this.#bytes[start] !== resourceTag) start = skipField(this.#bytes, start);
    this.#at = skipField(this.#bytes, start);
    const last = group.ranges.length - 1;
    if (group.ranges[last] === start) group.ranges[last] = this.#at;
    else group.ranges.push(start, this.#at);
    group.sizeBytes += this.#at - start;
    this.#current = group;
  }

  onResourceEnd(_: ResourceView, reached: number): void {
    (this.#current as Group).items += reached;
  }

  #copy(batch: Batch, { ranges, sizeBytes, items }: Group): Batch {
    if (sizeBytes === batch.sizeBytes) return batch.hold();
    const lease = batch.pool.lease(sizeBytes);
    let at = 0;
    for (let i = 0; i < ranges.length; i += 2) {
      const end = at + ranges[i + 1] - ranges[i];
      // In shared memory `fill` copies several times faster than `set`.
      // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a buffer takes the bytes
      lease.buffer.fill(this.#bytes.subarray(ranges[i], ranges[i + 1]), at, end);
      at = end;
    }
    return createBatch(batch.signal, lease, 0, sizeBytes, items, batch.client);
  }
}
