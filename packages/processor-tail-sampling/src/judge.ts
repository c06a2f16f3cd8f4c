import type { Batch, Context, Host } from '@millrace/api';
import type { Outbox, SpanCursor, SpanStore } from '@millrace/trace-buffer';
import type { TailSamplingConfig } from './config.ts';
import { DecisionCache } from './decision-cache.ts';
import { decisions } from './decision.ts';
import type { DecidedTrace, Decision } from './decision.ts';
import type { Decider } from './decider.ts';
import { FactFinder } from './fact-finder.ts';
import type { HeldTraces } from './held-traces.ts';
import { KeptSpans } from './kept-spans.ts';
import type { PolicyMarker } from './policy-marker.ts';
import type { TailSamplingMetrics } from './tail-sampling-metrics.ts';

/** The chain, among the spans that pass, of late ones of traces that are in memory. */
export const lateChain = 0;

/** Traces are decided about together until they are so many bytes. */
const runBytes = 1 << 18;

/** What exists from the start on. */
export interface Running {
  readonly host: Host;
  /** The spans of traces that wait, by slot. */
  readonly spans: SpanStore;
  /** Spans of the present batch: late ones of kept traces, or, with span-ingest, those to decide about, by slot. */
  readonly passing: SpanStore;
  /** Present when kept traces tell why. */
  readonly marker: PolicyMarker | undefined;
}

/** What the decisions are made of. */
export interface JudgeParts {
  readonly config: TailSamplingConfig;
  readonly context: Context;
  readonly decider: Decider;
  readonly traces: HeldTraces;
  readonly outbox: Outbox;
  readonly metrics: TailSamplingMetrics;
}

