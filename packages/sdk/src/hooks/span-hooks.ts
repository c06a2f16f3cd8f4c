import type { EndedSpan, Inlet } from '@millrace/receiver-sdk';
import type { SpanCalls } from '../span-calls.ts';

/** What an exporter of OpenTelemetry's SDK tells its caller. */
export interface ExportResult {
  /** 0 success, 1 failed. */
  readonly code: number;
  readonly error?: Error;
}

/** `SpanProcessor` of @opentelemetry/sdk-trace. */
export interface SpanProcessorHook {
  onStart(): void;
  onEnd(span: EndedSpan): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** `SpanExporter` of @opentelemetry/sdk-trace. */
export interface SpanExporterHook {
  export(spans: readonly EndedSpan[], done: (result: ExportResult) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Takes every sampled span as it ends; what the pipelines cannot take is dropped and counted, the application never waits. */
export function spanProcessor(inlet: Inlet, calls: SpanCalls): SpanProcessorHook {
  return {
    onStart: () => {},
    onEnd: (span) => {
      if ((span.spanContext().traceFlags & 1) === 0) return;
      calls.see(span);
      inlet.span(span);
    },
    forceFlush: () => inlet.flush(),
    shutdown: () => inlet.flush(),
  };
}

/** For a batching processor of the application's own: says whether the pipelines took the spans. */
export function spanExporter(inlet: Inlet, calls: SpanCalls): SpanExporterHook {
  return {
    export: (spans, done) => {
      for (const span of spans) calls.see(span);
      answer(inlet.spans(spans), done);
    },
    forceFlush: () => inlet.flush(),
    shutdown: () => inlet.flush(),
  };
}

/** Tells an exporter's caller what became of the batch. */
export function answer(taken: Promise<void>, done: (result: ExportResult) => void): void {
  taken.then(
    () => done({ code: 0 }),
    (error: unknown) => done({ code: 1, error: error instanceof Error ? error : new Error(String(error)) }),
  );
}
