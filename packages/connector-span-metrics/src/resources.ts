import type { AttributesView, KeySet } from '@millrace/api';
import { SeriesKey } from '@millrace/timeseries';
import { ByteWriter } from '@millrace/wire';

const attributeTag = 0x0a;
/** The identity of the resource that stands for all that there is no room for, and its one attribute: `otel.metric.overflow`, true. */
const overflowName = '\xff'.repeat(16);
const overflowAttributes = Buffer.from('\n\x1a\n\x14otel.metric.overflow\x12\x02\x10\x01', 'latin1');
/** About what the objects of a resource take beside its attributes. */
const overheadBytes = 600;

/** A resource with the slots of its series. */
export interface ResourceSeries {
  /** Its identity. */
  readonly words: Int32Array;
  /** Its encoded attributes. */
  readonly attributes: Buffer;
  readonly calls: number[];
  readonly durations: number[];
  readonly events: number[];
  /** When a span of it came last, in milliseconds since the epoch. */
  seenMs: number;
  /** Whether there is something that was not reported. */
  isPending: boolean;
}

/**
 * The resources that are remembered: at most `capacity`, those that were silent for longest go first. One that went is kept until it was reported once
 * more, and comes back when a span of it arrives before.
 */
export class Resources {
  readonly #capacity: number;
  readonly #keys: KeySet | undefined;
  readonly #live = new Map<string, ResourceSeries>();
  readonly #leaving = new Map<string, ResourceSeries>();
  readonly #identity = new SeriesKey();
  readonly #scratch = new ByteWriter();
  readonly #name = Buffer.alloc(16);
  readonly #words = new Int32Array(this.#name.buffer, this.#name.byteOffset, 4);
  #bytes = 0;

  /** `keys`: attributes by which resources are told apart; absent: all. */
  constructor(capacity: number, keys: KeySet | undefined) {
    this.#capacity = capacity;
    this.#keys = keys;
  }

  /** Bytes of the resources themselves, without their series. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  /** The resource with these attributes; when it is new and there is no room, the one that stands for all of those. */
  find(attributes: AttributesView, hasRoom: boolean): ResourceSeries {
    this.#identify(attributes);
    let name = this.#name.latin1Slice(0, 16);
    if (!hasRoom && !this.#live.has(name) && !this.#leaving.has(name)) {
      name = overflowName;
      this.#words.fill(-1);
    }
    let found = this.#live.get(name);
    if (found !== undefined) this.#live.delete(name);
    else if ((found = this.#leaving.get(name)) !== undefined) this.#leaving.delete(name);
    else found = this.#make(name === overflowName ? overflowAttributes : this.#encoded(attributes));
    this.#live.set(name, found);
    if (this.#live.size > this.#capacity) {
      const [[oldest, leaving]] = this.#live as unknown as [[string, ResourceSeries]];
      this.#live.delete(oldest);
      this.#leaving.set(oldest, leaving);
    }
    return found;
  }

  #identify(attributes: AttributesView): void {
    const identity = this.#identity.start();
    const keys = this.#keys;
    if (keys === undefined) identity.attributes(attributes);
    else {
      const scratch = this.#scratch;
      for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
        if (!attributes.keyIn(slot, keys)) continue;
        scratch.position = 0;
        attributes.copyAt(slot, scratch, attributeTag);
        identity.bytes(scratch.buffer, 0, scratch.position, 0);
      }
    }
    this.#words.set(identity.words);
  }

  #encoded(attributes: AttributesView): Buffer {
    const scratch = this.#scratch;
    scratch.position = 0;
    for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) attributes.copyAt(slot, scratch, attributeTag);
    return Buffer.from(scratch.buffer.subarray(0, scratch.position));
  }

  #make(encoded: Buffer): ResourceSeries {
    this.#bytes += overheadBytes + encoded.length;
    return {
      words: Int32Array.from(this.#words),
      attributes: encoded,
      calls: [],
      durations: [],
      events: [],
      seenMs: 0,
      isPending: false,
    };
  }

  /** Every resource, those that leave last. */
  *all(): Iterable<ResourceSeries> {
    yield* this.#live.values();
    yield* this.#leaving.values();
  }

  /** Lets those go that were seen last at this time or before; they are reported once more. */
  expire(seenMs: number): void {
    for (const [name, resource] of this.#live) {
      if (resource.seenMs > seenMs) continue;
      this.#live.delete(name);
      this.#leaving.set(name, resource);
    }
  }

  /** Forgets those that left, or all of them, after `forget` was called with each. */
  clear(everything: boolean, forget: (resource: ResourceSeries) => void): void {
    for (const resource of this.#leaving.values()) this.#forget(resource, forget);
    this.#leaving.clear();
    if (!everything) return;
    for (const resource of this.#live.values()) this.#forget(resource, forget);
    this.#live.clear();
  }

  #forget(resource: ResourceSeries, forget: (resource: ResourceSeries) => void): void {
    this.#bytes -= overheadBytes + resource.attributes.length;
    forget(resource);
  }
}
