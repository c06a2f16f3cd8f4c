import { BatchBuilder } from '@millrace/wire';
import type { Batch, BufferPool } from '@millrace/wire';

/**
 * The event that tells of the host as an entity, as a log record in the form that the Collector's receiver gives it. `intervalMs`: when the
 * next one comes, 0 for never.
 */
export function hostEntityEvent(pool: BufferPool, timeMs: number, intervalMs: number): Batch | undefined {
  using builder = new BatchBuilder('logs', pool);
  const attributes = {
    'otel.entity.event.type': 'entity_state',
    'otel.entity.type': 'host',
    ...(intervalMs > 0 && { 'otel.entity.interval': BigInt(Math.trunc(intervalMs)) }),
  };
  const scope = builder.resource().scope('', '', { 'otel.entity.event_as_log': true });
  scope.log({ timeUnixNano: BigInt(Math.trunc(timeMs)) * 1_000_000n, attributes });
  return builder.finish();
}
