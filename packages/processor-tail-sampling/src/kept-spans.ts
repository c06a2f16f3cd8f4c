import { noClient } from '@millrace/api';
import type { Batch } from '@millrace/api';
import type { Outbox, SpanStore } from '@millrace/trace-buffer';
import { ByteWriter, createBatch } from '@millrace/wire';
import type { BufferPool } from '@millrace/wire';
import type { PolicyMark, PolicyMarker } from './policy-marker.ts';

const leastBytes = 1 << 12;

/** Collects the spans of traces, one trace after the other, and makes a batch of them. */
export class KeptSpans {
  readonly #outbox: Outbox;
  readonly #marker: PolicyMarker | undefined;
  readonly #out: ByteWriter;
  readonly #marks: PolicyMark[] = [];
  /** ResourceSpans, and the end, of each trace. */
  readonly groups: number[] = [];
  readonly #ends: number[] = [];
  #spans = 0;

  /** `sizeBytes`: about what will be collected. */
  constructor(pool: BufferPool, sizeBytes: number, outbox: Outbox, marker: PolicyMarker | undefined) {
    this.#out = new ByteWriter(pool.lease(Math.max(sizeBytes, leastBytes)));
    this.#outbox = outbox;
    this.#marker = marker;
  }

  /** Adds the trace in a chain. */
  add(store: SpanStore, chain: number, why: Omit<PolicyMark, 'groups'>): void {
    this.#noteTrace(store.assemble(chain, this.#out), store.spans(chain), why);
  }

  /** Adds a trace of another collection. */
  addFrom(other: KeptSpans, index: number, spans: number, why: Omit<PolicyMark, 'groups'>): void {
    this.#out.copy(other.#out.buffer, other.#out.view, other.#ends[index - 1] ?? 0, other.#ends[index]);
    this.#noteTrace(other.groups[index], spans, why);
  }

  #noteTrace(groups: number, spans: number, why: Omit<PolicyMark, 'groups'>): void {
    this.groups.push(groups);
    this.#ends.push(this.#out.position);
    this.#spans += spans;
    if (this.#marker !== undefined) this.#marks.push({ groups, ...why });
  }

  /** Everything as one batch, which is the caller's. */
  batch(): Batch {
    return createBatch('traces', this.#out.lease!, 0, this.#out.position, this.#spans, noClient);
  }

  /** Sends everything on, if there is anything. */
  send(): void {
    if (this.#spans === 0) this.#out.lease!.release();
    else if (this.#marker === undefined) this.#outbox.send(this.batch());
    else this.#outbox.send(this.#marker.mark(this.batch(), this.#marks));
  }
}
