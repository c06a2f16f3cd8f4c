import type { FoundSpan } from '@millrace/history';
import { AskError, flag, integer, isoTime, number, text, time } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';

const plain = { type: 'object', additionalProperties: true };

/** The recent spans of a trace, or those that were searched for. */
export const debugTrace: Endpoint = {
  path: '/observability/debug/trace',
  summary: 'The recent spans of a trace, oldest first, or those that are searched for, newest first; without content',
  parameters: {
    trace_id: { type: 'string', description: 'The trace, as 32 hexadecimal digits.' },
    service: { type: 'string', description: 'The name of the service.' },
    name: { type: 'string', description: 'The name of the span.' },
    attribute: { type: 'string', description: 'An attribute of the span or its resource, as name=value.' },
    min_duration_ms: { type: 'number', minimum: 0, description: 'The shortest span.' },
    start: { type: 'string', format: 'date-time', description: 'Spans that were under way from here on.' },
    end: { type: 'string', format: 'date-time', description: 'Spans that were under way up to here.' },
  },
  rows: 'spans',
  columns: {
    trace_id: text,
    span_id: text,
    parent_span_id: text,
    name: text,
    service: text,
    kind: integer,
    start: time,
    duration_ms: number,
    status: { enum: ['unset', 'ok', 'error'] },
    status_message: text,
    attributes: plain,
    resource: plain,
    events: { type: 'array', items: plain },
  },
  facts: { complete: flag },
  find: async ({ parameters, store }) => {
    if (store === undefined) throw new AskError(503, 'no extension keeps traces: add extension history, and name it as source');
    const traceId = parameters.text('trace_id').toLowerCase();
    if (traceId !== '' && !/^[0-9a-f]{32}$/.test(traceId)) throw new AskError(400, 'parameter trace_id must be 32 hexadecimal digits');
    const [attribute, service, name] = [parameters.text('attribute'), parameters.text('service'), parameters.text('name')];
    const equals = attribute.indexOf('=');
    if (attribute !== '' && equals < 1) throw new AskError(400, 'parameter attribute must be name=value');
    const [minDurationMs, startMs, endMs] = [parameters.number('min_duration_ms'), parameters.number('start'), parameters.number('end')];
    const { items, complete } = await store.traces.search({
      ...(traceId !== '' && { traceId }),
      ...(service !== '' && { service }),
      ...(name !== '' && { name }),
      ...(attribute !== '' && { attributes: { [attribute.slice(0, equals)]: attribute.slice(equals + 1) } }),
      ...(minDurationMs !== undefined && { minDurationMs }),
      ...(startMs !== undefined && { startMs }),
      ...(endMs !== undefined && { endMs }),
      limit: Math.min(10_000, parameters.number('offset')! + parameters.number('limit')!),
    });
    if (traceId !== '' && items.length === 0) throw new AskError(404, `there is no trace ${traceId} in the recent window`);
    const found = traceId === '' ? items : items.toSorted((a, b) => a.startMs - b.startMs);
    const rows = found.map((span) => ({
      trace_id: span.traceId,
      span_id: span.spanId,
      parent_span_id: span.parentSpanId,
      name: span.name,
      service: span.service,
      kind: span.kind,
      start: isoTime(span.startMs),
      duration_ms: span.durationMs,
      status: (['unset', 'ok', 'error'] as const)[span.status] ?? 'unset',
      status_message: span.statusMessage,
      attributes: jsonOf(span.attributes),
      resource: jsonOf(span.resource),
      events: span.events.map((event) => ({ name: event.name, time: isoTime(event.timeMs), attributes: jsonOf(event.attributes) })),
    }));
    return { facts: { complete }, rows };
  },
};

/** What JSON can say: large integers are text, bytes are base64. */
function jsonOf(value: FoundSpan['attributes'][string]): unknown {
  if (typeof value === 'bigint') return BigInt(Number(value)) === value ? Number(value) : String(value);
  if (typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(jsonOf);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, jsonOf(item)]));
}
