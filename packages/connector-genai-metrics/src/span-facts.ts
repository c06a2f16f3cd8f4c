import type { Call } from '@millrace/genai';
import type { LabelValue } from '@millrace/instruments';
import { place } from './own-attributes.ts';
import type { OwnAttributes } from './own-attributes.ts';
import type { ResourceMetrics } from './resource-metrics.ts';

/** Counts what gateways and applications write on the span of a call: how its model and endpoint were chosen, and what went wrong before. */
export function countSpanFacts(
  own: OwnAttributes,
  call: Call,
  seconds: number,
  { metrics }: ResourceMetrics,
  labelsOf: () => Map<string, LabelValue | undefined>,
): void {
  if (own.has(place.strategy)) {
    metrics.counter('millrace.model.selections', labelsOf().set('millrace.routing.strategy', own.label(place.strategy))).add(1);
  }
  if (own.has(place.rotation)) {
    const labels = labelsOf().set('millrace.rotation.strategy', own.label(place.rotation));
    metrics.counter('millrace.rotation.requests', labels).add(1);
    if (seconds >= 0) metrics.histogram('millrace.rotation.request.duration', labels).record(seconds);
  }
  const tries = own.number(own.has(place.retries) ? place.retries : place.resends);
  if (tries > 0) metrics.counter('millrace.retries', labelsOf()).add(tries);
  if (own.has(place.fallbackFrom)) {
    const labels = labelsOf().set('millrace.fallback.from', own.label(place.fallbackFrom)).set('millrace.fallback.to', call.model);
    metrics.counter('millrace.model.fallbacks', labels).add(1);
  }
  if (own.has(place.failoverFrom)) {
    const labels = labelsOf().set('millrace.failover.from', own.label(place.failoverFrom));
    metrics.counter('millrace.failovers', labels.set('millrace.failover.to', own.label(place.failoverTo) ?? call.serverAddress)).add(1);
  }
  const size = own.number(place.batchSize);
  if (size >= 0) metrics.histogram('millrace.batch.size', labelsOf()).record(size);
}
