import { Distribution, SeriesMap, writeAttribute } from '@millrace/timeseries';
import type { SeriesKey } from '@millrace/timeseries';
import type { DataPointView, PointWriter } from '@millrace/wire';
import { ByteWriter, key } from '@millrace/wire';
import type { Key } from '@millrace/wire';
import type { FoldedSeries } from './folded-series.ts';
import type { Group, Limits } from './group.ts';
import { Overflow } from './overflow.ts';

/** The attribute of an overflow series. */
export const overflowKey: Key = key('otel.metric.overflow');
const noAttributes = Buffer.alloc(0);
const scratch = new Distribution();
/** Places in an identity. */
const [mainOverflow, keptAttribute] = [20, 21];

/** The overflow series: the one of each metric, and those with the attributes that are within their limits. */
export class Overflows {
  readonly map: SeriesMap = new SeriesMap();
  /** Group of an overflow, and series that are folded into it. */
  readonly #of = this.map.int32(2);
  readonly #at: (Overflow | undefined)[] = [];
  readonly #identity: SeriesKey;
  readonly #hasRoom: (map: SeriesMap, more: number) => boolean;
  readonly #kept = new ByteWriter();
  readonly #writer = new ByteWriter();
  /** With points of the current metric. */
  readonly #touched: Overflow[] = [];
  #objectBytes = 0;

  /** `hasRoom`: whether a map may have one more entry with so many bytes beside it. */
  constructor(identity: SeriesKey, hasRoom: (map: SeriesMap, more: number) => boolean) {
    this.#identity = identity;
    this.#hasRoom = hasRoom;
  }

  /** Bytes of memory. */
  get sizeBytes(): number {
    return this.map.sizeBytes + this.#objectBytes;
  }

  /** A batch begins: what a failed walk left is not written. */
  begin(): void {
    this.#touched.length = 0;
  }

  at(slot: number): Overflow {
    return this.#at[slot]!;
  }

  /**
   * The slot of the overflow that a point goes into: one with the attributes that are within their limits, or else the metric's; -1 for none. `groupSlot` is -1
   * for a metric that is not remembered; `excess`: the keys, as bits, whose value is beyond their limit.
   */
  find({ attributes }: DataPointView, group: Group, groupSlot: number, excess: number, nowSeconds: number): number {
    if (excess !== 0) {
      const kept = this.#kept;
      kept.position = 0;
      const identity = this.#identity.start(group.words);
      for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
        if (isExcess(attributes.find(overflowKey) === slot, group.limits, excess, attributes.keyAt(slot))) continue;
        const { position } = kept;
        writeAttribute(kept, 0x0a, attributes, slot);
        identity.bytes(kept.buffer, position, kept.position, keptAttribute);
      }
      const found = this.map.find(identity.words);
      if (found >= 0) return found;
      if (kept.position > 0 && group.series + group.overflows < group.limits.limit) {
        const made = this.#add(identity.words, group, groupSlot, Buffer.from(kept.buffer.subarray(0, kept.position)), nowSeconds);
        if (made >= 0) return made;
      }
    }
    const { words } = this.#identity.start(group.words).number(0, mainOverflow);
    const found = this.map.find(words);
    return found >= 0 ? found : this.#add(words, group, groupSlot, noAttributes, nowSeconds);
  }

  #add(words: Int32Array, group: Group, groupSlot: number, attributes: Buffer, nowSeconds: number): number {
    const overflow = new Overflow(group.kind, attributes);
    // The room for a metric's own one was taken with the metric.
    if (groupSlot < 0 || (attributes !== noAttributes && !this.#hasRoom(this.map, overflow.sizeBytes))) return -1;
    const slot = this.map.add(words, nowSeconds);
    this.#at[slot] = overflow;
    this.#of.values[slot * 2] = groupSlot;
    this.#objectBytes += overflow.sizeBytes;
    group.overflows++;
    return slot;
  }

  /** So many more series, or less, are folded into an overflow: it stays as long as there are any. */
  addSeries(slot: number, count: number): void {
    this.#of.values[slot * 2 + 1]! += count;
  }

  /** Folds a point: its increment when its series is remembered, in a slot of `folded`; otherwise (-1) all of it. */
  fold(slot: number, point: DataPointView, group: Group, folded: FoldedSeries, foldedSlot: number): void {
    const overflow = this.#at[slot]!;
    const before = overflow.distribution?.sizeBytes ?? 0;
    if (!overflow.isTouched) this.#touched.push(overflow);
    overflow.span(point.startTimeUnixNano, point.timeUnixNano, group.isRunning);
    if (foldedSlot >= 0) folded.fold(foldedSlot, point, group, overflow);
    else if (overflow.distribution === undefined) overflow.addPoint(point);
    else {
      scratch.read(point);
      overflow.distribution.add(scratch);
    }
    this.#objectBytes += (overflow.distribution?.sizeBytes ?? 0) - before;
  }

  /** Appends the overflows of the current metric. */
  write(append: PointWriter, isRunning: boolean): void {
    for (const overflow of this.#touched) {
      this.#writer.position = 0;
      overflow.write(this.#writer, isRunning);
      append.point(this.#writer);
    }
    this.#touched.length = 0;
  }

  /** Forgets overflows that no series is folded into and that were last seen before `before`; `forgotten` is told the slot of the metric of each. */
  sweep(before: number, limit: number, forgotten: (groupSlot: number) => void): void {
    this.map.sweep(before, limit, (slot) => {
      if (this.#of.values[slot * 2 + 1]! > 0) return false;
      this.#objectBytes -= this.#at[slot]!.sizeBytes;
      this.#at[slot] = undefined;
      forgotten(this.#of.values[slot * 2]!);
      return undefined;
    });
  }
}

function isExcess(isMark: boolean, { keys }: Limits, excess: number, name: string): boolean {
  return isMark || keys.some(({ key: { text } }, i) => (excess & (1 << i)) !== 0 && text === name);
}
