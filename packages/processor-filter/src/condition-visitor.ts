import { TransformContext } from '@millrace/ottl';
import type { SpanView, Visitor } from '@millrace/api';
import type { Conditions } from './conditions.ts';

/** Drops what a condition holds for. Conditions of a container come before those of what is in it. */
export function conditionVisitor(conditions: Conditions): Visitor {
  const context = new TransformContext();
  const resource = conditions.of('resource');
  const scope = conditions.of('scope');
  const metric = conditions.of('metric');
  const point = conditions.of('datapoint');
  const log = conditions.of('log');
  const span = conditions.of('span');
  const event = conditions.of('spanevent');
  return {
    ...(resource && { onResource: (view) => (resource(context.onResource(view)) ? 'drop' : undefined) }),
    ...(scope && { onScope: (view) => (scope(context.onScope(view)) ? 'drop' : undefined) }),
    ...((metric ?? point) && {
      onMetric: (view) => {
        if (metric?.(context.onMetric(view)) === true) return 'drop';
        // Without data points it has none that are kept.
        return point !== undefined && view.type !== 'empty' && view.size === 0 ? 'drop' : undefined;
      },
    }),
    ...(point && { onDataPoint: (view) => (point(context.onDataPoint(view)) ? 'drop' : undefined) }),
    ...(log && { onLog: (view) => (log(context.onLog(view)) ? 'drop' : undefined) }),
    ...((span ?? event) && {
      onSpan: (view) => {
        if (span?.(context.onSpan(view)) === true) return 'drop';
        if (event !== undefined) dropEvents(view, context, event);
        return undefined;
      },
    }),
  };
}

function dropEvents(span: SpanView, context: TransformContext, condition: (shown: TransformContext) => boolean): void {
  const { events } = span;
  for (let i = 0; i < events.size; i++) if (condition(context.onSpanEvent(span, events.at(i), i))) events.drop(i);
}
