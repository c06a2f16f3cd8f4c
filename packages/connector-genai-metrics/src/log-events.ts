import { key } from '@millrace/api';
import type { AttributesView } from '@millrace/wire';
import { metricDefinition } from '@millrace/genai';
import type { LabelValue } from '@millrace/instruments';
import { attributeLabels, keyOf } from './item-labels.ts';
import type { ResourceMetrics } from './resource-metrics.ts';

/** What an event adds to a metric: 1, or the number in an attribute; nothing when that is absent. */
interface Rule {
  readonly metric: string;
  readonly value?: string;
}

const result = key('millrace.cache.result');

const rules: Readonly<Record<string, readonly Rule[]>> = {
  'millrace.cache.lookup': [{ metric: 'millrace.cache.operation.duration', value: 'millrace.duration' }],
  'millrace.cache.eviction': [{ metric: 'millrace.cache.evictions' }],
  'millrace.cache.expiration': [{ metric: 'millrace.cache.expirations' }],
  'millrace.routing.decision': [
    { metric: 'millrace.model.selections' },
    { metric: 'millrace.routing.decision.duration', value: 'millrace.duration' },
  ],
  'millrace.batch': [
    { metric: 'millrace.batch.size', value: 'millrace.batch.size' },
    { metric: 'millrace.batch.savings', value: 'millrace.batch.savings' },
  ],
  'millrace.error': [{ metric: 'millrace.errors' }],
  'millrace.policy.evaluation': [{ metric: 'millrace.policy.evaluations' }],
  'millrace.policy.violation': [{ metric: 'millrace.policy.violations' }],
  'millrace.fallback': [{ metric: 'millrace.model.fallbacks' }],
  'millrace.retry': [{ metric: 'millrace.retries' }],
  'millrace.failover': [{ metric: 'millrace.failovers' }],
};

/** Names of log events that become metrics. */
export const eventNames: readonly string[] = Object.keys(rules);

/**
 * Counts a log event whose attributes are the labels of its metrics, under the same names; false for an event of another name. `extra` makes the
 * labels that the settings add.
 */
export function countEvent(
  name: string,
  attributes: AttributesView,
  timeMs: number,
  resource: ResourceMetrics,
  extra: () => Map<string, LabelValue | undefined>,
): boolean {
  const own = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (own === undefined) return false;
  for (const { metric, value } of own) {
    const { instrument, labels: names } = metricDefinition(metric);
    const amount = value === undefined ? 1 : attributes.number(keyOf(value));
    if (amount === undefined) continue;
    const labels = attributeLabels(names, attributes, extra());
    if (instrument === 'histogram') resource.metrics.histogram(metric, labels).record(amount);
    else resource.metrics.counter(metric, labels).add(amount);
  }
  if (name === 'millrace.cache.lookup') {
    const isHit = attributes.string(result) === 'hit';
    const labels = attributeLabels(['millrace.cache.tier'], attributes, extra());
    resource.metrics.counter(isHit ? 'millrace.cache.hits' : 'millrace.cache.misses', labels).add(1);
    resource.mean('millrace.cache.hit_rate', labels)(timeMs, isHit ? 1 : 0);
  }
  return true;
}
