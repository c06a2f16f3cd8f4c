import type { Host } from '@millrace/api';

/** The feature gates of the connector, and whether each is on when nobody asks. */
const defaults = {
  excludeResourceMetrics: ['connector.spanmetrics.excludeResourceMetrics', false],
  includeCollectorInstanceId: ['connector.spanmetrics.includeCollectorInstanceID', true],
  legacyMetricNames: ['connector.spanmetrics.legacyMetricNames', false],
  useSecondAsDefaultMetricsUnit: ['connector.spanmetrics.useSecondAsDefaultMetricsUnit', false],
  useOtelPrefix: ['spanmetrics.statusCodeConvention.useOtelPrefix', false],
} as const;

/** Which of the connector's feature gates are on. */
export type Gates = { readonly [name in keyof typeof defaults]: boolean };

/** The gates as the service has them. */
export function gatesOf({ service: { featureGates } }: Host): Gates {
  const entries = Object.entries(defaults).map(([name, [id, isOn]]) => [
    name,
    featureGates.find((gate) => gate.id === id)?.enabled ?? isOn,
  ]);
  return Object.fromEntries(entries) as Gates;
}
