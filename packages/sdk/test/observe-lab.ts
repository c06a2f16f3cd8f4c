import { tokenKinds } from '@millrace/genai';
import type { Call } from '@millrace/genai';
import { observe } from '../src/observe/observe.ts';
import type { CallObserver, ObserveOptions } from '../src/observe/observed-call.ts';
import type { OwnSpan } from '../src/tracing/own-span.ts';
import { keepAll } from '../src/tracing/sampler.ts';
import { Tracing } from '../src/tracing/tracing.ts';

/** What observing gave. */
export interface ObserveLab {
  readonly calls: { readonly call: Call; readonly durationMs: number }[];
  readonly spans: OwnSpan[];
  readonly failures: unknown[];
  readonly observer: CallObserver;
  observe<T extends object>(client: T, options?: ObserveOptions): T;
}

/** An observer that keeps what it is told. */
export function observeLab(): ObserveLab {
  const [calls, spans, failures]: [ObserveLab['calls'], OwnSpan[], unknown[]] = [[], [], []];
  const tracing = new Tracing({ name: '@millrace/sdk' }, { attributes: {} }, keepAll, (span) => spans.push(span));
  const observer: CallObserver = {
    tracing,
    traced: () => true,
    record: (call, { durationMs }) => calls.push({ call, durationMs }),
    began: () => {},
    failed: (error) => failures.push(error),
  };
  return { calls, spans, failures, observer, observe: (client, options) => observe(client, observer, options) };
}

/** The buckets of a call that are not 0. */
export function bucketsOf(call: Call): Record<string, number> {
  const kinds = tokenKinds.map((kind) => [kind, call.usage.get(kind)] as const);
  return Object.fromEntries(kinds.filter(([, tokens]) => tokens > 0));
}
