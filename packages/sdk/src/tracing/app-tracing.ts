import type { Attributes, SpanIds } from '@millrace/receiver-sdk';

/** A span of OpenTelemetry's API, as far as it is used here. */
export interface AppSpan {
  spanContext(): SpanIds;
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(): void;
}

/** A context of OpenTelemetry's API. */
export interface AppContext {
  setValue(key: symbol, value: unknown): AppContext;
  getValue(key: symbol): unknown;
}

interface AppTracer {
  startSpan(name: string, options: { readonly kind: number; readonly attributes: Attributes }, context?: AppContext): AppSpan;
}

/** What an application registered with @opentelemetry/api, whichever version of it. */
export interface AppTracing {
  readonly trace?: { getTracer(name: string, version?: string): AppTracer };
  readonly context?: { active(): AppContext; with<T>(context: AppContext, work: () => T): T };
  readonly propagation?: {
    inject(context: AppContext, carrier: object, setter: { set(carrier: object, key: string, value: string): void }): void;
    extract(
      context: AppContext,
      carrier: object,
      getter: { get(carrier: object, key: string): unknown; keys(carrier: object): string[] },
    ): AppContext;
  };
}

/** Under which the API keeps the active span in a context; part of its interface between versions. */
export const spanKey: symbol = Symbol.for('OpenTelemetry Context Key SPAN');

const registryKey = Symbol.for('opentelemetry.js.api.1');

/**
 * The application's own tracing; undefined when it has none. Read from where every version of the API keeps it: an import of the API would be
 * refused whatever an older one registered.
 */
export function appTracing(): AppTracing | undefined {
  const registry = (globalThis as Readonly<Record<symbol, AppTracing | undefined>>)[registryKey];
  return registry?.trace === undefined ? undefined : registry;
}
