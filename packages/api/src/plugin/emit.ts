import { BatchBuilder } from '@millrace/wire';
import type { Batch, BufferPool, LogInput, MetricInput, PlainAttributes, PointInputs, Signal, SpanInput } from '@millrace/wire';

/** A new metric and its points. */
export type MetricWithPoints = {
  [T in keyof PointInputs]: MetricInput<T> & { readonly points: readonly PointInputs[T][] };
}[keyof PointInputs];

/** Where new items come from. */
export interface Origin {
  /** Attributes of the resource. Default: none. */
  readonly resource?: PlainAttributes;
  /** Name of the instrumentation scope. Default: the id of the component. */
  readonly scope?: string;
}

/** The signals that a plugin can make. */
export type EmittedSignal = Exclude<Signal, 'profiles'>;

/**
 * Sends new items into the pipelines that the component leads to. Resolves when they are taken (at once where no pipeline takes the signal), rejects
 * with a `PipelineError` when they are not: then they are still the plugin's.
 */
export interface Emit {
  spans(spans: readonly SpanInput[], origin?: Origin): Promise<void>;
  logs(logs: readonly LogInput[], origin?: Origin): Promise<void>;
  metrics(metrics: readonly MetricWithPoints[], origin?: Origin): Promise<void>;
}

/** An `Emit` that hands its batches to `send`, which takes them over. `scope`: the default name. */
export function emitTo(pool: BufferPool, scope: string, send: (batch: Batch) => Promise<void>): Emit {
  const build = async (signal: EmittedSignal, origin: Origin, fill: (into: ReturnType<typeof scopeOf>) => void): Promise<void> => {
    using builder = new BatchBuilder(signal, pool);
    fill(scopeOf(builder, origin));
    const batch = builder.finish();
    if (batch !== undefined) await send(batch);
  };
  const scopeOf = (builder: BatchBuilder, origin: Origin): ReturnType<ReturnType<BatchBuilder['resource']>['scope']> =>
    builder.resource(origin.resource).scope(origin.scope ?? scope);
  return {
    spans: (spans, origin = {}) =>
      build('traces', origin, (into) => {
        for (const span of spans) into.span(span);
      }),
    logs: (logs, origin = {}) =>
      build('logs', origin, (into) => {
        for (const log of logs) into.log(log);
      }),
    metrics: (metrics, origin = {}) =>
      build('metrics', origin, (into) => {
        for (const { points, ...metric } of metrics) {
          const made = into.metric(metric as MetricInput<'gauge'>);
          for (const point of points) made.point(point as PointInputs['gauge']);
        }
      }),
  };
}
