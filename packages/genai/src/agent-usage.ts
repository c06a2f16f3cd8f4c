/** A run of an agent or workflow. Times are milliseconds since the epoch, ids any texts that are the same for the same thing. */
export interface AgentRun {
  /** '' or zeros when it is in no trace: it is counted at once. */
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * What became of the usage of a run. `counted`: nothing below it said its usage. `repeated`: a call of a model in its trace that ended before it, or a
 * run of an agent inside it, did. `overflow`: whether it repeats others is not known for want of memory; it is left out, so that nothing counts twice.
 */
export type AgentOutcome = 'counted' | 'repeated' | 'overflow';

/** Limits of an `AgentUsage`. */
export interface AgentUsageOptions<T> {
  /** Milliseconds of event time that a run waits, after its end, for the calls that it repeats. */
  readonly waitMs: number;
  /** Milliseconds of event time that calls and runs are remembered: a run that takes longer is `overflow`. Default an hour. */
  readonly memoryMs?: number;
  /** Traces with calls that are remembered, about 100 bytes each. Default 250,000. */
  readonly maxTraces?: number;
  /** Runs that are remembered, about 300 bytes each besides what is held. Default 20,000. */
  readonly maxRuns?: number;
  /** Bytes of what is held of runs that wait. Default 16 MiB. */
  readonly maxHeldBytes?: number;
  /** Told once of every run, with what `hold` was given; the run is decided then. */
  readonly decide: (outcome: AgentOutcome, held: T) => void;
  /** Told of a run that was counted although a call of its trace, which ended before it, stated its usage afterwards. */
  readonly late?: (run: AgentRun) => void;
}

interface Remembered<T> {
  readonly run: AgentRun;
  readonly sizeBytes: number;
  /** Undefined once it is decided. */
  held: T | undefined;
  isCounted: boolean;
}

const hourMs = 3_600_000;
const traceBytes = 100;
const runBytes = 300;
const looksPerWait = 64;
/** Each run of a trace is compared with each other. */
const maxRunsOfTrace = 1000;

/**
 * Decides whether the usage that runs of agents and workflows state counts: only where nothing below them says it, since it repeats what their calls
 * used. A run is held until the watermark, the latest time that was seen, is `waitMs` beyond its end. Calls and runs that arrive by then in whatever
 * order lead to the same sums. Of runs inside one another the innermost counts; runs with the same parent are beside one another. A time in the future
 * makes everything else late: give none that is beyond the clock.
 */
export class AgentUsage<T> {
  readonly #options: Required<AgentUsageOptions<T>>;
  /** The first end of a call with usage, by trace, in two generations: the older one is forgotten as a whole. */
  #calls = new Map<string, number>();
  #olderCalls = new Map<string, number>();
  /** The watermark when the younger generation began. */
  #callsSinceMs = Number.NaN;
  #callsUntilMs = -Infinity;
  #olderUntilMs = -Infinity;
  /** Everything up to this time may be forgotten. */
  #forgottenMs = -Infinity;
  /** Runs by trace, those whose trace has been quiet for longest first. */
  readonly #traces = new Map<string, Remembered<T>[]>();
  /** Runs that wait, in order of their ends when `#isSorted`. */
  #waiting: Remembered<T>[] = [];
  #isSorted = true;
  /** Until the watermark is here, nothing is looked at: sorting is not for every item. */
  #nextLookMs = -Infinity;
  #runs = 0;
  #heldBytes = 0;
  #watermarkMs = -Infinity;

  constructor(options: AgentUsageOptions<T>) {
    this.#options = { memoryMs: hourMs, maxTraces: 250_000, maxRuns: 20_000, maxHeldBytes: 16 << 20, late: () => {}, ...options };
  }

