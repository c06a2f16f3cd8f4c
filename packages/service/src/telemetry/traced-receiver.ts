import type { Batch, Consumed, Consumer, PipelineError, Signal } from '@millrace/api';
import { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Attributes, Span, TextMapGetter, Tracer } from '@opentelemetry/api';

/** The Collector's names for what a receiver does. */
const operations: Readonly<Record<Signal, readonly [operation: string, noun: string]>> = {
  traces: ['TraceDataReceived', 'spans'],
  metrics: ['MetricsReceived', 'metric_points'],
  logs: ['LogsReceived', 'log_records'],
  profiles: ['ProfilesReceived', 'profile_samples'],
};

type Metadata = Batch['client']['metadata'];

const getter: TextMapGetter<Metadata> = {
  keys: (metadata) => [...metadata.keys()],
  get: (metadata, name) => metadata.get(name.toLowerCase())?.[0],
};

/**
 * Makes a span of every batch that a receiver hands on, until it is taken. It continues the trace of the request's headers where the receiver
 * has `include_metadata` and a propagator is configured.
 */
export class TracedReceiver implements Consumer {
  readonly #next: Consumer;
  readonly #tracer: Tracer;
  readonly #name: string;
  readonly #noun: string;
  readonly #attributes: Attributes;

  constructor(next: Consumer, tracer: Tracer, id: string, signal: Signal, transport = '') {
    const [operation, noun] = operations[signal];
    this.#next = next;
    this.#tracer = tracer;
    this.#name = `receiver/${id}/${operation}`;
    this.#noun = noun;
    this.#attributes = { receiver: id, transport };
    this.over = (name) => new TracedReceiver(next.over?.(name) ?? next, tracer, id, signal, name);
  }

  readonly over: (transport: string) => Consumer;

  consume(batch: Batch): Consumed {
    const parent = propagation.extract(ROOT_CONTEXT, batch.client.metadata, getter);
    const options = { kind: SpanKind.SERVER, attributes: this.#attributes };
    const { items } = batch;
    return this.#tracer.startActiveSpan(this.#name, options, parent, (span): Consumed => {
      let consumed: Consumed;
      try {
        consumed = this.#next.consume(batch);
      } catch (error) {
        this.#end(span, items, error);
        throw error;
      }
      if (consumed === undefined) {
        this.#end(span, items);
        return undefined;
      }
      return consumed.then(
        () => this.#end(span, items),
        (error: unknown) => {
          this.#end(span, items, error);
          throw error;
        },
      );
    });
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }

  #end(span: Span, items: number, error?: unknown): void {
    span.setAttributes({
      [`accepted_${this.#noun}`]: error === undefined ? items : 0,
      [`refused_${this.#noun}`]: error === undefined ? 0 : items,
    });
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
    span.end();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error as unknown);
}
