import { durationMs } from '@millrace/config';
import { Cell } from './cell.ts';
import type { AnomalyConfig } from './config.ts';
import { field, GroupStore } from './group-store.ts';
import type { Group } from './group-store.ts';
import { gaugesOf } from './gauges.ts';
import { Hours } from './hours.ts';
import { Judge } from './judge.ts';
import { kinds, measures, place } from './measures.ts';
import type { Notice, WatchListener, Worst } from './notice.ts';
import { currentOf, naturalOf, Reading, Rules } from './rules.ts';
import { Windows } from './windows.ts';
import type { CallFacts, Tally } from './windows.ts';

const hourMs = 3_600_000;
const mostCells = 10_000;
/** An anomaly of a group without calls is over after this. */
const silenceMs = hourMs;

/** The calls of an interval of one kind, with what they are compared with. By measure, either values or shares. */
interface Told {
  readonly cell: Cell;
  readonly groups: readonly Group[];
  readonly values: readonly (readonly number[])[];
  readonly shares: readonly { readonly calls: number; readonly hits: number }[];
}

const none = { calls: 0, hits: 0 } as const;

interface KnownEvent {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly bits: number;
}

/** Watches calls: what is usual of them, and what is not. Depends on the calls and their times alone. */
export class Watch {
  readonly store: GroupStore;
  readonly cells = new Map<string, Cell>();
  readonly windows: Windows;
  /** Calls that were in no group because there were too many. */
  overflowCalls = 0;
  readonly #listener: WatchListener;
  readonly #rules: Rules;
  readonly #judge: Judge;
  readonly #hours: Hours;
  readonly #known: readonly KnownEvent[];
  readonly #intervalMs: number;
  readonly #metricsMs: number;
  readonly #windowMs: number;
  readonly #expiryMs: number;
  readonly #open = new Set<Group>();
  /** Of the groups in an anomaly, what their calls are told, by their keys. */
  readonly #tags = new Map<string, readonly Worst[]>();
  #sweepAtMs = -Infinity;
  #gaugesAtMs = -Infinity;

