import { context, propagation, trace } from '@opentelemetry/api';

/** Headers that tell the destination which of millrace's own spans is active, by the configured propagators; undefined without such a span. */
export function traceHeaders(): Readonly<Record<string, string>> | undefined {
  const active = context.active();
  if (trace.getSpan(active) === undefined) return undefined;
  const headers: Record<string, string> = {};
  propagation.inject(active, headers);
  return headers;
}