  /** Runs that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** About the bytes of memory. */
  get sizeBytes(): number {
    return (this.#calls.size + this.#olderCalls.size) * traceBytes + this.#runs * runBytes + this.#heldBytes;
  }

  /** A call of a model in this trace stated its usage, which is counted by the caller. */
  call(trace: string, endMs: number): void {
    if (isNone(trace)) return;
    const calls = this.#calls;
    const firstMs = calls.get(trace);
    if (firstMs === undefined) {
      const { maxTraces, memoryMs } = this.#options;
      if (calls.size * 2 >= maxTraces || this.#watermarkMs - this.#callsSinceMs > memoryMs) this.#turn();
      if (this.#calls.size === 0) this.#callsSinceMs = Math.max(this.#watermarkMs, endMs);
      this.#calls.set(trace, endMs);
    } else if (endMs < firstMs) calls.set(trace, endMs);
    if (endMs > this.#callsUntilMs) this.#callsUntilMs = endMs;
    const runs = this.#traces.size === 0 ? undefined : this.#traces.get(trace);
    if (runs !== undefined) {
      for (const one of runs) {
        if (!one.isCounted || one.run.endMs < endMs) continue;
        one.isCounted = false;
        this.#options.late(one.run);
      }
    }
    this.advance(endMs);
  }

  /** Holds what a run stated, of about `sizeBytes`, until it is decided. */
  hold(run: AgentRun, held: T, sizeBytes: number): void {
    const { decide, maxRuns, maxHeldBytes, waitMs } = this.#options;
    if (isNone(run.trace)) {
      decide('counted', held);
      this.advance(run.endMs);
      return;
    }
    const one: Remembered<T> = { run, sizeBytes, held, isCounted: false };
    if (this.#runs >= maxRuns) this.#forgetQuietest();
    const runs = this.#traces.get(run.trace) ?? [];
    if (this.#heldBytes + sizeBytes > maxHeldBytes || runs.length >= maxRunsOfTrace) {
      decide('overflow', held);
      this.advance(run.endMs);
      return;
    }
    runs.push(one);
    this.#traces.delete(run.trace);
    this.#traces.set(run.trace, runs);
    this.#runs++;
    this.#heldBytes += sizeBytes;
    if (run.endMs + waitMs <= this.#watermarkMs) this.#decide(one);
    else {
      const last = this.#waiting.at(-1);
      if (last !== undefined && last.run.endMs > run.endMs) this.#isSorted = false;
      this.#waiting.push(one);
    }
    this.advance(run.endMs);
  }

  /** It is at least this time: decides the runs that have waited for long enough. */
  advance(timeMs: number): void {
    if (!(timeMs > this.#watermarkMs)) return;
    this.#watermarkMs = timeMs;
    if (this.#traces.size === 0 || timeMs < this.#nextLookMs) return;
    const { waitMs, memoryMs } = this.#options;
    this.#nextLookMs = timeMs + waitMs / looksPerWait;
    this.#decideUntil(timeMs - waitMs);
    this.#forgetOld(timeMs - memoryMs);
  }

  /** Decides every run that waits by what is known: nothing more is to come. */
  settle(): void {
    this.#decideUntil(Infinity);
  }

  #decideUntil(endMs: number): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    if (!this.#isSorted) {
      waiting.sort((a, b) => a.run.endMs - b.run.endMs);
      this.#isSorted = true;
    }
    let ready = 0;
    while (ready < waiting.length && waiting[ready]!.run.endMs <= endMs) ready++;
    if (ready > 0) for (const one of waiting.splice(0, ready)) if (one.held !== undefined) this.#decide(one);
  }

  #decide(one: Remembered<T>, isForgotten = false): void {
    const { run } = one;
    const held = one.held!;
    const outcome = this.#repeats(run) ? 'repeated' : isForgotten || run.startMs <= this.#forgottenMs ? 'overflow' : 'counted';
    one.held = undefined;
    one.isCounted = outcome === 'counted';
    this.#heldBytes -= one.sizeBytes;
    this.#options.decide(outcome, held);
  }

  #repeats(run: AgentRun): boolean {
    const firstMs = Math.min(this.#calls.get(run.trace) ?? Infinity, this.#olderCalls.get(run.trace) ?? Infinity);
    if (firstMs <= run.endMs) return true;
    return this.#traces.get(run.trace)?.some(({ run: other }) => isInside(other, run)) ?? false;
  }

  /** Begins a new generation of calls. */
  #turn(): void {
    this.#forgottenMs = Math.max(this.#forgottenMs, this.#olderUntilMs);
    this.#olderCalls = this.#calls;
    this.#olderUntilMs = this.#callsUntilMs;
    this.#calls = new Map();
    this.#callsUntilMs = -Infinity;
  }

  #forgetOld(beforeMs: number): void {
    for (const [trace, runs] of this.#traces) {
      if (runs.some(({ run, held }) => held !== undefined || run.endMs >= beforeMs)) return;
      this.#traces.delete(trace);
      this.#runs -= runs.length;
      for (const { run } of runs) this.#forgottenMs = Math.max(this.#forgottenMs, run.endMs);
    }
  }

  #forgetQuietest(): void {
    const [first] = this.#traces;
    if (first === undefined) return;
    const [trace, runs] = first;
    for (const one of runs) if (one.held !== undefined) this.#decide(one, true);
    this.#traces.delete(trace);
    this.#runs -= runs.length;
    for (const { run } of runs) this.#forgottenMs = Math.max(this.#forgottenMs, run.endMs);
    this.#waiting = this.#waiting.filter(({ held }) => held !== undefined);
  }
}

/** Whether there is no id: nothing, or zeros as text or as bytes. */
function isNone(id: string): boolean {
  const first = id.charCodeAt(0);
  return id === '' || ((first === 0 || first === 0x30) && /^[0\0]*$/.test(id));
}

/** Whether a run was made by another one, as far as one can tell from their times. */
function isInside(inner: AgentRun, outer: AgentRun): boolean {
  if (inner === outer || inner.span === outer.span || inner.endMs > outer.endMs) return false;
  if (inner.parent === outer.span) return true;
  if (outer.parent === inner.span || inner.parent === outer.parent) return false;
  const isWithin = inner.startMs >= outer.startMs;
  // Of two that took the very same time, one is inside the other whichever is looked at first.
  return isWithin && (inner.startMs > outer.startMs || inner.endMs < outer.endMs || inner.span > outer.span);
}
