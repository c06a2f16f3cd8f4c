import type { Call } from '../call.ts';
import { CallSums } from './call-sums.ts';
import type { SummaryCost } from './call-sums.ts';
import { increment, SummaryBucket, summaryDimensions } from './summary-bucket.ts';
import type { SummaryDimension } from './summary-bucket.ts';
import { isTime } from './totals.ts';

/** What a `UsageSummary` is made with. */
export interface UsageSummaryOptions {
  /** How long hours are remembered, in milliseconds. Default 7 days. */
  readonly retentionMs?: number;
  /** Models, users, tasks, ... that are told apart in a minute or hour; the rest is `(other)`. Default 1,000. */
  readonly limit?: number;
  /** ISO 4217: amounts in another currency are left out and counted. Default `USD`. */
  readonly currency?: string;
  /** Milliseconds since the epoch: what says that it happened later happened now. Default: nothing is too late. */
  readonly now?: () => number;
}

/** When something happened, and how long it took; NaN when nobody knows. */
export interface Moment {
  readonly unixMs: number;
  readonly durationMs: number;
}

/** A window that has been put together: `SummaryBucket` with its bounds. */
export interface SummaryWindow {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly currency: string;
  /** Calls whose amount is in another currency, and is in no sum. */
  readonly otherCurrencies: number;
  readonly bucket: SummaryBucket;
}

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** Windows up to this long are made of minutes, longer ones of hours. */
const minutesKept = 180;
/** All minutes, and all hours, have together so many times the groups that one of them can have: then the oldest tell them apart no more. */
const fullBuckets = 200;
/** How often that is looked after, in events. */
const eventsPerLook = 10_000;

/**
 * What happened in the last minutes to days, in memory: calls by model, user, task and so on, with tokens, cost, savings, cache, latency, quality
 * and errors. Time is the events' own. A window up to 3 hours is made of whole minutes, a longer one of whole hours, the current one included.
 * Bounded by the time that is kept and the number of groups, of which the oldest minutes and hours give up theirs when all are too many; what is older than that is not taken, and counted in `tooOld`.
 */
export class UsageSummary {
  readonly #minutes = new Map<number, SummaryBucket>();
  readonly #hours = new Map<number, SummaryBucket>();
  readonly #retentionMs: number;
  readonly #limit: number;
  readonly #currency: string;
  readonly #now: () => number;
  readonly #foreign = new Map<number, number>();
  readonly #sums = new CallSums();
  /** Of the call at hand, by the places of `summaryDimensions`. */
  readonly #values: string[] = summaryDimensions.map(() => '');
  readonly #found: SummaryBucket[] = [];
  #latestMs = 0;
  #earliestMs = 0;
  #events = 0;
  /** Events that came when their time had been forgotten. */
  tooOld = 0;

  constructor({ retentionMs = 7 * 24 * hourMs, limit = 1000, currency = 'USD', now = () => Infinity }: UsageSummaryOptions = {}) {
    this.#retentionMs = retentionMs;
    this.#limit = limit;
    this.#currency = currency;
    this.#now = now;
  }

  /** The time of the latest event; 0 before the first. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** The time of the earliest event that was taken; 0 before the first. It may be forgotten since. */
  get earliestMs(): number {
    return this.#earliestMs;
  }

