import { type Batch, BatchBuilder, type BufferPool, ByteWriter, type Visitor, walk } from '@millrace/wire';
import { type Group, SpanEncoder } from './span-encoder.ts';

/** What a batch is in PostSpansRequests: one for each process, more than one when its spans are many. Release it when all are sent. */
export class JaegerRequests implements Disposable {
  readonly #writer: ByteWriter;
  readonly #groups: readonly Group[];
  /** The request of every span, in the order of the batch. */
  readonly #requestOf: Uint32Array;

  constructor(batch: Batch, pool: BufferPool) {
    this.#writer = new ByteWriter(pool.lease(batch.sizeBytes * 2));
    const encoder = new SpanEncoder(this.#writer, batch.items);
    try {
      walkSpans(batch, encoder);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.#groups = encoder.groups;
    this.#requestOf = encoder.groupOf;
  }

  get count(): number {
    return this.#groups.length;
  }

  /** Room that a request takes, a few bytes more than its size. */
  sizeOf(index: number): number {
    return this.#groups[index]!.sizeBytes + 16;
  }

  /** Writes an encoded PostSpansRequest. */
  write(index: number, into: ByteWriter): void {
    const { processStart, processEnd, spans } = this.#groups[index]!;
    const { buffer, view } = this.#writer;
    const at = into.begin(0x0a);
    for (let i = 0; i < spans.length; i += 2) into.copy(buffer, view, spans[i]!, spans[i + 1]!);
    into.copy(buffer, view, processStart, processEnd);
    into.end(at);
  }

  /** A batch of the spans whose requests are chosen. */
  select(batch: Batch, pool: BufferPool, chosen: (index: number) => boolean): Batch {
    using builder = new BatchBuilder('traces', pool);
    let span = 0;
    walkSpans(batch, {
      onSpan: (view) => {
        if (chosen(this.#requestOf[span++]!)) builder.copy(view);
      },
    });
    return builder.finish(batch.client)!;
  }

  [Symbol.dispose](): void {
    this.#writer.lease!.release();
  }
}

function walkSpans(batch: Batch, visitor: Visitor): void {
  const problems: unknown[] = [];
  walk([visitor], (_visitor, problem) => problems.push(problem)).run(batch);
  if (problems.length > 0) throw problems[0];
}
