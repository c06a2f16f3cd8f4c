import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attributes, Resource, Scope, SpanIds } from '@millrace/receiver-sdk';
import { appTracing, spanKey } from './app-tracing.ts';
import type { AppSpan, AppTracing } from './app-tracing.ts';
import { OwnSpan } from './own-span.ts';
import { isSampled } from './sampler.ts';
import type { Sampler } from './sampler.ts';
import { newId, readTraceContext, traceHeaders } from './trace-context.ts';
import type { HeadersLike } from './trace-context.ts';

/** How a span begins. */
export interface SpanStart {
  /** Default internal. */
  readonly kind?: 'internal' | 'server' | 'client';
  readonly attributes?: Attributes;
  /** Of the request that is served: the span continues the trace of its `traceparent`, unless there is an active span. */
  readonly headers?: HeadersLike;
}

/** A span that is being recorded. */
export type TracedSpan = AppSpan;

const kinds = { internal: 0, server: 1, client: 2 } as const;

/**
 * Spans of the SDK: those of the application's own OpenTelemetry where it has one, else light ones of the SDK that go to the pipelines in this
 * process. Context is propagated by W3C Trace Context either way.
 */
export class Tracing {
  readonly scope: Scope;
  readonly #resource: Resource;
  readonly #sampler: Sampler;
  readonly #onEnd: (span: OwnSpan) => void;
  readonly #active = new AsyncLocalStorage<SpanIds>();

  constructor(scope: Scope, resource: Resource, sampler: Sampler, onEnd: (span: OwnSpan) => void) {
    this.scope = scope;
    this.#resource = resource;
    this.#sampler = sampler;
    this.#onEnd = onEnd;
  }

  /** Begins a span below the active one. It is not active itself: see `run`. The attributes belong to the span from now on. */
  start(name: string, { kind = 'internal', headers }: SpanStart, attributes: Record<string, unknown>): TracedSpan {
    const app = appTracing();
    return app === undefined ? this.#own(name, kinds[kind], attributes, headers) : this.#apps(app, name, kinds[kind], attributes, headers);
  }

  /** Does some work while a span is the active one, also where that continues asynchronously. */
  run<T>(span: TracedSpan, work: () => T): T {
    const context = appTracing()?.context;
    if (context !== undefined) return context.with(context.active().setValue(spanKey, span), work);
    return this.#active.run(span.spanContext(), work);
  }

  /** The headers that carry the active span to another service; none without one. */
  headers(): Record<string, string> {
    const app = appTracing();
    if (app?.context !== undefined && app.propagation !== undefined) {
      const carrier: Record<string, string> = {};
      app.propagation.inject(app.context.active(), carrier, { set: (_, key, value) => void (carrier[key] = value) });
      return carrier;
    }
    const active = this.#active.getStore();
    return active === undefined ? {} : traceHeaders(active);
  }

  #own(name: string, kind: number, attributes: Record<string, unknown>, headers: HeadersLike | undefined): OwnSpan {
    const parent = this.#active.getStore() ?? (headers === undefined ? undefined : readTraceContext(headers));
    const traceId = parent?.traceId ?? newId(16);
    const sampled = isSampled(this.#sampler, traceId, parent);
    const ids = {
      traceId,
      spanId: newId(8),
      traceFlags: sampled ? 1 : 0,
      ...(parent?.traceState !== undefined && { traceState: parent.traceState }),
    };
    const parts = { ids, parentSpanContext: parent, attributes, resource: this.#resource, instrumentationScope: this.scope };
    return new OwnSpan(name, kind, parts, sampled ? this.#onEnd : () => {});
  }

  #apps(app: AppTracing, name: string, kind: number, attributes: Attributes, headers: HeadersLike | undefined): TracedSpan {
    const tracer = app.trace!.getTracer(this.scope.name, this.scope.version);
    let context = app.context?.active();
    if (context !== undefined && headers !== undefined && context.getValue(spanKey) === undefined && app.propagation !== undefined) {
      const carrier = headers instanceof Headers ? Object.fromEntries(headers) : headers;
      const entries = carrier as Readonly<Record<string, unknown>>;
      context = app.propagation.extract(context, carrier, { get: (_, key) => entries[key], keys: () => Object.keys(entries) });
    }
    return tracer.startSpan(name, { kind, attributes }, context);
  }
}