  /** Counts a call of a model (or an answer of the application's cache). Both objects may be reused. */
  record(call: Call, cost: SummaryCost, { unixMs, durationMs }: Moment): void {
    const buckets = this.#bucketsOf(unixMs);
    if (buckets.length === 0) return;
    this.#sums.read(call, cost, this.#counts(cost), durationMs / 1000);
    this.#read(call);
    if (this.#sums.cost === undefined) this.#countForeign(unixMs);
    for (const bucket of buckets) {
      bucket.record(this.#sums, this.#values, this.#limit);
      if (isTime(call.timeToFirstChunk)) bucket.firstChunk.add(call.timeToFirstChunk);
      if (call.errorType !== '') increment(bucket.errors, call.errorType, 1, this.#limit);
    }
  }

  /** Adds tokens and cost that no call told, such as those of an agent whose calls are silent. Both objects may be reused. */
  recordUsage(call: Call, cost: SummaryCost, unixMs: number): void {
    const buckets = this.#bucketsOf(unixMs);
    this.#sums.readUsage(call.usage, cost, this.#counts(cost));
    this.#read(call);
    if (this.#sums.cost === undefined && buckets.length > 0) this.#countForeign(unixMs);
    for (const bucket of buckets) bucket.recordUsage(this.#sums, this.#values, this.#limit);
  }

  /** Whether amounts are in the currency of the sums, or there are none. */
  #counts({ currency, amount, estimated, savings }: SummaryCost): boolean {
    if (currency === this.#currency) return true;
    return amount === 0n && estimated === 0n && savings.cache === 0n && savings.routing === 0n && savings.batch === 0n;
  }

  #countForeign(unixMs: number): void {
    const hour = Math.floor(this.timeOf(unixMs) / hourMs);
    this.#foreign.set(hour, (this.#foreign.get(hour) ?? 0) + 1);
  }

  #read(call: Call): void {
    for (let place = 0; place < readers.length; place++) this.#values[place] = readers[place]!(call);
  }

  /** Counts one look into a tier of the application's cache. */
  recordCache(tier: string, hit: boolean, { unixMs, durationMs }: Moment): void {
    for (const bucket of this.#bucketsOf(unixMs)) bucket.recordCache(tier, hit, durationMs / 1000, this.#limit);
  }

  /** Counts an error that is not one of a call. */
  recordError(type: string, unixMs: number): void {
    for (const bucket of this.#bucketsOf(unixMs)) increment(bucket.errors, type, 1, this.#limit);
  }

  /** Takes a judgement of an answer of a model ('' when nobody knows which). */
  recordQuality(model: string, score: number, unixMs: number): void {
    for (const bucket of this.#bucketsOf(unixMs)) if (Number.isFinite(score)) bucket.rate(model, score, this.#limit);
  }

  /** Counts whatever has a name: routing decisions, batches, violations of policies. */
  count(name: string, unixMs: number, by = 1): void {
    for (const bucket of this.#bucketsOf(unixMs)) increment(bucket.counts, name, by, this.#limit);
  }

  /** The last `windowMs` before `untilMs`; default: up to the latest event. */
  window(windowMs: number, untilMs: number = this.#latestMs + 1): SummaryWindow {
    const byMinute = windowMs <= minutesKept * minuteMs && untilMs > this.#latestMs - minuteMs;
    const stepMs = byMinute ? minuteMs : hourMs;
    const first = Math.floor((untilMs - windowMs) / stepMs);
    const last = Math.floor((untilMs - 1) / stepMs);
    const sum = new SummaryBucket();
    for (const [step, bucket] of byMinute ? this.#minutes : this.#hours) if (step >= first && step <= last) sum.add(bucket, this.#limit);
    let otherCurrencies = 0;
    for (const [hour, count] of this.#foreign)
      if (hour >= Math.floor((untilMs - windowMs) / hourMs) && hour * hourMs < untilMs) otherCurrencies += count;
    return { fromMs: first * stepMs, untilMs: (last + 1) * stepMs, currency: this.#currency, otherCurrencies, bucket: sum };
  }

  /** The time that counts: a clock that is ahead must not make everything else too old. */
  timeOf(unixMs: number): number {
    return Math.min(unixMs, this.#now());
  }

  /**
   * The buckets that an event falls in: its hour, and its minute unless minutes of then are forgotten; none when its hour is, too. Reused by
   * the next one.
   */
  #bucketsOf(statedMs: number): readonly SummaryBucket[] {
    const nowMs = this.#now();
    const unixMs = Math.min(statedMs, nowMs);
    const found = this.#found;
    found.length = 0;
    // A clock that was set back takes the time that is kept along.
    this.#latestMs = Math.min(this.#latestMs, nowMs);
    if (!(unixMs > this.#latestMs - this.#retentionMs)) {
      this.tooOld++;
      return found;
    }
    if (this.#earliestMs === 0 || unixMs < this.#earliestMs) this.#earliestMs = unixMs;
    if (unixMs > this.#latestMs) this.#advance(unixMs);
    if (++this.#events % eventsPerLook === 0) this.#bound();
    found.push(bucketOf(this.#hours, Math.floor(unixMs / hourMs)));
    const minute = Math.floor(unixMs / minuteMs);
    if (minute >= Math.floor(this.#latestMs / minuteMs) - minutesKept) found.push(bucketOf(this.#minutes, minute));
    return found;
  }

  /** Keeps the memory bounded, whoever sends names without end. */
  #bound(): void {
    for (const buckets of [this.#minutes, this.#hours]) {
      let groups = 0;
      for (const bucket of buckets.values()) groups += bucket.size;
      for (const step of [...buckets.keys()].toSorted((a, b) => a - b)) {
        if (groups <= fullBuckets * this.#limit) break;
        const bucket = buckets.get(step)!;
        groups -= bucket.size;
        bucket.fold();
        groups += bucket.size;
      }
    }
  }

  #advance(unixMs: number): void {
    const before = this.#latestMs;
    this.#latestMs = unixMs;
    if (Math.floor(before / minuteMs) === Math.floor(unixMs / minuteMs)) return;
    for (const minute of this.#minutes.keys()) if (minute <= Math.floor(unixMs / minuteMs) - minutesKept - 1) this.#minutes.delete(minute);
    const oldest = Math.floor((unixMs - this.#retentionMs) / hourMs);
    for (const hour of this.#hours.keys()) if (hour < oldest) this.#hours.delete(hour);
    for (const hour of this.#foreign.keys()) if (hour < oldest) this.#foreign.delete(hour);
  }
}

function bucketOf(buckets: Map<number, SummaryBucket>, step: number): SummaryBucket {
  let found = buckets.get(step);
  if (found === undefined) buckets.set(step, (found = new SummaryBucket()));
  return found;
}

const read: Readonly<Record<SummaryDimension, (call: Call) => string>> = {
  model: ({ model }) => model,
  provider: ({ provider }) => provider,
  user: ({ user }) => user,
  team: ({ team }) => team,
  task: ({ task }) => task,
  tier: ({ cacheTier, cacheResult }) => (cacheTier !== '' && cacheResult !== 'miss' ? cacheTier : cacheResult === 'hit' ? 'cache' : 'none'),
  api_key: ({ apiKeyId }) => apiKeyId,
};
/** By the places of `summaryDimensions`. */
const readers = summaryDimensions.map((name) => read[name]);
