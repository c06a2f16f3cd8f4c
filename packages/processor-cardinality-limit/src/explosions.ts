import type { Context, DataPointView } from '@millrace/api';
import type { SeriesKey } from '@millrace/timeseries';
import type { Group } from './group.ts';
import { type ExplodingKey, KeyWatch } from './key-watch.ts';

/** How many points a second are looked at to find out which key explodes. */
const watchedPerSecond = 1000;
const reportSeconds = 60;
const maxReports = 10;

/** A metric near its limit, and the key that brings it there. */
export interface Explosion extends ExplodingKey {
  readonly metric: string;
  readonly folded: number;
}

/** Finds out which key has so many values that a metric comes over its limit, and says so. Looks at a bounded number of points a second. */
export class Explosions {
  readonly #identity: SeriesKey;
  readonly #logger: Context['logger'];
  #nowSeconds = 0;
  #watched = 0;
  #reports = 0;
  /** Bytes of what is remembered. */
  sizeBytes = 0;

  constructor(identity: SeriesKey, logger: Context['logger']) {
    this.#identity = identity;
    this.#logger = logger;
  }

  /** Time goes on. */
  begin(nowSeconds: number): void {
    if (nowSeconds !== this.#nowSeconds) this.#watched = 0;
    if (Math.floor(nowSeconds / reportSeconds) !== Math.floor(this.#nowSeconds / reportSeconds)) this.#reports = 0;
    this.#nowSeconds = nowSeconds;
  }

  /** A point of a metric that is near or over its limit. */
  watch({ attributes }: DataPointView, group: Group): void {
    if (this.#watched >= watchedPerSecond) return;
    this.#watched++;
    const before = group.watch?.sizeBytes ?? 0;
    group.watch ??= new KeyWatch(this.#identity);
    group.watch.add(attributes);
    this.sizeBytes += group.watch.sizeBytes - before;
  }

  /** A point of a metric that was folded or dropped. */
  count(point: DataPointView, group: Group): void {
    group.folded++;
    group.unreported++;
    this.watch(point, group);
  }

  /** Warns of a metric whose points were folded, not too often. */
  report(group: Group): void {
    if (group.unreported === 0 || this.#nowSeconds - group.reportedAtSeconds < reportSeconds || this.#reports >= maxReports) return;
    this.#reports++;
    group.reportedAtSeconds = this.#nowSeconds;
    const { key: exploding, values, samples } = group.watch?.worst ?? {};
    this.#logger.warn('A metric has more series than its limit; the others are folded.', {
      metric: group.name,
      limit: group.limits.limit,
      points: group.unreported,
      key: exploding,
      values,
      samples,
    });
    group.unreported = 0;
  }

  /** Forgets a metric. */
  forget({ watch }: Group): void {
    this.sizeBytes -= watch?.sizeBytes ?? 0;
  }
}

/** The metrics whose points were folded most, at most ten, with the key that explodes. */
export function worstExplosions(groups: readonly (Group | undefined)[]): Explosion[] {
  const found: Group[] = [];
  for (const group of groups) if (group !== undefined && group.folded > 0 && group.watch !== undefined) found.push(group);
  return found
    .sort((a, b) => b.folded - a.folded)
    .slice(0, maxReports)
    .flatMap(({ name, folded, watch }) => {
      const worst = watch!.worst;
      return worst === undefined ? [] : [{ metric: name, folded, ...worst }];
    });
}
