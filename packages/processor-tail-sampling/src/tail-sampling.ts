import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, Stage, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { Outbox, SpanCursor, SpanStore } from '@millrace/trace-buffer';
import type { MemoryAccount } from '@millrace/wire';
import type { TailSamplingConfig } from './config.ts';
import { decisions } from './decision.ts';
import { Decider } from './decider.ts';
import { HeldTraces } from './held-traces.ts';
import { Judge, lateChain } from './judge.ts';
import type { Running } from './judge.ts';
import { PolicyMarker } from './policy-marker.ts';
import { TailSamplingMetrics } from './tail-sampling-metrics.ts';

/** How often due traces are looked for. */
const tickMs = 100;

const notRunning = new PipelineError('tail_sampling is not running', { kind: 'retryable' });
const full = new PipelineError('tail_sampling is full: the memory budget is spent', { kind: 'retryable' });

/** A batch whose sender waits for room. */
interface Waiter {
  readonly batch: Batch;
  readonly resolve: () => void;
  readonly reject: (error: PipelineError) => void;
}

/** Holds the spans of each trace until its time is over, decides about the trace, and passes on or drops its spans. */
export class TailSampling implements Stage {
  readonly #config: TailSamplingConfig;
  readonly #context: Context;
  readonly #isAtOnce: boolean;
  readonly #outbox: Outbox;
  readonly #metrics: TailSamplingMetrics;
  readonly #gates = { countsSpans: false, countsBytes: false };
  readonly #judge: Judge;
  readonly #traces: HeldTraces;
  readonly #cursor = new SpanCursor();
  readonly #waiters: Waiter[] = [];
  #running: Running | undefined;
  #account: MemoryAccount | undefined;
  #timer: Timer | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: TailSamplingConfig, next: Consumer, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#isAtOnce = config.sampling_strategy === 'span-ingest';
    this.#outbox = new Outbox(next, context);
    const waitMs = durationMs(config.decision_wait);
    this.#traces = new HeldTraces({
      waitMs,
      rootWaitMs: durationMs(config.decision_wait_after_root_received),
      expected: Math.min(config.num_traces, config.expected_new_traces_per_sec * Math.max(1, waitMs / 1000)),
    });
    const decider = new Decider(config, context);
    this.#metrics = new TailSamplingMetrics(context, decider, this.#traces, this.#gates);
    this.#judge = new Judge({ config, context, decider, traces: this.#traces, outbox: this.#outbox, metrics: this.#metrics });
  }

  start(host: Host): void {
    const isOn = (name: string): boolean =>
      host.service.featureGates.some(({ id, enabled }) => enabled && id === `processor.tailsamplingprocessor.${name}`);
    this.#gates.countsSpans = isOn('metricstatcountspanssampled');
    this.#gates.countsBytes = isOn('metricstatcountbytessampled');
    const report = (error: unknown): void => this.#context.logger.error('Marking a trace failed.', { error: String(error) });
    this.#account = host.memory.account();
    this.#running = {
      host,
      spans: new SpanStore(host.pool),
      passing: new SpanStore(host.pool),
      marker: isOn('recordpolicy') ? new PolicyMarker(report) : undefined,
    };
  }

  consume(batch: Batch): Consumed {
    const running = this.#running;
    if (running === undefined || this.#stopped !== undefined) throw notRunning;
    if (running.host.memory.available === 0) throw full;
    if (this.#config.block_on_overflow && (this.#waiters.length > 0 || !this.#hasRoom(batch))) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#waiters.push({ batch: batch.hold(), resolve, reject });
      return promise;
    }
    this.#admit(batch, running);
    return undefined;
  }

  refusing(): PipelineError | undefined {
    if (this.#running === undefined || this.#stopped !== undefined) return notRunning;
    return this.#running.host.memory.available === 0 ? full : undefined;
  }

  /** Whether the undecided traces leave room for those of a batch. A batch never waits when there are none. */
  #hasRoom(batch: Batch): boolean {
    if (this.#traces.pending === 0) return true;
    const cursor = this.#cursor;
    const added = new Set<string>();
    cursor.open(batch);
    while (cursor.next()) if (this.#traces.find(cursor.traceId) < 0) added.add(cursor.traceId.join());
    return this.#traces.pending + added.size <= this.#config.num_traces;
  }

  #admit(batch: Batch, running: Running): void {
    const cursor = this.#cursor;
    this.#context.items.hold(batch.items);
    cursor.open(batch);
    const now = this.#context.clock.now();
    const touched: number[] = [];
    let resource = cursor.resource.stamp;
    let lastLate = -1;
    while (cursor.next()) {
      if (cursor.resource.stamp !== resource) {
        if (touched.length > 0) this.#judge.decideAtOnce(touched.splice(0), now, running);
        resource = cursor.resource.stamp;
        lastLate = -1;
      }
      let slot = this.#traces.find(cursor.traceId);
      if (slot < 0) {
        if (this.#judge.passLate(cursor, running)) continue;
        slot = this.#add(now, running);
      }
      const decision = this.#traces.decision(slot);
      if (decision === decisions.pending) {
        this.#hold(slot, now, running, touched);
        continue;
      }
      if (decision === decisions.sampled) running.passing.append(lateChain, cursor);
      else this.#judge.drop(1, 'not_sampled');
      const decidedAtMs = this.#traces.decidedAtMs(slot);
      if (slot !== lastLate && decidedAtMs > 0) this.#metrics.late(now - decidedAtMs);
      lastLate = slot;
    }
    if (touched.length > 0) this.#judge.decideAtOnce(touched, now, running);
    this.#judge.passOn(running);
    this.#declare(running);
    this.#schedule();
  }

  /** Takes a trace in; when there are too many, forgets the oldest, or, with block_on_overflow, a decided one. */
  #add(now: number, running: Running): number {
    while (this.#traces.size >= this.#config.num_traces) {
      if (this.#config.block_on_overflow) {
        const slot = this.#traces.takeDecided();
        if (slot < 0) break;
        this.#judge.remove(slot, now);
      } else this.#evict(this.#traces.oldest, now, running);
    }
    this.#metrics.newTraces++;
    return this.#traces.add(this.#cursor.traceId, now);
  }

  #evict(slot: number, now: number, { spans }: Running): void {
    if (this.#traces.decision(slot) === decisions.pending) {
      this.#metrics.droppedTooEarly++;
      this.#judge.drop(spans.spans(slot), 'evicted');
      spans.clear(slot);
    }
    this.#judge.remove(slot, now);
  }

  /** Keeps the span at the cursor with its trace. */
  #hold(slot: number, now: number, running: Running, touched: number[]): void {
    const cursor = this.#cursor;
    const { spans, passing } = running;
    spans.append(slot, cursor);
    if (this.#traces.isEarlierByRoot(slot, now) && cursor.isRoot) this.#traces.rootCame(slot, now);
    const limit = this.#config.maximum_trace_size_bytes;
    if (limit > 0 && spans.sizeBytes(slot) > limit) {
      this.#metrics.droppedTooLarge++;
      this.#judge.drop(spans.spans(slot), 'too_large');
      this.#judge.clear(slot, running);
      this.#judge.conclude(slot, decisions.notSampled, now, 0);
    } else if (this.#isAtOnce) {
      const chain = this.#judge.newChain(slot);
      if (passing.spans(chain) === 0) touched.push(slot);
      passing.append(chain, cursor);
    }
  }

  #declare({ spans, passing }: Running): void {
    this.#account!.set(this.#traces.sizeBytes + spans.stateBytes + passing.stateBytes + this.#judge.sizeBytes);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#traces.pending === 0 || this.#stopped !== undefined) return;
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#tick(this.#running!);
      this.#schedule();
    }, tickMs);
  }

  #tick(running: Running): void {
    this.#judge.decideDue(this.#context.clock.now(), running);
    while (this.#waiters.length > 0 && this.#hasRoom(this.#waiters[0].batch)) {
      const { batch, resolve } = this.#waiters.shift()!;
      this.#admit(batch, running);
      batch.release();
      resolve();
    }
    this.#declare(running);
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { batch, reject } of this.#waiters.splice(0)) {
      batch.release();
      reject(notRunning);
    }
    const running = this.#running;
    if (running === undefined) return;
    if (this.#config.drop_pending_traces_on_shutdown || signal.aborted) this.#judge.dropPending(running);
    else this.#judge.decideDue(Infinity, running);
    await this.#outbox.drain(signal);
    this.#account!.set(0);
  }
}
