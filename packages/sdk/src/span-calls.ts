import { Call, readCall } from '@millrace/genai';
import type { EndedSpan, HrTime } from '@millrace/receiver-sdk';

/** Takes a call that a span tells of; the object is reused. */
export type TakeCall = (call: Call, at: { readonly unixMs: number; readonly durationMs: number }) => void;

/** Of spans whose calls are observed at their source, at least so many of the latest are remembered, and at most twice as many. */
const rememberedSpans = 5_000;

const prefixes = /^(gen_ai|llm|openinference|traceloop|ai|langfuse|langsmith|embedding|reranker)\./;

/**
 * Finds the calls of models among the spans of an application's own instrumentations. Spans of the SDK itself, and what other instrumentations
 * say directly below them, are no further calls.
 */
export class SpanCalls {
  readonly #own: string;
  readonly #take: TakeCall;
  readonly #call = new Call();
  #observed = new Set<string>();
  #observedBefore = new Set<string>();

  /** `own`: the scope of the SDK's own spans. */
  constructor(own: string, take: TakeCall) {
    this.#own = own;
    this.#take = take;
  }

  /** A span of the SDK began. */
  began(spanId: string): void {
    if (this.#observed.size >= rememberedSpans) {
      this.#observedBefore = this.#observed;
      this.#observed = new Set();
    }
    this.#observed.add(spanId);
  }

  /** Looks at a span that has ended. Never throws. */
  see(span: EndedSpan): void {
    let isGenAi = false;
    for (const name in span.attributes) {
      if (prefixes.test(name)) {
        isGenAi = true;
        break;
      }
    }
    if (!isGenAi) return;
    const scope = span.instrumentationScope ?? span.instrumentationLibrary;
    if (scope?.name === this.#own) return;
    const parentId = span.parentSpanContext?.spanId ?? span.parentSpanId;
    if (parentId !== undefined && (this.#observed.has(parentId) || this.#observedBefore.has(parentId))) return;
    try {
      const durationMs = milliseconds(span.endTime) - milliseconds(span.startTime);
      const call = readCall(span.attributes, this.#call, {
        name: span.name,
        statusCode: span.status.code,
        durationSeconds: durationMs / 1000,
        ...(scope !== undefined && { scopeName: scope.name }),
        ...(scope?.version !== undefined && { scopeVersion: scope.version }),
      });
      if (call.level !== 'none') this.#take(call, { unixMs: milliseconds(span.endTime), durationMs });
    } catch {
      // The span goes its way; its attributes make no sense.
    }
  }
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
