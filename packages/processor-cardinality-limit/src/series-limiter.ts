import type { Context } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { SeriesKey, SeriesMap } from '@millrace/timeseries';
import type { DataPointView, MetricEdit, MetricView, PointWriter, ResourceEdit, ScopeEdit, Verdict, Visitor } from '@millrace/wire';
import type { CardinalityLimitConfig } from './config.ts';
import { Explosions, worstExplosions } from './explosions.ts';
import type { Explosion } from './explosions.ts';
import { FoldedSeries } from './folded-series.ts';
import { Group, groupBytes, limitsByName } from './group.ts';
import type { Limits } from './group.ts';
import { overflowKey, Overflows } from './overflows.ts';

const noRecordedValue = 1;
/** Places in an identity. */
const [resourcePlace, scopePlace, metricPlace, valuePlace] = [1, 2, 10, 100];
/**
 * Decides for each point whether its series has a place, and folds the points of those that have none. Of a running metric (cumulative, gauge,
 * summary) a series that was folded once stays folded until it expires: so none is counted twice.
 */
export class SeriesLimiter implements Visitor {
  readonly #clock: Context['clock'];
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
  readonly #overflows = new Overflows(this.#identity, (map, more) => this.#hasRoom(map, more));
  readonly #folded = new FoldedSeries();
  readonly #explosions: Explosions;
  readonly #resource = new Int32Array(4);
  readonly #scope = new Int32Array(4);
  readonly #point = new Int32Array(4);
  #group: Group | undefined;
  #groupSlot = -1;
  #nowSeconds = 0;
  /** Points of this batch. */
  folded = 0;
  dropped = 0;

  constructor(config: CardinalityLimitConfig, context: Pick<Context, 'clock' | 'logger'>) {
    this.#clock = context.clock;
    this.#explosions = new Explosions(this.#identity, context.logger);
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
    return maps + this.#folded.sizeBytes + this.#groups.size * groupBytes + this.#explosions.sizeBytes;
  }

  /** A batch of so many points begins. */
  begin(points: number): void {
    this.#nowSeconds = Math.floor((this.#clock.now() - this.#startMs) / 1000);
    this.#explosions.begin(this.#nowSeconds);
    this.#overflows.begin();
    this.folded = this.dropped = 0;
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
    const overflow = this.#overflows.find(point, group, this.#groupSlot, excess, this.#nowSeconds);
    if (!group.isRunning && overflow >= 0) return this.#fold(point, group, overflow, -1);
    if (overflow >= 0 && this.#hasRoom(this.#folded.map, group.kind === 'number' ? 0 : groupBytes)) {
      this.#overflows.addSeries(overflow, 1);
      return this.#fold(point, group, overflow, this.#folded.add(this.#point, overflow, group, this.#nowSeconds));
    }
    this.dropped++;
    this.#explosions.count(point, group);
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
    if (group.series * 2 > group.limits.limit) this.#explosions.watch(point, group);
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

  #fold(point: DataPointView, group: Group, slot: number, folded: number): Verdict {
    this.#overflows.map.touch(slot, this.#nowSeconds);
    this.folded++;
    this.#explosions.count(point, group);
    // A point without a value, or with one that would spoil the sum for ever, adds nothing.
    if ((point.flags & noRecordedValue) !== 0 || (group.kind === 'number' && !Number.isFinite(point.number))) return 'drop';
    this.#overflows.fold(slot, point, group, this.#folded, folded);
    return 'drop';
  }

  onMetricEnd(_: MetricView, append: PointWriter): void {
    const group = this.#group!;
    this.#overflows.write(append, group.isRunning);
    this.#explosions.report(group);
  }

  /** The metrics whose points were folded most, at most ten, with the key that explodes. */
  explosions(): Explosion[] {
    return worstExplosions(this.#groupAt);
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
      this.#folded.forget(slot, this.#overflows.at(overflow));
      this.#overflows.addSeries(overflow, -1);
    });
    this.#overflows.sweep(before, limit, (groupSlot) => void this.#groupAt[groupSlot]!.overflows--);
    this.#groups.sweep(before, limit, (slot) => {
      const group = this.#groupAt[slot]!;
      if (group.series > 0 || group.overflows > 0 || group.values.some((count) => count > 0)) return false;
      this.#explosions.forget(group);
      this.#groupAt[slot] = undefined;
      return undefined;
    });
  }
}
