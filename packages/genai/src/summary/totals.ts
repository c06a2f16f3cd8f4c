import { Sketch } from '@millrace/timeseries';
import type { CallSums } from './call-sums.ts';

/** Sums over calls. */
export class Totals {
  requests = 0;
  errors = 0;
  inputTokens = 0;
  outputTokens = 0;
  cachedTokens = 0;
  /** Of the calls that have both an actual and an estimated cost, so that they compare; 10^-15 of the currency. */
  actual = 0n;
  estimated = 0n;
  savedByCache = 0n;
  savedByRouting = 0n;
  savedByBatch = 0n;
  unpriced = 0;
  usageMissing = 0;
  qualitySum = 0;
  qualityCount = 0;
  readonly latency: Sketch = new Sketch(5);
  /** The amount is the sum of both: a double takes up what it can hold exactly, without a new bigint for each call. */
  #amount = 0n;
  #units = 0;

  /** Actual where it is known, else estimated. */
  get amount(): bigint {
    return this.#amount + BigInt(this.#units);
  }

  record(sums: CallSums): void {
    this.requests++;
    if (sums.failed) this.errors++;
    if (isTime(sums.seconds)) this.latency.add(sums.seconds);
    if (sums.usageMissing) this.usageMissing++;
    if (Number.isFinite(sums.quality)) this.rate(sums.quality);
    this.add(sums);
  }

  /** Usage and cost alone. */
  add(sums: CallSums): void {
    this.inputTokens += sums.inputTokens;
    this.outputTokens += sums.outputTokens;
    this.cachedTokens += sums.cachedTokens;
    if (sums.unpriced) this.unpriced++;
    if (sums.cost !== undefined) this.#spend(sums.cost, sums.units);
  }

  #spend(cost: NonNullable<CallSums['cost']>, units: number): void {
    const sum = this.#units + units;
    if (sum <= Number.MAX_SAFE_INTEGER && sum >= Number.MIN_SAFE_INTEGER) this.#units = sum;
    else this.#amount += cost.amount;
    // An estimate in another currency, or of nothing, is none to compare with.
    if (cost.actual !== undefined && cost.status === 'priced' && cost.estimated > 0n) {
      this.actual += cost.actual;
      this.estimated += cost.estimated;
    }
    const { cache, routing, batch } = cost.savings;
    if (cache !== 0n) this.savedByCache += cache;
    if (routing !== 0n) this.savedByRouting += routing;
    if (batch !== 0n) this.savedByBatch += batch;
  }

  rate(score: number): void {
    this.qualitySum += score;
    this.qualityCount++;
  }

  merge(other: Totals): void {
    this.requests += other.requests;
    this.errors += other.errors;
    this.inputTokens += other.inputTokens;
    this.outputTokens += other.outputTokens;
    this.cachedTokens += other.cachedTokens;
    this.#amount += other.amount;
    this.actual += other.actual;
    this.estimated += other.estimated;
    this.savedByCache += other.savedByCache;
    this.savedByRouting += other.savedByRouting;
    this.savedByBatch += other.savedByBatch;
    this.unpriced += other.unpriced;
    this.usageMissing += other.usageMissing;
    this.qualitySum += other.qualitySum;
    this.qualityCount += other.qualityCount;
    this.latency.merge(other.latency);
  }
}

/** Whether something can have taken so long. */
export function isTime(seconds: number): boolean {
  return seconds >= 0 && seconds < Infinity;
}

/** How an application's cache answered in one tier. */
export class CacheTotals {
  hits = 0;
  misses = 0;
  seconds = 0;
  timed = 0;

  record(hit: boolean, seconds: number): void {
    if (hit) this.hits++;
    else this.misses++;
    if (!isTime(seconds)) return;
    this.seconds += seconds;
    this.timed++;
  }

  add(other: CacheTotals): void {
    this.hits += other.hits;
    this.misses += other.misses;
    this.seconds += other.seconds;
    this.timed += other.timed;
  }
}
