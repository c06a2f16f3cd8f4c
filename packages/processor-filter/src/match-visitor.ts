import { AttributesMatcher, ItemRules, MetricRules } from '@millrace/item-match';
import type { MatchConfig, MatchProperties } from '@millrace/item-match';
import type { LogView, ResourceView, ScopeView, SpanView, Visitor } from '@millrace/api';
import type { FilteredSignal } from './condition-groups.ts';
import type { FilterConfig, LogProperties, MetricProperties } from './config.ts';
import { severityOf } from './severity.ts';

/** Drops what include and exclude do not choose. Throws an Error in the Collector's words when they are wrong. */
export function matchVisitor(config: FilterConfig, signal: FilteredSignal): Visitor {
  if (signal === 'metrics') return metricVisitor(config.metrics);
  if (signal === 'logs') {
    const rules = logRules(config.logs);
    return rules === undefined ? {} : { ...containerHooks(rules), onLog: (log) => (rules.skips(log) ? 'drop' : undefined) };
  }
  const rules = ItemRules.forSpans(config.spans);
  return rules === undefined ? {} : { ...containerHooks(rules), onSpan: (span) => (rules.skips(span) ? 'drop' : undefined) };
}

function containerHooks(rules: ItemRules<SpanView> | ItemRules<LogView>): Pick<Visitor, 'onResource' | 'onScope'> {
  return {
    onResource: (resource: ResourceView) => (rules.skipsResource(resource) ? 'drop' : undefined),
    onScope: (scope: ScopeView) => (rules.skipsScope(scope) ? 'drop' : undefined),
  };
}

function logRules({ include, exclude }: FilterConfig['logs']): ItemRules<LogView> | undefined {
  const config: MatchConfig = {
    ...(include !== undefined && !isEmpty(include) && { include: matchProperties(include) }),
    ...(exclude !== undefined && !isEmpty(exclude) && { exclude: matchProperties(exclude) }),
  };
  try {
    return ItemRules.forLogs(config);
  } catch (error) {
    throw new Error(`failed to build skip matcher: ${(error as Error).message}`, { cause: error });
  }
}

/** What asks nothing counts as absent. */
function isEmpty({ resource_attributes, record_attributes, severity_texts, severity_number, bodies }: LogProperties): boolean {
  return (
    severity_number === undefined && [resource_attributes, record_attributes, severity_texts, bodies].every(({ length }) => length === 0)
  );
}

function matchProperties(properties: LogProperties): MatchProperties {
  const { match_type, resource_attributes, record_attributes, severity_texts, severity_number, bodies } = properties;
  return {
    match_type,
    resources: resource_attributes,
    attributes: record_attributes,
    log_severity_texts: severity_texts,
    log_bodies: bodies,
    ...(severity_number !== undefined && {
      log_severity_number: { min: severityOf(severity_number.min) ?? 0, match_undefined: severity_number.match_undefined },
    }),
  };
}

function metricVisitor({ include, exclude }: FilterConfig['metrics']): Visitor {
  const included = resourceMatcher(include);
  const excluded = resourceMatcher(exclude);
  const rules = new MetricRules(include, exclude);
  const names = [include, exclude].some((properties) => (properties?.metric_names?.length ?? 0) > 0);
  return {
    ...((included ?? excluded) && {
      onResource: ({ attributes }) =>
        included?.matches(attributes) === false || excluded?.matches(attributes) === true ? 'drop' : undefined,
    }),
    ...(names && { onMetric: (metric) => (rules.skips(metric) ? 'drop' : undefined) }),
  };
}

function resourceMatcher(properties: MetricProperties | undefined): AttributesMatcher | undefined {
  if (properties === undefined || properties.resource_attributes.length === 0) return undefined;
  return new AttributesMatcher(properties.resource_attributes, properties);
}
