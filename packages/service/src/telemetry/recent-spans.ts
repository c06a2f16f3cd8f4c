import type { OwnSpan } from '@millrace/api';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';

const most = 256;

/** Keeps the latest sampled spans of this thread, for diagnostic pages. */
export class RecentSpans implements SpanProcessor {
  readonly #spans: OwnSpan[] = [];

  /** Oldest first. */
  get spans(): readonly OwnSpan[] {
    return this.#spans;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { traceId, spanId } = span.spanContext();
    const milliseconds = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1e3 + nanoseconds / 1e6;
    this.#spans.push({
      name: span.name,
      traceId,
      spanId,
      startMs: milliseconds(span.startTime),
      durationMs: milliseconds(span.duration),
      error: span.status.code === SpanStatusCode.ERROR,
      attributes: span.attributes,
    });
    if (this.#spans.length > most) this.#spans.shift();
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
