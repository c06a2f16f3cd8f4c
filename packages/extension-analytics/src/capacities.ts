import type { LabelMatcher } from '@millrace/api';
import { labelIs } from './measures.ts';
import type { MetricReader } from './metric-reader.ts';
import type { Buckets } from './periods.ts';

/** Gauges from 0 to 1 that say how much of something is in use, and the label that names it. */
const gauges: readonly { readonly metric: string; readonly label: string; readonly matchers?: readonly LabelMatcher[] }[] = [
  { metric: 'millrace_capacity_utilization_ratio', label: 'millrace_resource_name' },
  { metric: 'millrace_connection_pool_utilization_ratio', label: 'millrace_pool_name' },
  { metric: 'system_memory_utilization_ratio', label: '', matchers: [labelIs('state', 'used')] },
  { metric: 'system_filesystem_utilization_ratio', label: 'mountpoint' },
];

/** How much of a resource was in use, by buckets of time; NaN where that is not known. */
export interface CapacityUse {
  readonly resource: string;
  readonly values: Float64Array;
}

/** The use of everything whose capacity is measured. */
export async function capacityUse(reader: MetricReader, buckets: Buckets): Promise<CapacityUse[]> {
  const found: CapacityUse[] = [];
  for (const { metric, label, matchers = [] } of gauges) {
    for (const { key, values } of await reader.means({ metric, by: [label], matchers }, buckets)) {
      const name = metric.replace(/^millrace_|_utilization_ratio$/g, '');
      found.push({ resource: key[0] === '' ? name : `${name} ${key[0]!}`, values });
    }
  }
  return found;
}
