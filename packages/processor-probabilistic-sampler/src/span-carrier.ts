import { key } from '@millrace/api';
import type { SpanView } from '@millrace/api';
import { isEmptyId, policies, readTraceId } from './carrier.ts';
import type { Carrier } from './carrier.ts';
import { fnv1a, hashRandomness } from './hash.ts';
import { randomnessText, Threshold } from './threshold.ts';
import type { Randomness } from './threshold.ts';
import { TraceState } from './trace-state.ts';

const priorityKey = key('sampling.priority');
const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Sampling information in a span's tracestate. */
export class SpanCarrier implements Carrier<SpanView> {
  readonly marksMissing = true;
  readonly #seed: number;
  readonly #state = new TraceState();
  #isEmpty = false;

  /** `seed`: the hash's state after the seed. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  get threshold(): Threshold | undefined {
    return this.#isEmpty ? undefined : this.#state.threshold;
  }

  get randomness(): Readonly<Randomness> {
    return this.#state.randomness;
  }

  get hasRandomness(): boolean {
    return !this.#isEmpty && this.#state.hasRandomness;
  }

  read(span: SpanView): string | undefined {
    const text = span.traceState;
    this.#isEmpty = text === '';
    return this.#isEmpty ? undefined : this.#state.parse(text);
  }

  hash(span: SpanView, into: Randomness): number {
    const { buffer, start, end } = span.traceId();
    if (isEmptyId(buffer, start, end)) return policies.missing;
    hashRandomness(fnv1a(buffer, start, end, this.#seed), into);
    return policies.traceIdHash;
  }

  traceIdRandomness(span: SpanView, into: Randomness): boolean {
    const { buffer, start, end } = span.traceId();
    return readTraceId(buffer, start, end, into);
  }

  priority({ attributes }: SpanView): Threshold | undefined {
    const slot = attributes.find(priorityKey);
    if (slot < 0) return undefined;
    const value = attributes.valueAt(slot);
    let priority = value.number();
    if (value.type === 'string') priority = parseFloat64(value.string());
    if (priority > 0) return Threshold.always;
    return priority === 0 ? Threshold.never : undefined;
  }

  write(span: SpanView, threshold: Threshold, arrived: Threshold | undefined, randomness: Readonly<Randomness> | undefined): void {
    if (this.#isEmpty) {
      span.setTraceState(randomness === undefined ? `ot=th:${threshold.text}` : `ot=rv:${randomnessText(randomness)};th:${threshold.text}`);
      return;
    }
    const state = this.#state;
    if (randomness !== undefined) state.setRandomness(randomnessText(randomness));
    if (arrived === undefined || !threshold.isBelow(arrived)) state.setThreshold(threshold);
    span.setTraceState(state.toString());
  }
}

/** A number as Go parses it; NaN for what is none. */
function parseFloat64(text: string): number {
  if (number.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : Number.NaN;
  }
  const infinite = /^([+-]?)(?:inf|infinity)$/i.exec(text);
  return infinite === null ? Number.NaN : infinite[1] === '-' ? -Infinity : Infinity;
}
