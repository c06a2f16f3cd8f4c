import { DueQueue, larger, TraceTable } from '@millrace/trace-buffer';
import type { TraceId } from '@millrace/trace-buffer';
import { decisions } from './decision.ts';
import type { Decision } from './decision.ts';

/** Of the arrays below, per trace. */
const slotBytes = 8 + 8 + 4 + 1;

/** How traces wait. */
export interface Waiting {
  /** Milliseconds from the first span of a trace, and from its root (0: that does not matter), until it is due. */
  readonly waitMs: number;
  readonly rootWaitMs: number;
  /** Traces to make room for at once. */
  readonly expected: number;
}

/** The traces in memory: since when, until when, and what was decided about them. By slots, as in `TraceTable`. */
export class HeldTraces {
  readonly #waiting: Waiting;
  readonly #table: TraceTable;
  readonly #due = new DueQueue();
  readonly #dueByRoot = new DueQueue();
  /** Decided traces in the order of their decisions. */
  readonly #decided = new DueQueue();
  #arrivals = new Float64Array(0);
  #decidedAt = new Float64Array(0);
  /** Tells one trace of a slot from the next, and a due one from one that was taken. */
  #tickets = new Uint32Array(0);
  #decisions = new Uint8Array(0);
  #pending = 0;

  constructor(waiting: Waiting) {
    this.#waiting = waiting;
    this.#table = new TraceTable(waiting.expected);
    this.#fit();
  }

  get size(): number {
    return this.#table.size;
  }

  /** Traces without a decision. */
  get pending(): number {
    return this.#pending;
  }

  get sizeBytes(): number {
    const queues = this.#due.sizeBytes + this.#dueByRoot.sizeBytes + this.#decided.sizeBytes;
    return this.#table.sizeBytes + this.#table.capacity * slotBytes + queues;
  }

  /** The slot of the oldest trace. */
  get oldest(): number {
    return this.#table.oldest;
  }

  /** The slot of a trace, -1 when it is not here. */
  find(id: TraceId): number {
    return this.#table.find(id);
  }

  add(id: TraceId, nowMs: number): number {
    const slot = this.#table.add(id);
    this.#fit();
    this.#arrivals[slot] = nowMs;
    this.#decidedAt[slot] = 0;
    this.#decisions[slot] = decisions.pending;
    this.#pending++;
    this.#due.add(slot, this.#tickets[slot], nowMs + this.#waiting.waitMs);
    return slot;
  }

  /** Whether a root that comes now makes the trace due earlier. */
  isEarlierByRoot(slot: number, nowMs: number): boolean {
    const { waitMs, rootWaitMs } = this.#waiting;
    return rootWaitMs > 0 && nowMs + rootWaitMs < this.#arrivals[slot] + waitMs;
  }

  rootCame(slot: number, nowMs: number): void {
    this.#dueByRoot.add(slot, this.#tickets[slot], nowMs + this.#waiting.rootWaitMs);
  }

  /** Takes a pending trace that is due at a time; -1 when there is none. */
  takeDue(dueMs: number): number {
    for (const queue of [this.#dueByRoot, this.#due]) {
      for (let slot = queue.take(dueMs); slot >= 0; slot = queue.take(dueMs)) {
        if (this.#tickets[slot] !== queue.ticket || this.#decisions[slot] !== decisions.pending) continue;
        this.#tickets[slot]++;
        return slot;
      }
    }
    return -1;
  }

  /** Takes the trace that was decided about first, to forget it; -1 when there is none. */
  takeDecided(): number {
    for (let slot = this.#decided.take(Infinity); slot >= 0; slot = this.#decided.take(Infinity))
      if (this.#tickets[slot] === this.#decided.ticket) return slot;
    return -1;
  }

  decision(slot: number): Decision {
    return this.#decisions[slot] as Decision;
  }

  /** When the policies decided; 0 when it was not them. */
  decidedAtMs(slot: number): number {
    return this.#decidedAt[slot];
  }

  /** `atMs`: 0 when it was not the policies that decided. */
  decide(slot: number, decision: Decision, atMs: number): void {
    this.#pending--;
    this.#decisions[slot] = decision;
    this.#decidedAt[slot] = atMs;
  }

  /** Lets `takeDecided` return the trace. */
  mayLeave(slot: number): void {
    this.#decided.add(slot, this.#tickets[slot], 0);
  }

  readId(slot: number, id: TraceId): void {
    this.#table.read(slot, id);
  }

  /** Forgets a trace; returns when it came. */
  remove(slot: number): number {
    if (this.#decisions[slot] === decisions.pending) this.#pending--;
    this.#table.remove(slot);
    this.#tickets[slot]++;
    return this.#arrivals[slot];
  }

  #fit(): void {
    const { capacity } = this.#table;
    this.#arrivals = larger(this.#arrivals, capacity);
    this.#decidedAt = larger(this.#decidedAt, capacity);
    this.#tickets = larger(this.#tickets, capacity);
    this.#decisions = larger(this.#decisions, capacity);
  }
}
