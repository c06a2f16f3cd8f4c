import type { Context, LogView, ResourceView, ScopeView, SpanView, Visitor } from '@millrace/api';
import { AttributeActions, checkForMetrics, ItemRules, MetricRules } from '@millrace/item-match';
import type { MatchConfig } from '@millrace/item-match';
import type { AttributesConfig } from './config.ts';

/** Applies the actions to the attributes of spans, log records or data points. Throws an Error when include or exclude do not fit the signal. */
export function attributesVisitor(config: AttributesConfig, { signal, logger }: Context): Visitor {
  const actions = new AttributeActions(config.actions, logger);
  if (signal === 'metrics') {
    return {
      ...metricRules(config),
      onDataPoint: (point) => actions.apply(point.attributes, point.resource),
    };
  }
  if (signal === 'logs') {
    const rules = ItemRules.forLogs(config);
    if (rules === undefined) return { onLog: (log) => actions.apply(log.attributes, log.resource) };
    return {
      ...containerHooks(rules),
      onLog: (log) => {
        if (!rules.skips(log)) actions.apply(log.attributes, log.resource);
      },
    };
  }
  const rules = ItemRules.forSpans(config);
  if (rules === undefined) return { onSpan: (span) => actions.apply(span.attributes, span.resource) };
  return {
    ...containerHooks(rules),
    onSpan: (span) => {
      if (!rules.skips(span)) actions.apply(span.attributes, span.resource);
    },
  };
}

function containerHooks(rules: ItemRules<SpanView> | ItemRules<LogView>): Pick<Visitor, 'onResource' | 'onScope'> {
  return {
    onResource: (resource: ResourceView) => (rules.skipsResource(resource) ? 'skip' : undefined),
    onScope: (scope: ScopeView) => (rules.skipsScope(scope) ? 'skip' : undefined),
  };
}

function metricRules({ include, exclude }: MatchConfig): Pick<Visitor, 'onMetric'> {
  for (const side of [include, exclude]) if (side !== undefined) checkForMetrics(side);
  const rules = new MetricRules(include, exclude);
  return include === undefined && exclude === undefined ? {} : { onMetric: (metric) => (rules.skips(metric) ? 'skip' : undefined) };
}
