import { applicationMetrics } from './metrics/application-metrics.ts';
import { callMetrics } from './metrics/call-metrics.ts';
import { hostMetrics } from './metrics/host-metrics.ts';
import type { MetricDefinition } from './metrics/metric-definition.ts';
import { metrics137, metricsLatest, metricsMcp } from './metrics/standard-metrics.ts';

/** Every metric of an application with generative AI: the one list that connector, SDK, documentation and dashboards go by. */
export const metricDefinitions: readonly MetricDefinition[] = [
  ...metricsLatest,
  ...metrics137,
  ...metricsMcp,
  ...callMetrics,
  ...applicationMetrics,
  ...hostMetrics,
];

const byName = new Map(metricDefinitions.map((definition) => [definition.name, definition]));

/** The definition of a metric. Throws for a name that is not in the list. */
export function metricDefinition(name: string): MetricDefinition {
  const definition = byName.get(name);
  if (definition === undefined) throw new Error(`there is no metric ${name}`);
  return definition;
}
