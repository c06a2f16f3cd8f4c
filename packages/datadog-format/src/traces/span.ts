/** A span as Datadog has it (datadog.trace.Span). Times are nanoseconds. */
export interface DatadogSpan {
  service: string;
  name: string;
  resource: string;
  type: string;
  readonly traceId: bigint;
  readonly spanId: bigint;
  parentId: bigint;
  start: bigint;
  duration: bigint;
  /** 1 for an error, else 0. */
  error: number;
  readonly meta: Map<string, string>;
  readonly metrics: Map<string, number>;
}

/** The spans of one trace that came together (datadog.trace.TraceChunk). */
export interface TraceChunk {
  priority: number;
  origin: string;
  spans: DatadogSpan[];
  readonly tags: Map<string, string>;
}

/** What one resource sends (datadog.trace.TracerPayload). */
export interface TracerPayload {
  readonly containerId: string;
  readonly language: string;
  readonly tracerVersion: string;
  readonly chunks: TraceChunk[];
  readonly tags: Map<string, string>;
  env: string;
  hostname: string;
  appVersion: string;
}

/** Datadog's names of `SpanKind`s, by number. */
export const kindNames: readonly string[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** Numbers of `SpanKind`. */
export const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
