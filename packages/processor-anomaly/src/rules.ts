import { durationMs } from '@millrace/config';
import type { RulesConfig } from './config.ts';
import type { Cell } from './cell.ts';
import { isRate, isRatio, place } from './measures.ts';

/** No single call is more evidence than this, in nats: six at least must agree. */
const mostOfOne = 3.5;
/** A deviation counts as of at most so many spreads. */
const mostSpreads = 6;
/** Standard normal quantile of the lower confidence bound of rates: 99.5 %. */
const boundZ = 2.576;
/** What evidence is for, as the thresholds alone would need too many calls: so many thresholds of values and of errors more, so much of the hits at the threshold. */
const valueShift = 1.4;
const errorShift = 5;
const hitShift = 0.6;
const leastErrorShare = 1e-4;
const leastHitShare = 0.005;

/** What the calls of an interval say about one measure of a group. Reused. */
export class Reading {
  calls = 0;
  /** Nats for the anomaly, against what is usual. */
  evidence = 0;
  /** Sum of the deviations in the direction in which things go wrong, of what is expected, and of the variances of both. */
  deviation = 0;
  expected = 0;
  variance = 0;
  /** The same against what is usual of the cells, to learn from. */
  learnSum = 0;
  learnWeight = 0;
}

/** The thresholds, and what they make of calls. */
export class Rules {
  readonly #shifts: readonly number[];
  readonly #floors: readonly number[];
  readonly #minEvents: number;
  readonly #minHitRate: number;

  constructor(rules: RulesConfig) {
    this.#shifts = [
      Math.log(rules.cost_spike_threshold),
      Math.log(rules.latency_spike_threshold),
      rules.error_rate_threshold,
      rules.cache_degradation_threshold,
      rules.quality_drop_threshold,
    ];
    this.#floors = [rules.min_cost_increase, durationMs(rules.min_latency_increase) / 1000];
    this.#minEvents = rules.min_events;
    this.#minHitRate = rules.min_cache_hit_rate;
  }

  /** Adds values (of cost and latency: logarithms). `offset`: how far the group usually is from the cell at this time. */
  addValues(into: Reading, measure: number, values: readonly number[], cell: Cell, offset: number): void {
    const shift = valueShift * this.#shifts[measure]!;
    const direction = measure === place.quality ? -1 : 1;
    const mean = cell.mean(measure);
    const spread = cell.spread(measure);
    const slope = shift / (spread * spread);
    const limit = mostSpreads * spread;
    for (let i = 0; i < values.length; i++) {
      const off = Math.min(limit, Math.max(-limit, values[i]! - mean));
      const wrong = direction * (off - offset);
      into.evidence += Math.min(mostOfOne, Math.max(-mostOfOne, slope * (wrong - shift / 2)));
      into.deviation += wrong;
      into.learnSum += off;
    }
    into.calls += values.length;
    into.expected += values.length * (mean + offset);
    into.variance += values.length * spread * spread;
    into.learnWeight += values.length;
  }

  /** Adds how many of some calls were so (failed, or were answered by the cache). */
  addShare(into: Reading, measure: number, calls: number, hits: number, cell: Cell, offset: number): void {
    const isErrors = measure === place.errors;
    const least = isErrors ? leastErrorShare : leastHitShare;
    const cellShare = Math.min(1 - least, Math.max(least, cell.mean(measure)));
    const odds = (cellShare / (1 - cellShare)) * Math.exp(offset);
    const expected = odds / (1 + odds);
    const threshold = this.#shifts[measure]!;
    // What is expected of a cell with few calls is not certain.
    const usual = isErrors ? Math.min(0.9, Math.max(expected, threshold / 2)) : Math.max(least, expected - cell.error(measure));
    const wrong = isErrors ? Math.min(0.95, usual + errorShift * threshold) : usual * (1 - threshold) * hitShift;
    into.evidence += hits * Math.log(wrong / usual) + (calls - hits) * Math.log((1 - wrong) / (1 - usual));
    into.deviation += (isErrors ? 1 : -1) * (hits - calls * expected);
    into.calls += calls;
    into.expected += calls * expected;
    into.variance += calls * expected * (1 - expected);
    into.learnSum += hits - calls * cellShare;
    into.learnWeight += calls * cellShare * (1 - cellShare);
  }

  /**
   * How far a deviation is from what is expected, of the threshold: 1 is on it. `slack`: standard errors that are given away. 0 when it is too small to matter, or of too few.
   */
  excess(measure: number, expected: number, deviation: number, variance: number, calls: number, slack: number): number {
    const mean = deviation / calls;
    const generous = mean + (slack * Math.sqrt(variance)) / calls;
    const threshold = this.#shifts[measure]!;
    if (calls < this.#minEvents) return 0;
    if (isRatio(measure)) {
      const more = naturalOf(measure, expected) * (Math.exp(mean) - 1);
      return more < this.#floors[measure]! ? 0 : (Math.exp(generous) - 1) / (Math.exp(threshold) - 1);
    }
    if (measure === place.errors) {
      const share = Math.min(1, expected + mean);
      if (share * calls < this.#minEvents) return 0;
      return lowerBound(share, calls) > Math.max(expected, threshold) ? mean / threshold : 0;
    }
    if (measure === place.cache) return expected < this.#minHitRate ? 0 : generous / (threshold * expected);
    return generous / threshold;
  }
}

/** The critical severity begins at so many times the threshold: of costs and durations in what is added, of hits in what is left. */
export function isCritical(measure: number, excess: number): boolean {
  if (measure === place.errors) return excess >= 10;
  return excess >= (measure === place.cache ? 1.5 : 2);
}

/** In dollars, seconds, shares or points. */
export function naturalOf(measure: number, mean: number): number {
  return isRatio(measure) ? Math.exp(mean) : mean;
}

/** What calls that deviate so are like, in dollars, seconds, shares or points. */
export function currentOf(measure: number, expected: number, deviation: number): number {
  if (isRatio(measure)) return Math.exp(expected + deviation);
  const value = expected + (measure === place.errors ? deviation : -deviation);
  return isRate(measure) ? Math.min(1, Math.max(0, value)) : value;
}

/** The lower confidence bound of a share (Wilson, 1927). */
function lowerBound(share: number, calls: number): number {
  const z2 = boundZ * boundZ;
  const centre = share + z2 / (2 * calls);
  const reach = boundZ * Math.sqrt((share * (1 - share)) / calls + z2 / (4 * calls * calls));
  return (centre - reach) / (1 + z2 / calls);
}
