import type { AttributesView } from '@millrace/wire';
import { redactFields } from '@millrace/redaction';
import type { ContextName } from './context-name.ts';
import type { TransformContext } from './transform-context.ts';

const attributes = (view: AttributesView): unknown => view.toPlain();

/** What identifies an item, for a log: without secrets, without content, without bodies. Never throws. */
export function describeItem(name: ContextName, shown: TransformContext): Readonly<Record<string, unknown>> {
  try {
    return redactFields({ ...itemOf(name, shown), resource: attributes(shown.resource.attributes) });
  } catch {
    return {};
  }
}

function itemOf(name: ContextName, { scope, span, event, log, metric, point }: TransformContext): Readonly<Record<string, unknown>> {
  switch (name) {
    case 'resource':
      return {};
    case 'scope':
      return { scope: scope.name, attributes: attributes(scope.attributes) };
    case 'span':
      return { trace_id: span.traceIdHex, span_id: span.spanIdHex, name: span.name, attributes: attributes(span.attributes) };
    case 'spanevent':
      return { trace_id: span.traceIdHex, span_id: span.spanIdHex, event: event.name, attributes: attributes(event.attributes) };
    case 'log':
      return { severity: log.severityText, body_type: log.body.type, attributes: attributes(log.attributes) };
    case 'metric':
      return { metric: metric.name, type: metric.type };
    default:
      return { metric: metric.name, type: metric.type, attributes: attributes(point.attributes) };
  }
}