/** Has traces decided about, sends or drops their spans, and remembers what was decided. */
export class Judge {
  readonly #config: TailSamplingConfig;
  readonly #context: Context;
  readonly #isAtOnce: boolean;
  readonly #decider: Decider;
  readonly #finder: FactFinder;
  readonly #outbox: Outbox;
  readonly #metrics: TailSamplingMetrics;
  readonly #sampled: DecisionCache;
  readonly #notSampled: DecisionCache;
  readonly #traces: HeldTraces;
  readonly #trace: DecidedTrace = {
    id: new Int32Array(4),
    spans: 0,
    sizeBytes: 0,
    nowMs: 0,
    outcomes: new Uint8Array(0),
    base: 0,
    subPolicy: '',
  };

  constructor({ config, context, decider, traces, outbox, metrics }: JudgeParts) {
    this.#config = config;
    this.#context = context;
    this.#isAtOnce = config.sampling_strategy === 'span-ingest';
    this.#decider = decider;
    this.#traces = traces;
    this.#outbox = outbox;
    this.#metrics = metrics;
    this.#finder = new FactFinder(decider.facts, (error) => context.logger.error('Looking at a trace failed.', { error: String(error) }));
    this.#sampled = new DecisionCache(config.decision_cache.sampled_cache_size);
    this.#notSampled = new DecisionCache(config.decision_cache.non_sampled_cache_size);
  }

  /** Bytes of what is remembered of traces that are gone. */
  get sizeBytes(): number {
    return this.#sampled.sizeBytes + this.#notSampled.sizeBytes;
  }

  /** Whether the fate of a trace that is gone is remembered; the span at the cursor then shares it. Late spans that pass are sent by `passOn`. */
  passLate(cursor: SpanCursor, { passing }: Running): boolean {
    const policy = this.#sampled.get(cursor.traceId);
    if (policy !== undefined) {
      passing.append(this.#cachedChain(policy), cursor);
      this.#metrics.earlySampled++;
      return true;
    }
    if (this.#notSampled.get(cursor.traceId) === undefined) return false;
    this.#metrics.earlyNotSampled++;
    this.drop(1, 'not_sampled');
    return true;
  }

  /** The chain, among the spans that pass, of late ones whose trace is remembered with the number of a policy (-1 for none). */
  #cachedChain(policy: number): number {
    return lateChain + 2 + policy;
  }

  /** The chain, among those that pass, of what just came of a trace. */
  newChain(slot: number): number {
    return slot + this.#cachedChain(this.#decider.policies.length);
  }

  /** Passes on the late spans of traces that are kept. */
  passOn({ host, passing, marker }: Running): void {
    const { policies } = this.#decider;
    if (!this.#hasLate(passing)) return;
    const kept = new KeptSpans(host.pool, 0, this.#outbox, marker);
    for (let chain = 0; chain < this.newChain(0); chain++) {
      if (passing.spans(chain) === 0) continue;
      kept.add(passing, chain, { policy: policies[chain - this.#cachedChain(0)]?.name, isCached: chain !== lateChain });
      passing.clear(chain);
    }
    kept.send();
  }

  #hasLate(passing: SpanStore): boolean {
    for (let chain = 0; chain < this.newChain(0); chain++) if (passing.spans(chain) > 0) return true;
    return false;
  }

  /** Decides about every trace that is due at a time. */
  decideDue(dueMs: number, running: Running): void {
    const started = performance.now();
    const now = this.#context.clock.now();
    const slots: number[] = [];
    let sizeBytes = 0;
    for (let slot = this.#traces.takeDue(dueMs); slot >= 0; slot = this.#traces.takeDue(dueMs)) {
      if (this.#isAtOnce) {
        this.#giveUp(slot, now, running);
        continue;
      }
      slots.push(slot);
      sizeBytes += running.spans.sizeBytes(slot);
      if (sizeBytes <= runBytes) continue;
      this.#decide(slots.splice(0), sizeBytes, now, running);
      sizeBytes = 0;
    }
    if (slots.length > 0) this.#decide(slots, sizeBytes, now, running);
    this.#metrics.ran(performance.now() - started);
  }

  /** Nothing that came of a trace was worth keeping it. */
  #giveUp(slot: number, now: number, running: Running): void {
    this.drop(running.spans.spans(slot), 'not_sampled');
    this.clear(slot, running);
    this.#metrics.decided(decisions.notSampled);
    this.conclude(slot, decisions.notSampled, now);
    if (!this.#notSampled.isOn) this.remove(slot, now);
  }

  /** Decides about traces and sends what is kept of them in one batch. */
  #decide(slots: readonly number[], sizeBytes: number, now: number, { host, spans, marker }: Running): void {
    const { facts } = this.#decider;
    const kept = new KeptSpans(host.pool, sizeBytes, this.#outbox, marker);
    let all: KeptSpans | undefined;
    let batch: Batch | undefined;
    if (facts.length > 0) {
      all = new KeptSpans(host.pool, sizeBytes, this.#outbox, undefined);
      for (const slot of slots) all.add(spans, slot, { policy: undefined });
      batch = all.batch();
      this.#trace.outcomes = this.#finder.find(batch, all.groups);
    }
    for (const [i, slot] of slots.entries()) {
      const decision = this.#ask(slot, now, i * facts.length, spans);
      const count = spans.spans(slot);
      if (decision === decisions.sampled) {
        const why = { policy: this.#decider.policies[this.#decider.policy].name, composite: this.#trace.subPolicy };
        if (all === undefined) kept.add(spans, slot, why);
        else kept.addFrom(all, i, count, why);
      } else this.drop(count, decision === decisions.dropped ? 'dropped_by_policy' : 'not_sampled');
      spans.clear(slot);
      this.conclude(slot, decision, now);
    }
    batch?.release();
    kept.send();
  }

  #ask(slot: number, now: number, base: number, spans: SpanStore): Decision {
    const trace = this.#trace;
    this.#traces.readId(slot, trace.id);
    trace.spans = spans.spans(slot);
    trace.sizeBytes = spans.sizeBytes(slot);
    trace.nowMs = now;
    trace.base = base;
    const decision = this.#isAtOnce ? this.#decider.decideAtOnce(trace) : this.#decider.decide(trace);
    if (decision !== decisions.pending) this.#metrics.decided(decision);
    return decision;
  }

  /** Asks about what came of traces with one resource; what came before goes where that goes. */
  decideAtOnce(slots: readonly number[], now: number, running: Running): void {
    const started = performance.now();
    const { host, spans, passing, marker } = running;
    for (const slot of slots) {
      const chain = this.newChain(slot);
      if (passing.spans(chain) === 0) continue;
      const piece = new KeptSpans(host.pool, passing.sizeBytes(chain), this.#outbox, undefined);
      piece.add(passing, chain, { policy: undefined });
      const batch = piece.batch();
      if (this.#decider.facts.length > 0) this.#trace.outcomes = this.#finder.find(batch, piece.groups);
      batch.release();
      passing.clear(chain);
      const decision = this.#ask(slot, now, 0, spans);
      if (decision === decisions.pending) continue;
      if (decision === decisions.sampled) {
        const kept = new KeptSpans(host.pool, spans.sizeBytes(slot), this.#outbox, marker);
        kept.add(spans, slot, { policy: this.#decider.policies[this.#decider.policy].name, composite: this.#trace.subPolicy });
        kept.send();
      } else this.drop(spans.spans(slot), 'dropped_by_policy');
      spans.clear(slot);
      this.conclude(slot, decision, now);
    }
    this.#metrics.ran(performance.now() - started);
  }

  /** Remembers a decision. With a cache the trace itself need not be. `atMs`: 0 when it was not the policies that decided. */
  conclude(slot: number, decision: Decision, now: number, atMs = now): void {
    this.#traces.decide(slot, decision, atMs);
    const cache = decision === decisions.sampled ? this.#sampled : this.#notSampled;
    if (cache.isOn) {
      this.#traces.readId(slot, this.#trace.id);
      cache.put(this.#trace.id, decision === decisions.notSampled ? -1 : this.#decider.policy);
      this.remove(slot, now);
    } else if (this.#config.block_on_overflow) this.#traces.mayLeave(slot);
  }

  /** Forgets a trace. */
  remove(slot: number, now: number): void {
    this.#metrics.removed(now - this.#traces.remove(slot));
  }

  /** Forgets the spans of a trace. */
  clear(slot: number, { spans, passing }: Running): void {
    spans.clear(slot);
    passing.clear(this.newChain(slot));
  }

  /** Items are given up. */
  drop(count: number, reason: string): void {
    const { items } = this.#context;
    items.drop(count, reason);
    items.hold(-count);
  }

  /** Drops every trace that waits. */
  dropPending(running: Running): void {
    for (let slot = this.#traces.takeDue(Infinity); slot >= 0; slot = this.#traces.takeDue(Infinity)) {
      this.drop(running.spans.spans(slot), 'shutdown');
      this.clear(slot, running);
      this.#traces.decide(slot, decisions.notSampled, 0);
    }
  }
}
