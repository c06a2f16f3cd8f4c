import { metricDefinition } from '@millrace/genai';
import { BatchBuilder } from '@millrace/wire';
import type { Batch, BufferPool } from '@millrace/wire';
import type { Crossing } from './bookings.ts';
import { attributesOf, eventAttributes, statusAt } from './describe.ts';

/** The scope of everything that is reported. */
export const scopeName = 'budget';
/** `event_name` of the log record that says that a threshold was reached. */
export const thresholdEvent = 'millrace.budget.threshold';
const severities = { ok: [9, 'INFO'], warning: [13, 'WARN'], exceeded: [17, 'ERROR'] } as const;

/** Nanoseconds since the epoch. */
export function nanosOf(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}

/** A log record for each threshold: of the time of the call that reached it, with its trace and span. */
export function eventsBatch(crossings: readonly Crossing[], pool: BufferPool): Batch | undefined {
  const builder = new BatchBuilder('logs', pool);
  const scope = builder.resource().scope(scopeName);
  for (const crossing of crossings) {
    const { budget, threshold, timeMs, traceId, spanId } = crossing;
    const percent = budget.thresholds[threshold]!;
    const [severityNumber, severityText] = severities[statusAt(percent)];
    const time = nanosOf(timeMs);
    scope.log({
      timeUnixNano: time,
      observedTimeUnixNano: time,
      severityNumber,
      severityText,
      eventName: thresholdEvent,
      body: `Budget ${budget.settings.name} has reached ${percent} % of its limit.`,
      attributes: eventAttributes(crossing),
      traceId,
      spanId,
    });
  }
  return builder.finish();
}

/** A point of the counter `millrace.budget.thresholds_crossed` for each threshold. */
export function crossingPoints(crossings: readonly Crossing[], pool: BufferPool): Batch | undefined {
  const builder = new BatchBuilder('metrics', pool);
  const { name, description, unit } = metricDefinition('millrace.budget.thresholds_crossed');
  const metric = builder.resource().scope(scopeName).metric({ name, description, unit, type: 'sum', temporality: 1, isMonotonic: true });
  for (const { budget, account, threshold, timeMs } of crossings) {
    const time = nanosOf(timeMs);
    const attributes = { ...attributesOf(budget, account), 'millrace.budget.threshold': budget.thresholds[threshold]! };
    metric.point({ startTimeUnixNano: time, timeUnixNano: time, asInt: 1n, attributes });
  }
  return builder.finish();
}
