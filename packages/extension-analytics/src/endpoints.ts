import type { Endpoint } from './endpoint.ts';
import { anomalies } from './endpoints/anomalies.ts';
import { baseline } from './endpoints/baseline.ts';
import { cache } from './endpoints/cache.ts';
import { capacity } from './endpoints/capacity.ts';
import { costBreakdown } from './endpoints/cost-breakdown.ts';
import { costDrivers } from './endpoints/cost-drivers.ts';
import { forecast } from './endpoints/forecast.ts';
import { latency } from './endpoints/latency.ts';
import { models } from './endpoints/models.ts';
import { health, healthDetailed } from './endpoints/observability-health.ts';
import { observabilityMetrics } from './endpoints/observability-metrics.ts';
import { stats } from './endpoints/observability-stats.ts';
import { debugTrace } from './endpoints/observability-trace.ts';
import { recommendations } from './endpoints/recommendations.ts';
import { trends } from './endpoints/trends.ts';
import { usage } from './endpoints/usage.ts';

/** Everything that is answered. */
export const endpoints: readonly Endpoint[] = [
  costBreakdown,
  trends,
  forecast,
  anomalies,
  recommendations,
  usage,
  models,
  cache,
  latency,
  baseline,
  costDrivers,
  capacity,
  observabilityMetrics,
  health,
  healthDetailed,
  debugTrace,
  stats,
];