  constructor(config: AnomalyConfig, listener: WatchListener) {
    this.#listener = listener;
    this.store = new GroupStore(config.max_groups);
    this.#rules = new Rules(config.rules);
    this.#hours = new Hours(config.time_zone);
    this.#intervalMs = durationMs(config.interval);
    this.#metricsMs = durationMs(config.metrics_interval);
    this.#windowMs = durationMs(config.rolling_window);
    this.#expiryMs = durationMs(config.group_expiry);
    this.#known = config.known_events.map(({ from, until, kinds: hidden }) => ({
      fromMs: Date.parse(from),
      untilMs: Date.parse(until),
      bits: (hidden.length === 0 ? kinds : hidden).reduce((bits, kind) => bits | (1 << kinds.indexOf(kind)), 0),
    }));
    this.#judge = new Judge({
      rules: this.#rules,
      hours: this.#hours,
      isSeed: config.baseline === 'seed',
      sensitivity: config.sensitivity,
      intervalMs: this.#intervalMs,
      learningMs: durationMs(config.learning_period),
      adaptMs: durationMs(config.adapt_after),
    });
    this.windows = new Windows(this.#intervalMs, durationMs(config.allowed_lateness), (startMs, tallies) =>
      this.#evaluate(startMs, tallies),
    );
  }

  /**
   * A call; event time does not move by it. What a cache answered counts from when a model would have: else the share of such answers would fall whenever there are fewer calls than before, as
   * the last of those before still have to end.
   */
  add(facts: CallFacts): void {
    if (facts.cached) facts.endMs += 1000 * (this.cells.get(facts.cell)?.recentSeconds ?? 0);
    this.windows.add(facts);
  }

  /** The anomaly of the highest score among groups. */
  worst(groups: readonly string[]): Worst | undefined {
    if (this.#open.size === 0) return undefined;
    let worst: Worst | undefined;
    for (const key of groups) {
      const anomalies = this.#tags.get(key);
      if (anomalies === undefined) continue;
      for (const anomaly of anomalies) if (worst === undefined || anomaly.score > worst.score) worst = anomaly;
    }
    return worst;
  }

  /** What is open after state was restored. */
  resume(): void {
    for (const group of this.store.groups.values()) this.#mark(group, () => Number.NaN);
  }

  /** Whether a group is still only learned about in a measure. */
  isLearning(group: Group, measure: number): boolean {
    return !this.#judge.isReady(group, measure);
  }

  /** The number of anomalies that go on. */
  get openAnomalies(): number {
    let count = 0;
    for (const { open } of this.#open) for (let bits = open; bits !== 0; bits &= bits - 1) count++;
    return count;
  }

  get sizeBytes(): number {
    return this.store.sizeBytes + this.cells.size * 400;
  }

  #hidden(startMs: number): number {
    let bits = 0;
    for (const { fromMs, untilMs, bits: hidden } of this.#known) if (startMs >= fromMs && startMs < untilMs) bits |= hidden;
    return bits;
  }

  #evaluate(startMs: number, tallies: readonly Tally[]): void {
    const endMs = startMs + this.#intervalMs;
    const hidden = this.#hidden(startMs);
    const told = tallies.map((tally) => this.#told(tally, startMs));
    this.#hours.set(startMs);
    const readings = this.#readings(told);
    const notices: Notice[] = [];
    const adapted = new Set<string>();
    for (const [group, ofMeasures] of readings) {
      group.lastMs = endMs;
      group.dirty = true;
      ofMeasures.forEach((reading, measure) => {
        if (reading.calls === 0 || !this.#judge.isReady(group, measure)) return;
        const interval = this.#intervalOf(group, startMs);
        // While durations are not as usual, answers of the cache and of models are not of the same time.
        const isBlind = measure === place.cache && this.#judge.isSuspicious(group, place.latency, interval);
        if (isBlind || (hidden & (1 << measure)) !== 0) {
          if ((group.open & (1 << measure)) === 0) this.#judge.reset(group, measure);
          return;
        }
        const expected = reading.expected / reading.calls;
        const before = (group.open & (1 << measure)) === 0 ? undefined : this.#describe(group, measure, expected, endMs);
        const change = this.#judge.judge(group, measure, reading, interval);
        if (change === 'started') notices.push({ ...this.#describe(group, measure, expected, endMs), state: 'started', reason: '' });
        else if (change !== undefined && before !== undefined) {
          notices.push({ ...before, state: 'ended', reason: change === 'ended' ? 'recovered' : 'adapted' });
        }
        if (change !== 'adapted') return;
        this.#judge.relearn(group, measure);
        adapted.add(group.key + measure);
      });
      this.#mark(group, (measure) => {
        const { calls, expected } = ofMeasures[measure]!;
        return calls === 0 ? Number.NaN : expected / calls;
      });
    }
    for (const one of told) this.#learnCell(one, startMs, hidden, adapted);
    for (const [group, ofMeasures] of readings) {
      ofMeasures.forEach((reading, measure) => {
        if (reading.calls === 0 || (hidden & (1 << measure)) !== 0) return;
        this.#judge.learn(group, measure, reading, endMs - group.firstMs);
      });
    }
    this.#endSilent(endMs, notices);
    if (notices.length > 0) this.#listener.notices(notices);
    if (this.#listener.gauges !== undefined && endMs >= this.#gaugesAtMs) {
      this.#gaugesAtMs = (Math.floor(endMs / this.#metricsMs) + 1) * this.#metricsMs;
      const gauges = gaugesOf(readings, this.#judge);
      if (gauges.length > 0) this.#listener.gauges(endMs, gauges);
    }
    this.#sweep(endMs);
  }

  /** Keeps what calls of a group are told; `expectedOf` is NaN when an interval says nothing new. */
  #mark(group: Group, expectedOf: (measure: number) => number): void {
    if (group.open === 0) {
      if (this.#open.delete(group)) this.#tags.delete(group.key);
      return;
    }
    this.#open.add(group);
    const known = this.#tags.get(group.key);
    const anomalies: Worst[] = [];
    for (let measure = 0; measure < measures.length; measure++) {
      if ((group.open & (1 << measure)) === 0) continue;
      const expected = expectedOf(measure);
      const before = Number.isNaN(expected) ? known?.find((one) => one.measure === measure) : undefined;
      anomalies.push(before ?? this.#describe(group, measure, expected, 0));
    }
    this.#tags.set(group.key, anomalies);
  }

  #intervalOf(group: Group, startMs: number): number {
    return Math.round((startMs - group.firstMs) / this.#intervalMs);
  }

  /** What a tally is of, as it is to be judged. */
  #told(tally: Tally, startMs: number): Told {
    const name = this.cells.has(tally.cell) || this.cells.size < mostCells ? tally.cell : '';
    let cell = this.cells.get(name);
    if (cell === undefined) this.cells.set(name, (cell = new Cell(startMs)));
    cell.fade(startMs, this.#windowMs);
    const groups: Group[] = [];
    for (const key of tally.groups) {
      const group = this.store.open(key, startMs);
      if (group === undefined) {
        this.overflowCalls += tally.calls + tally.hits;
        continue;
      }
      if (Math.floor(startMs / hourMs) > Math.floor((group.lastMs - 1) / hourMs)) {
        this.#hours.set(group.lastMs - 1);
        for (let measure = 0; measure < measures.length; measure++) this.#judge.endHour(group, measure);
        group.lastMs = startMs + 1;
      }
      groups.push(group);
    }
    cell.took(tally.latencies);
    const answered = tally.calls - tally.failed;
    return {
      cell,
      groups,
      values: [tally.costs.map(Math.log), tally.latencies.map(Math.log), [], [], tally.qualities],
      shares: [none, none, { calls: tally.calls, hits: tally.failed }, { calls: answered + tally.hits, hits: tally.hits }, none],
    };
  }

  /** What the calls say about each measure of each group, in an order that depends on nothing else. */
  #readings(told: readonly Told[]): Map<Group, Reading[]> {
    const readings = new Map<Group, Reading[]>();
    for (const { cell, groups, values, shares } of told) {
      for (const group of groups) {
        let ofMeasures = readings.get(group);
        if (ofMeasures === undefined) readings.set(group, (ofMeasures = measures.map(() => new Reading())));
        for (let measure = 0; measure < measures.length; measure++) {
          if (!cell.isKnown(measure)) continue;
          const offset = this.#judge.offset(group, measure);
          const { calls, hits } = shares[measure]!;
          if (calls > 0) this.#rules.addShare(ofMeasures[measure]!, measure, calls, hits, cell, offset);
          else if (values[measure]!.length > 0) this.#rules.addValues(ofMeasures[measure]!, measure, values[measure]!, cell, offset);
        }
      }
    }
    return readings;
  }

  /** What is usual moves on, unless a group of the calls is not as usual. */
  #learnCell({ cell, groups, values, shares }: Told, startMs: number, hidden: number, adapted: ReadonlySet<string>): void {
    for (let measure = 0; measure < measures.length; measure++) {
      if ((hidden & (1 << measure)) !== 0) continue;
      if (groups.some(({ key }) => adapted.has(key + measure))) cell.relearn(measure);
      else if (groups.some((group) => this.#judge.isSuspicious(group, measure, this.#intervalOf(group, startMs)))) continue;
      const { calls, hits } = shares[measure]!;
      if (calls > 0) cell.learnShare(measure, calls, hits);
      for (const value of values[measure]!) cell.learn(measure, value);
    }
  }

  #describe(group: Group, measure: number, expected: number, atMs: number): Omit<Notice, 'state' | 'reason'> {
    const { firstMs } = group;
    const opened = group.get(measure, field.opened);
    return {
      kind: kinds[measure]!,
      measure,
      severity: group.get(measure, field.severity) === 2 ? 'critical' : 'warning',
      group,
      atMs,
      startedMs: firstMs + group.get(measure, field.since) * this.#intervalMs,
      detectedMs: firstMs + (opened + 1) * this.#intervalMs,
      score: this.#judge.score(group, measure),
      value: currentOf(measure, expected, this.#judge.deviation(group, measure)),
      expected: naturalOf(measure, expected),
    };
  }

  #endSilent(endMs: number, notices: Notice[]): void {
    for (const group of this.#open) {
      if (endMs - group.lastMs < silenceMs) continue;
      for (let measure = 0; measure < measures.length; measure++) {
        if ((group.open & (1 << measure)) === 0) continue;
        notices.push({ ...this.#describe(group, measure, Number.NaN, endMs), state: 'ended', reason: 'silent' });
        this.#judge.reset(group, measure);
      }
      this.#mark(group, () => Number.NaN);
    }
  }

  #sweep(endMs: number): void {
    if (endMs < this.#sweepAtMs) return;
    this.#sweepAtMs = endMs + hourMs;
    this.store.sweep(endMs - this.#expiryMs);
    for (const [name, { lastMs }] of this.cells) if (lastMs < endMs - this.#expiryMs) this.cells.delete(name);
  }
}
