/** What is watched of one call. */
export interface CallFacts {
  /** When it ended. */
  endMs: number;
  /** The groups it is in: as `groupKey` makes them. */
  groups: readonly string[];
  /** What it is compared with: model, task and operation. */
  cell: string;
  /** NaN of what is not known. */
  cost: number;
  latencySeconds: number;
  quality: number;
  failed: boolean;
  /** Whether a cache of the application answered. */
  cached: boolean;
}

/** The calls of an interval that are of one kind and in the same groups. */
export interface Tally {
  readonly key: string;
  readonly groups: readonly string[];
  readonly cell: string;
  calls: number;
  failed: number;
  hits: number;
  readonly costs: number[];
  readonly latencies: number[];
  readonly qualities: number[];
}

/** Values of a tally that are kept; calls beyond are counted only. */
const mostValues = 4096;
/** How far calls may end after event time, in intervals. */
const mostAhead = 720;

/**
 * Collects calls by the interval of event time in which they ended. Event time is the latest start that was seen: no call ends before, so that calls that are told when they begin and
 * calls that are told when they end are both in time. An interval closes when event time is `latenessMs` beyond it; until then, the order of calls does not matter.
 */
export class Windows {
  readonly #intervalMs: number;
  readonly #latenessMs: number;
  readonly #close: (startMs: number, tallies: readonly Tally[]) => void;
  readonly #pending = new Map<number, Map<string, Tally>>();
  #watermarkMs = -Infinity;
  /** The first interval that is not closed. */
  #next = -Infinity;
  /** Calls of intervals that were closed. */
  late = 0;

  constructor(intervalMs: number, latenessMs: number, close: (startMs: number, tallies: readonly Tally[]) => void) {
    this.#intervalMs = intervalMs;
    this.#latenessMs = latenessMs;
    this.#close = close;
  }

  /** Event time; -Infinity before the first span. */
  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  /** Everything before this time is closed. */
  get closedMs(): number {
    return this.#next * this.#intervalMs;
  }

  /** Goes on where an earlier run ended. */
  continueAt(closedMs: number): void {
    this.#next = Math.round(closedMs / this.#intervalMs);
    this.#watermarkMs = closedMs;
  }

  add(facts: CallFacts): void {
    const interval = Math.floor(facts.endMs / this.#intervalMs);
    if (interval < this.#next) {
      this.late++;
      return;
    }
    const tally = this.#tally(interval, facts);
    if (facts.cached) {
      tally.hits++;
      return;
    }
    const { costs, latencies, qualities } = tally;
    if (!Number.isNaN(facts.quality) && qualities.length < mostValues) qualities.push(facts.quality);
    tally.calls++;
    if (facts.failed) {
      tally.failed++;
      return;
    }
    if (facts.cost > 0 && costs.length < mostValues) costs.push(facts.cost);
    if (facts.latencySeconds > 0 && latencies.length < mostValues) latencies.push(facts.latencySeconds);
  }

  #tally(wanted: number, { cell, groups }: CallFacts): Tally {
    const interval = Math.min(wanted, Math.max(this.#next, Math.floor(this.#watermarkMs / this.#intervalMs)) + mostAhead);
    let tallies = this.#pending.get(interval);
    if (tallies === undefined) this.#pending.set(interval, (tallies = new Map()));
    const key = `${cell}\u0001${groups.join('\u0001')}`;
    let tally = tallies.get(key);
    if (tally === undefined) {
      tally = { key, groups, cell, calls: 0, failed: 0, hits: 0, costs: [], latencies: [], qualities: [] };
      tallies.set(key, tally);
    }
    return tally;
  }

  /** It is at least this time: closes the intervals that have waited for long enough. */
  advance(toMs: number): void {
    if (toMs <= this.#watermarkMs) return;
    this.#watermarkMs = toMs;
    this.#closeUntil(Math.floor((toMs - this.#latenessMs) / this.#intervalMs));
  }

  /** Closes every interval: nothing more is to come. */
  finish(): void {
    const last = Math.max(...this.#pending.keys());
    if (last > -Infinity) this.#closeUntil(last + 1);
  }

  #closeUntil(end: number): void {
    if (end <= this.#next) return;
    // Before the first interval there is nothing; long times without calls are passed over.
    const due = [...this.#pending.keys()].filter((interval) => interval < end).sort((a, b) => a - b);
    this.#next = end;
    for (const interval of due) {
      const tallies = [...this.#pending.get(interval)!.values()];
      this.#pending.delete(interval);
      // So that neither sums nor the order in which anything is said depend on the order of calls.
      tallies.sort((a, b) => (a.key < b.key ? -1 : 1));
      for (const { costs, latencies, qualities } of tallies)
        for (const values of [costs, latencies, qualities]) values.sort((a, b) => a - b);
      this.#close(interval * this.#intervalMs, tallies);
    }
  }
}
