import type { Context } from '@millrace/api';
import type { Push, PushResult } from './push-result.ts';

/** `SpanKind.CLIENT` and `SpanStatusCode.ERROR` of the OpenTelemetry API. */
const client = 2;
const failed = 2;

/** The push, with a span of millrace's own around each attempt when somebody asked for such spans. Other pushes stay as they are. */
export function tracedPush(push: Push, { tracer, id, signal = 'traces' }: Pick<Context, 'tracer' | 'id' | 'signal'>): Push {
  if (tracer === undefined) return push;
  const name = `exporter/${id}/${signal}`;
  const options = { kind: client, attributes: { exporter: id, data_type: signal } };
  return (batch, abort) =>
    tracer.startActiveSpan(name, options, async (span) => {
      const { items } = batch;
      try {
        const result = await push(batch, abort);
        const rest = result === undefined ? 0 : unsentItems(result, items);
        span.setAttributes({ 'items.sent': items - rest, 'items.failed': rest });
        return result;
      } catch (error) {
        span.setAttributes({ 'items.sent': 0, 'items.failed': items });
        span.setStatus({ code: failed, message: error instanceof Error ? error.message : String(error) });
        throw error;
      } finally {
        span.end();
      }
    });
}

function unsentItems(result: NonNullable<PushResult>, items: number): number {
  if ('rejectedItems' in result) return result.rejectedItems;
  return 'remainder' in result ? result.remainder.items : items;
}
