import type { Context } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { Distribution, SeriesKey, SeriesMap, writeAttribute } from '@millrace/timeseries';
import type { DataPointView, MetricEdit, MetricView, PointWriter, ResourceEdit, ScopeEdit, Verdict, Visitor } from '@millrace/wire';
import { ByteWriter, key } from '@millrace/wire';
import type { CardinalityLimitConfig } from './config.ts';
import { FoldedSeries } from './folded-series.ts';
import { Group, groupBytes, limitsByName } from './group.ts';
import type { Limits } from './group.ts';
import { type ExplodingKey, KeyWatch } from './key-watch.ts';
import { Overflow } from './overflow.ts';

const overflowKey = key('otel.metric.overflow');
const noAttributes = Buffer.alloc(0);
const noRecordedValue = 1;
const scratch = new Distribution();
/** Places in an identity. */
const [resourcePlace, scopePlace, metricPlace, mainOverflow, keptAttribute, valuePlace] = [1, 2, 10, 20, 21, 100];
/** How many points a second are looked at to find out which key explodes. */
const watchedPerSecond = 1000;
const reportSeconds = 60;
const maxReports = 10;

/** A metric near its limit, and the key that brings it there. */
export interface Explosion extends ExplodingKey {
  readonly metric: string;
  readonly folded: number;
}

/**
 * Decides for each point whether its series has a place, and folds the points of those that have none. Of a running metric (cumulative, gauge,
 * summary) a series that was folded once stays folded until it expires: so none is counted twice.
 */
export class SeriesLimiter implements Visitor {
  readonly #context: Pick<Context, 'clock' | 'logger'>;
  readonly #limitsOf: (name: string) => Limits;
  readonly #expirySeconds: number;
  readonly #memoryBytes: number;
  readonly #startMs: number;
  readonly #identity = new SeriesKey();
  readonly #groups = new SeriesMap();
  readonly #groupAt: (Group | undefined)[] = [];
  readonly #series = new SeriesMap();
  readonly #groupOf = this.#series.int32();
  readonly #values = new SeriesMap();
  /** Group and number of the key limit of a value. */
  readonly #valueOf = this.#values.int32(2);
  readonly #overflows = new SeriesMap();
  /** Group of an overflow, and series that are folded into it. */
  readonly #overflowOf = this.#overflows.int32(2);
  readonly #overflowAt: (Overflow | undefined)[] = [];
  readonly #folded = new FoldedSeries();
  readonly #resource = new Int32Array(4);
  readonly #scope = new Int32Array(4);
  readonly #point = new Int32Array(4);
  readonly #kept = new ByteWriter();
  readonly #writer = new ByteWriter();
  /** Overflows with points of the current metric. */
  readonly #touched: Overflow[] = [];
  #group: Group | undefined;
  #groupSlot = -1;
  #nowSeconds = 0;
  #watched = 0;
  #reports = 0;
  /** Points of this batch. */
  folded = 0;
  dropped = 0;

  constructor(config: CardinalityLimitConfig, context: Pick<Context, 'clock' | 'logger'>) {
    this.#context = context;
    this.#limitsOf = limitsByName(config);
    this.#expirySeconds = Math.ceil(durationMs(config.expiry) / 1000);
    this.#memoryBytes = config.memory_limit_mib * 2 ** 20;
    this.#startMs = context.clock.now();
  }

  /** Series with a place of their own. */
  get series(): number {
    return this.#series.size;
  }

  /** Series that are remembered because they are folded. */
  get foldedSeries(): number {
    return this.#folded.map.size;
  }

  /** Bytes of what is remembered. */
  get sizeBytes(): number {
    const maps = this.#groups.sizeBytes + this.#series.sizeBytes + this.#values.sizeBytes + this.#overflows.sizeBytes;
    return maps + this.#folded.sizeBytes + this.#groups.size * groupBytes + this.#objectBytes;
  }

