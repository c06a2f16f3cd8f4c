import { field } from './group-store.ts';
import type { Group } from './group-store.ts';
import type { Hours } from './hours.ts';
import { isRate, place } from './measures.ts';
import type { Reading } from './rules.ts';
import { isCritical } from './rules.ts';
import type { Rules } from './rules.ts';

/** Evidence that is asked for: with so many groups and intervals nothing usual ever looks so. */
const fullEvidence = 18;
const seedEvidence = 5;
/** Errors are compared with half of the threshold at least, which is usually more than what is expected: that is evidence given away beforehand. */
const askedOfErrors = 0.8;
/** Evidence does not grow beyond what is asked for by more than this, so that an end is seen soon. */
const surplus = 5;
/** An anomaly is over when this share of the evidence is left. With more than the other one, what is seen is not learned. */
const overShare = 0.5;
const suspiciousShare = 0.25;
/** A deviation that is nearly on the threshold may be on it: standard errors. */
const slack = 1;
/** So many calls count for how large a deviation is: before an anomaly, the last ones. */
const mostCalls = 4000;
const mostCallsBefore = 128;

const enoughKnown = 100;
const mostHours = 1000;
const enoughOfHour = 20;
const levelRate = 0.1;
const hourRate = 0.25;
const dayRate = 0.1;
const mostLearned = 0.7;
/** A mean of few calls, or a share of few cases, is drawn to what was known before. */
const valuePrior = 5;
const sharePrior = 10;

/** What judging an interval led to. */
export type Change = 'started' | 'ended' | 'adapted' | undefined;

/** How a judge works. */
export interface JudgeOptions {
  readonly rules: Rules;
  readonly hours: Hours;
  readonly isSeed: boolean;
  readonly sensitivity: number;
  readonly intervalMs: number;
  readonly learningMs: number;
  readonly adaptMs: number;
}

/**
 * Decides from interval to interval whether a measure of a group is as usual. Evidence is the logarithm of how much more likely the calls are with the shift that the rule names than without it, summed
 * up since that sum was last below zero (CUSUM; Page, 1954); calls count with a bounded share each. An anomaly starts when there is enough evidence and the deviation since then is on the threshold.
 */
