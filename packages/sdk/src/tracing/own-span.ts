import type { Attributes, EndedSpan, HrTime, Resource, Scope, SpanIds } from '@millrace/receiver-sdk';

/** A span of the SDK's own, for applications without OpenTelemetry. It has the shape in which the receiver takes spans. */
export class OwnSpan implements EndedSpan {
  readonly name: string;
  /** As OpenTelemetry's API counts: 0 internal, 1 server, 2 client. */
  readonly kind: number;
  readonly ids: SpanIds;
  readonly parentSpanContext: SpanIds | undefined;
  readonly startTime: HrTime = now();
  endTime: HrTime = this.startTime;
  status: { readonly code: number; readonly message?: string } = { code: 0 };
  readonly attributes: Record<string, unknown>;
  readonly links: EndedSpan['links'] = [];
  readonly events: EndedSpan['events'] = [];
  readonly resource: Resource;
  readonly instrumentationScope: Scope;
  readonly #onEnd: (span: OwnSpan) => void;
  #ended = false;

  constructor(
    name: string,
    kind: number,
    parts: Pick<EndedSpan, 'parentSpanContext' | 'resource'> & {
      readonly ids: SpanIds;
      /** They are the span's from now on. */
      readonly attributes: Record<string, unknown>;
      readonly instrumentationScope: Scope;
    },
    onEnd: (span: OwnSpan) => void,
  ) {
    this.name = name;
    this.kind = kind;
    this.ids = parts.ids;
    this.parentSpanContext = parts.parentSpanContext;
    this.attributes = parts.attributes;
    this.resource = parts.resource;
    this.instrumentationScope = parts.instrumentationScope;
    this.#onEnd = onEnd;
  }

  spanContext(): SpanIds {
    return this.ids;
  }

  setAttributes(attributes: Attributes): void {
    Object.assign(this.attributes, attributes);
  }

  setStatus(status: { readonly code: number; readonly message?: string }): void {
    this.status = status;
  }

  /** A second call does nothing. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.endTime = now();
    this.#onEnd(this);
  }
}

const { timeOrigin } = performance;

function now(): HrTime {
  const ms = timeOrigin + performance.now();
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
}