  /** Bytes of overflows and watches. */
  #objectBytes = 0;

  /** A batch of so many points begins. */
  begin(points: number): void {
    const now = Math.floor((this.#context.clock.now() - this.#startMs) / 1000);
    if (now !== this.#nowSeconds) this.#watched = 0;
    if (Math.floor(now / reportSeconds) !== Math.floor(this.#nowSeconds / reportSeconds)) this.#reports = 0;
    this.#nowSeconds = now;
    this.folded = this.dropped = 0;
    // What a failed walk left.
    this.#touched.length = 0;
    this.#sweep(points);
  }

  onResource({ attributes }: ResourceEdit): void {
    this.#resource.set(this.#identity.start().attributes(attributes, resourcePlace).words);
  }

  onScope({ name, version, attributes }: ScopeEdit): void {
    const identity = this.#identity
      .start(this.#resource)
      .text(name, scopePlace)
      .text(version, scopePlace + 1);
    this.#scope.set(identity.attributes(attributes, scopePlace + 2).words);
  }

  onMetric(metric: MetricEdit): Verdict {
    const { name, unit, type, temporality, isMonotonic } = metric;
    const identity = this.#identity
      .start(this.#scope)
      .text(name, metricPlace)
      .text(unit, metricPlace + 1);
    const { words } = identity.text(type, metricPlace + 2).number(temporality * 2 + (isMonotonic ? 1 : 0), metricPlace + 3);
    const slot = this.#groups.find(words);
    if (slot >= 0) {
      this.#groups.touch(slot, this.#nowSeconds);
      this.#groupSlot = slot;
      this.#group = this.#groupAt[slot];
      return undefined;
    }
    const group = new Group(metric, name, this.#limitsOf(name), words);
    this.#group = group;
    this.#groupSlot = -1;
    if (!this.#hasRoom(this.#groups, groupBytes)) return undefined;
    this.#groupSlot = this.#groups.add(group.words, this.#nowSeconds);
    this.#groupAt[this.#groupSlot] = group;
    return undefined;
  }

  onDataPoint(point: DataPointView): Verdict {
    const group = this.#group!;
    const { words } = this.#identity.start(group.words).attributes(point.attributes);
    if (group.limits.keys.length === 0) {
      const slot = this.#series.find(words);
      if (slot >= 0) {
        this.#series.touch(slot, this.#nowSeconds);
        return undefined;
      }
    }
    return this.#placeless(point, group, words);
  }

  /** A point whose series is not known to have a place. */
  #placeless(point: DataPointView, group: Group, words: Int32Array): Verdict {
    this.#point.set(words);
    if (group.isRunning) {
      const folded = this.#folded.map.find(this.#point);
      if (folded >= 0) {
        this.#folded.map.touch(folded, this.#nowSeconds);
        return this.#fold(point, group, this.#folded.overflowOf(folded), folded);
      }
    }
    const excess = this.#excessKeys(point, group);
    if (excess === 0) {
      if (group.limits.keys.length > 0) {
        const slot = this.#series.find(this.#point);
        if (slot >= 0) {
          this.#series.touch(slot, this.#nowSeconds);
          return undefined;
        }
      }
      if (this.#admit(point, group)) return undefined;
    }
    const overflow = this.#overflowFor(point, group, excess);
    if (!group.isRunning && overflow >= 0) return this.#fold(point, group, overflow, -1);
    if (overflow >= 0 && this.#hasRoom(this.#folded.map, group.kind === 'number' ? 0 : groupBytes)) {
      this.#overflowOf.values[overflow * 2 + 1]!++;
      return this.#fold(point, group, overflow, this.#folded.add(this.#point, overflow, group, this.#nowSeconds));
    }
    this.dropped++;
    this.#explain(point, group);
    return 'drop';
  }

  #hasRoom(map: SeriesMap, more = 0): boolean {
    return this.sizeBytes + more + (map.size < map.capacity ? 0 : map.sizeBytes) <= this.#memoryBytes;
  }

  /** Gives a series a place when there is one. Somebody else's overflow series is folded into ours. */
  #admit(point: DataPointView, group: Group): boolean {
    if (this.#groupSlot < 0 || group.series >= group.limits.limit || point.attributes.has(overflowKey) || !this.#hasRoom(this.#series))
      return false;
    const slot = this.#series.add(this.#point, this.#nowSeconds);
    this.#groupOf.values[slot] = this.#groupSlot;
    group.series++;
    if (group.series * 2 > group.limits.limit) this.#watch(point, group);
    return true;
  }

  /** The keys, as bits, whose value in this point is beyond their limit. */
  #excessKeys({ attributes }: DataPointView, group: Group): number {
    const { keys } = group.limits;
    let excess = 0;
    for (let i = 0; i < keys.length; i++) {
      const at = attributes.find(keys[i]!.key);
      if (at < 0) continue;
      const { words } = this.#identity.start(group.words).attribute(attributes, at, valuePlace + i);
      const known = this.#values.find(words);
      if (known >= 0) this.#values.touch(known, this.#nowSeconds);
      else if (this.#groupSlot < 0 || group.values[i]! >= keys[i]!.limit || !this.#hasRoom(this.#values)) excess |= 1 << i;
      else {
        const slot = this.#values.add(words, this.#nowSeconds);
        this.#valueOf.values[slot * 2] = this.#groupSlot;
        this.#valueOf.values[slot * 2 + 1] = i;
        group.values[i]!++;
      }
    }
    return excess;
  }

  /** The slot of the overflow that a point goes into: one with the attributes that are within their limits, or else the metric's; -1 for none. */
  #overflowFor({ attributes }: DataPointView, group: Group, excess: number): number {
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
      const found = this.#overflows.find(identity.words);
      if (found >= 0) return found;
      if (kept.position > 0 && group.series + group.overflows < group.limits.limit) {
        const made = this.#addOverflow(identity.words, group, Buffer.from(kept.buffer.subarray(0, kept.position)));
        if (made >= 0) return made;
      }
    }
    const { words } = this.#identity.start(group.words).number(0, mainOverflow);
    const found = this.#overflows.find(words);
    return found >= 0 ? found : this.#addOverflow(words, group, noAttributes);
  }

  #addOverflow(words: Int32Array, group: Group, attributes: Buffer): number {
    const overflow = new Overflow(group.kind, attributes);
    // The room for a metric's own one was taken with the metric.
    if (this.#groupSlot < 0 || (attributes !== noAttributes && !this.#hasRoom(this.#overflows, overflow.sizeBytes))) return -1;
    const slot = this.#overflows.add(words, this.#nowSeconds);
    this.#overflowAt[slot] = overflow;
    this.#overflowOf.values[slot * 2] = this.#groupSlot;
    this.#objectBytes += overflow.sizeBytes;
    group.overflows++;
    return slot;
  }

  #fold(point: DataPointView, group: Group, slot: number, folded: number): Verdict {
    const overflow = this.#overflowAt[slot]!;
    const before = overflow.distribution?.sizeBytes ?? 0;
    this.#overflows.touch(slot, this.#nowSeconds);
    this.folded++;
    this.#explain(point, group);
    // A point without a value, or with one that would spoil the sum for ever, adds nothing.
    if ((point.flags & noRecordedValue) !== 0 || (group.kind === 'number' && !Number.isFinite(point.number))) return 'drop';
    if (!overflow.isTouched) this.#touched.push(overflow);
    overflow.span(point.startTimeUnixNano, point.timeUnixNano, group.isRunning);
    if (folded >= 0) this.#folded.fold(folded, point, group, overflow);
    else if (overflow.distribution === undefined) overflow.addPoint(point);
    else this.#addPoint(point, overflow);
    this.#objectBytes += (overflow.distribution?.sizeBytes ?? 0) - before;
    return 'drop';
  }

  #addPoint(point: DataPointView, overflow: Overflow): void {
    scratch.read(point);
    overflow.distribution!.add(scratch);
  }

  #explain(point: DataPointView, group: Group): void {
    group.folded++;
    group.unreported++;
    this.#watch(point, group);
  }

  #watch({ attributes }: DataPointView, group: Group): void {
    if (this.#watched >= watchedPerSecond) return;
    this.#watched++;
    const before = group.watch?.sizeBytes ?? 0;
    group.watch ??= new KeyWatch(this.#identity);
    group.watch.add(attributes);
    this.#objectBytes += group.watch.sizeBytes - before;
  }

  onMetricEnd(_: MetricView, append: PointWriter): void {
    const group = this.#group!;
    for (const overflow of this.#touched) {
      this.#writer.position = 0;
      overflow.write(this.#writer, group.isRunning);
      append.point(this.#writer);
    }
    this.#touched.length = 0;
    if (group.unreported > 0 && this.#nowSeconds - group.reportedAtSeconds >= reportSeconds && this.#reports < maxReports)
      this.#report(group);
  }

  #report(group: Group): void {
    this.#reports++;
    group.reportedAtSeconds = this.#nowSeconds;
    const { key: exploding, values, samples } = group.watch?.worst ?? {};
    this.#context.logger.warn('A metric has more series than its limit; the others are folded.', {
      metric: group.name,
      limit: group.limits.limit,
      points: group.unreported,
      key: exploding,
      values,
      samples,
    });
    group.unreported = 0;
  }

  /** The metrics whose points were folded most, at most ten, with the key that explodes. */
  explosions(): Explosion[] {
    const found: Group[] = [];
    for (const group of this.#groupAt) if (group !== undefined && group.folded > 0 && group.watch !== undefined) found.push(group);
    return found
      .sort((a, b) => b.folded - a.folded)
      .slice(0, maxReports)
      .flatMap(({ name, folded, watch }) => {
        const worst = watch!.worst;
        return worst === undefined ? [] : [{ metric: name, folded, ...worst }];
      });
  }

  /** Forgets what has not been seen for as long as `expiry`. Costs in proportion to the points that came. */
  #sweep(points: number): void {
    const before = this.#nowSeconds - this.#expirySeconds;
    if (before <= 0) return;
    const limit = 256 + points;
    this.#series.sweep(before, limit, (slot) => void this.#groupAt[this.#groupOf.values[slot]!]!.series--);
    this.#values.sweep(before, limit, (slot) => {
      this.#groupAt[this.#valueOf.values[slot * 2]!]!.values[this.#valueOf.values[slot * 2 + 1]!]!--;
    });
    this.#folded.map.sweep(before, limit, (slot) => {
      const overflow = this.#folded.overflowOf(slot);
      this.#folded.forget(slot, this.#overflowAt[overflow]!);
      this.#overflowOf.values[overflow * 2 + 1]!--;
    });
    this.#overflows.sweep(before, limit, (slot) => {
      if (this.#overflowOf.values[slot * 2 + 1]! > 0) return false;
      this.#objectBytes -= this.#overflowAt[slot]!.sizeBytes;
      this.#overflowAt[slot] = undefined;
      this.#groupAt[this.#overflowOf.values[slot * 2]!]!.overflows--;
      return undefined;
    });
    this.#groups.sweep(before, limit, (slot) => {
      const group = this.#groupAt[slot]!;
      if (group.series > 0 || group.overflows > 0 || group.values.some((count) => count > 0)) return false;
      this.#objectBytes -= group.watch?.sizeBytes ?? 0;
      this.#groupAt[slot] = undefined;
      return undefined;
    });
  }
}

function isExcess(isMark: boolean, { keys }: Limits, excess: number, name: string): boolean {
  return isMark || keys.some(({ key: { text } }, i) => (excess & (1 << i)) !== 0 && text === name);
}
