import { Sketch } from '@millrace/timeseries';
import { CacheTotals, Totals } from './totals.ts';
import type { CallSums } from './call-sums.ts';

/** By what a summary is broken down. */
export const summaryDimensions = ['model', 'provider', 'user', 'team', 'task', 'tier', 'api_key'] as const;

/** One of `summaryDimensions`. `tier` is the tier of the application's cache that answered. */
export type SummaryDimension = (typeof summaryDimensions)[number];

/** What happened in a span of time. */
export class SummaryBucket {
  readonly all: Totals = new Totals();
  readonly firstChunk: Sketch = new Sketch(5);
  readonly groups: Readonly<Record<SummaryDimension, Map<string, Totals>>>;
  readonly cache: Map<string, CacheTotals> = new Map();
  readonly errors: Map<string, number> = new Map();
  readonly counts: Map<string, number> = new Map();
  /** The maps of `groups`, by the places of `summaryDimensions`. */
  readonly #groups: readonly Map<string, Totals>[] = summaryDimensions.map(() => new Map<string, Totals>());

  constructor() {
    this.groups = Object.fromEntries(summaryDimensions.map((name, place) => [name, this.#groups[place]])) as SummaryBucket['groups'];
  }

  /** Counts a call; `values` are its names by the places of `summaryDimensions`, '' where it has none. */
  record(sums: CallSums, values: readonly string[], limit: number): void {
    this.all.record(sums);
    for (let place = 0; place < values.length; place++) {
      const value = values[place]!;
      if (value !== '') grouped(this.#groups[place]!, value, limit, makeTotals).record(sums);
    }
  }

  /** Likewise usage and cost alone. */
  recordUsage(sums: CallSums, values: readonly string[], limit: number): void {
    this.all.add(sums);
    for (const [place, value] of values.entries()) if (value !== '') grouped(this.#groups[place]!, value, limit, makeTotals).add(sums);
  }

  /** Counts one look into a tier of the application's cache. */
  recordCache(tier: string, hit: boolean, seconds: number, limit: number): void {
    grouped(this.cache, tier, limit, makeCacheTotals).record(hit, seconds);
  }

  /** Takes a judgement of an answer of a model, '' when nobody knows which. */
  rate(model: string, score: number, limit: number): void {
    this.all.rate(score);
    if (model !== '') grouped(this.groups.model, model, limit, makeTotals).rate(score);
  }

  add(other: SummaryBucket, limit: number): void {
    this.all.merge(other.all);
    this.firstChunk.merge(other.firstChunk);
    for (const name of summaryDimensions)
      for (const [value, totals] of other.groups[name]) grouped(this.groups[name], value, limit, makeTotals).merge(totals);
    for (const [tier, totals] of other.cache) grouped(this.cache, tier, limit, makeCacheTotals).add(totals);
    for (const [type, count] of other.errors) increment(this.errors, type, count, limit);
    for (const [name, count] of other.counts) increment(this.counts, name, count, limit);
  }

  /** Names that are told apart: groups of all dimensions, of about 1.3 kB each, and others, which take less. */
  get size(): number {
    let groups = this.cache.size + this.errors.size + this.counts.size;
    for (const name of summaryDimensions) groups += this.groups[name].size;
    return groups;
  }

  /** Counts together what was told apart, where it was much. */
  fold(): void {
    for (const name of summaryDimensions) {
      const groups = this.groups[name];
      if (groups.size <= fewValues) continue;
      const sum = makeTotals();
      for (const totals of groups.values()) sum.merge(totals);
      groups.clear();
      groups.set(others, sum);
    }
    for (const counts of [this.errors, this.counts]) {
      if (counts.size <= fewValues) continue;
      let sum = 0;
      for (const count of counts.values()) sum += count;
      counts.clear();
      counts.set(others, sum);
    }
    if (this.cache.size <= fewValues) return;
    const tiers = makeCacheTotals();
    for (const totals of this.cache.values()) tiers.add(totals);
    this.cache.clear();
    this.cache.set(others, tiers);
  }
}

/** So few values are worth their memory. */
const fewValues = 16;

/** What is counted together when there are more values than the limit. */
const others = '(other)';

const makeTotals = (): Totals => new Totals();
const makeCacheTotals = (): CacheTotals => new CacheTotals();

/** The group of a value; that of `others` once there are `limit` groups. */
function grouped<T>(groups: Map<string, T>, value: string, limit: number, make: () => T): T {
  const found = groups.get(value);
  if (found !== undefined) return found;
  const name = groups.size >= limit ? others : value;
  const known = groups.get(name);
  if (known !== undefined) return known;
  const made = make();
  groups.set(name, made);
  return made;
}

/** Adds to the count of a value, or of `others`. */
export function increment(counts: Map<string, number>, value: string, by: number, limit: number): void {
  const name = counts.has(value) || counts.size < limit ? value : others;
  counts.set(name, (counts.get(name) ?? 0) + by);
}