export class Judge {
  readonly #options: JudgeOptions;
  readonly #asked: number;

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#asked = (options.isSeed ? seedEvidence : fullEvidence) / options.sensitivity;
  }

  #askedOf(measure: number): number {
    return measure === place.errors ? this.#asked * askedOfErrors : this.#asked;
  }

  /** How far a group usually is from its cells at the hour that is set. */
  offset(group: Group, measure: number): number {
    const level = group.get(measure, field.level);
    const { isSeed, hours } = this.#options;
    return isSeed ? level : level + group.hour(measure, hours.hour) + group.day(measure, hours.day);
  }

  /** Whether enough is known to judge. */
  isReady(group: Group, measure: number): boolean {
    return group.get(measure, field.known) >= enoughKnown && group.get(measure, field.hours) > 0;
  }

  /** Whether what is seen should not be learned: it may be an anomaly, and has not been the same for long. */
  isSuspicious(group: Group, measure: number, interval: number): boolean {
    if ((group.open & (1 << measure)) !== 0) return true;
    const evidence = group.get(measure, field.evidence);
    const asked = this.#askedOf(measure);
    if (evidence <= asked * suspiciousShare) return false;
    return evidence < asked || (interval - group.get(measure, field.since)) * this.#options.intervalMs < this.#options.adaptMs;
  }

  /** The probability that something is wrong, when it is `asked` nats unlikely beforehand: 0.5 where an anomaly may start. */
  score(group: Group, measure: number): number {
    return 1 / (1 + Math.exp(this.#askedOf(measure) - group.get(measure, field.evidence)));
  }

  /** The mean deviation since the evidence began. */
  deviation(group: Group, measure: number): number {
    const calls = group.get(measure, field.calls);
    return calls === 0 ? 0 : group.get(measure, field.deviation) / calls;
  }

  /** Takes what an interval says into account, when it is ready. `interval` counts from the first of the group. */
  judge(group: Group, measure: number, reading: Reading, interval: number): Change {
    const { rules, intervalMs, adaptMs } = this.#options;
    const before = group.get(measure, field.evidence);
    const asked = this.#askedOf(measure);
    const evidence = Math.min(asked + surplus, before + reading.evidence);
    const opened = group.get(measure, field.opened);
    if (evidence <= (opened > 0 ? asked * overShare : 0)) {
      this.reset(group, measure);
      return opened > 0 ? 'ended' : undefined;
    }
    if (before === 0) group.set(measure, field.since, interval);
    group.set(measure, field.evidence, evidence);
    let calls = group.get(measure, field.calls) + reading.calls;
    let deviation = group.get(measure, field.deviation) + reading.deviation;
    let variance = group.get(measure, field.variance) + reading.variance;
    if (calls > (opened > 0 ? mostCalls : mostCallsBefore)) {
      calls /= 2;
      deviation /= 2;
      variance /= 2;
    }
    group.set(measure, field.calls, calls);
    group.set(measure, field.deviation, deviation);
    group.set(measure, field.variance, variance);
    if (opened > 0 && evidence >= asked && (interval - opened) * intervalMs >= adaptMs) return 'adapted';
    if (opened > 0 || evidence < asked) return undefined;
    const excess = rules.excess(measure, reading.expected / reading.calls, deviation, variance, calls, slack);
    if (excess < 1) return undefined;
    group.set(measure, field.opened, Math.max(1, interval));
    group.set(measure, field.severity, isCritical(measure, excess) ? 2 : 1);
    group.open |= 1 << measure;
    return 'started';
  }

  /** There is no evidence of anything. */
  reset(group: Group, measure: number): void {
    for (const name of [field.evidence, field.calls, field.deviation, field.variance, field.since, field.opened, field.severity])
      group.set(measure, name, 0);
    group.open &= ~(1 << measure);
  }

  /** Forgets what is usual, which is something else now. */
  relearn(group: Group, measure: number): void {
    this.reset(group, measure);
    for (const name of [field.known, field.hours, field.hourSum, field.hourWeight, field.hourCalls]) group.set(measure, name, 0);
  }

  /** Learns from what an interval says. `ageMs`: how long the group is known. */
  learn(group: Group, measure: number, reading: Reading, ageMs: number): void {
    const known = Math.min(enoughKnown, group.get(measure, field.known) + reading.calls);
    group.set(measure, field.known, known);
    group.set(measure, field.hourCalls, group.get(measure, field.hourCalls) + reading.calls);
    group.set(measure, field.hourSum, group.get(measure, field.hourSum) + reading.learnSum);
    group.set(measure, field.hourWeight, group.get(measure, field.hourWeight) + reading.learnWeight);
    if (group.get(measure, field.hours) > 0 || known < enoughKnown || ageMs < this.#options.learningMs) return;
    group.set(measure, field.level, this.#takeHour(group, measure));
  }

  /**
   * An hour has ended, which is the one that is set: what was seen in it is learned of this hour of the day even when it was unusual, a part of it at most. So
   * what comes at the same hour for some days is usual, and one anomaly changes little.
   */
  endHour(group: Group, measure: number): void {
    if (group.get(measure, field.hours) === 0 || group.get(measure, field.hourCalls) < enoughOfHour) return;
    const { hour, day } = this.#options.hours;
    const seen = this.#takeHour(group, measure);
    const level = group.get(measure, field.level);
    const off = Math.min(mostLearned, Math.max(-mostLearned, seen - level - group.hour(measure, hour) - group.day(measure, day)));
    group.setHour(measure, hour, group.hour(measure, hour) + hourRate * off);
    if (group.open !== 0) return;
    group.set(measure, field.level, level + levelRate * off);
    group.setDay(measure, day, group.day(measure, day) + dayRate * off);
  }

  #takeHour(group: Group, measure: number): number {
    const prior = isRate(measure) ? sharePrior : valuePrior;
    const seen = group.get(measure, field.hourSum) / (group.get(measure, field.hourWeight) + prior);
    group.set(measure, field.hours, Math.min(mostHours, group.get(measure, field.hours) + 1));
    for (const name of [field.hourSum, field.hourWeight, field.hourCalls]) group.set(measure, name, 0);
    return seen;
  }
}
