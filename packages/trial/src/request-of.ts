import { durationMs } from '@millrace/config';
import { kinds, lists, severities, statusCodes, temporalities, textOf } from './item.ts';
import type { Item, ItemSignal, Json } from './item.ts';

/** The OTLP/JSON request that holds items; times that they do not give are those of the clock. */
export function requestOf(signal: ItemSignal, items: readonly Item[], nowMs: number): object {
  const [resources, scopes, members] = lists[signal];
  const groups = items.map((item, index) => {
    const scope = typeof item['scope'] === 'string' ? { name: item['scope'] } : withAttributes(item['scope'] as Json | undefined);
    const written = { traces: spanOf, logs: logOf, metrics: metricOf }[signal](item, nowMs, index);
    return { resource: { attributes: attributesOf(item['resource']) }, [scopes]: [{ scope, [members]: [written] }] };
  });
  return { [resources]: joined(groups, scopes, members) };
}

/** Items of neighbouring groups with the same resource and scope stand together. */
function joined(groups: readonly Json[], scopes: string, members: string): Json[] {
  const result: Json[] = [];
  let last = '';
  for (const group of groups) {
    const [scope] = group[scopes] as [Json];
    const same = JSON.stringify([group['resource'], scope['scope']]);
    if (same === last) ((result.at(-1)![scopes] as [Json])[0][members] as unknown[]).push(...(scope[members] as unknown[]));
    else result.push(group);
    last = same;
  }
  return result;
}

/** Nanoseconds of milliseconds, which may have a fraction. */
function nanos(ms: number): string {
  const whole = Math.trunc(ms);
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6)));
}

function timeOf(value: unknown, otherwiseMs: number): string {
  return value === undefined ? nanos(otherwiseMs) : nanos(Date.parse(textOf(value)));
}

function spanOf(item: Item, nowMs: number, index: number): Json {
  const start = timeOf(item['start_time'], nowMs);
  const end = BigInt(start) + BigInt(nanos(durationMs(textOf(item['duration'], '0s'))));
  const status = typeof item['status'] === 'string' ? { code: item['status'] } : (item['status'] as Json | undefined);
  return {
    // Spans of a test are of one trace and have ids of their own unless they say otherwise.
    traceId: item['trace_id'] ?? '0'.repeat(31) + '1',
    spanId: item['span_id'] ?? (index + 1).toString(16).padStart(16, '0'),
    parentSpanId: item['parent_span_id'] ?? '',
    traceState: item['trace_state'] ?? '',
    name: item['name'] ?? '',
    kind: kinds.indexOf(textOf(item['kind'], 'unspecified')),
    startTimeUnixNano: start,
    endTimeUnixNano: String(end),
    attributes: attributesOf(item['attributes']),
    events: ((item['events'] ?? []) as Json[]).map((event) => ({ ...withAttributes(event), timeUnixNano: start })),
    links: ((item['links'] ?? []) as Json[]).map((link) => ({
      traceId: link['trace_id'] ?? '',
      spanId: link['span_id'] ?? '',
      attributes: attributesOf(link['attributes']),
    })),
    status: { code: statusCodes.indexOf(textOf(status?.['code'], 'unset')), message: status?.['message'] ?? '' },
  };
}

function logOf(item: Item, nowMs: number): Json {
  const severity = severities.indexOf(textOf(item['severity_text']).toUpperCase());
  return {
    timeUnixNano: timeOf(item['time'], nowMs),
    severityNumber: item['severity_number'] ?? (severity < 0 ? 0 : severity * 4 + 1),
    severityText: item['severity_text'] ?? '',
    body: item['body'] === undefined ? undefined : valueOf(item['body']),
    attributes: attributesOf(item['attributes']),
    traceId: item['trace_id'] ?? '',
    spanId: item['span_id'] ?? '',
    eventName: item['event_name'] ?? '',
  };
}

function metricOf(item: Item, nowMs: number): Json {
  const type = textOf(item['type'], 'gauge');
  const time = timeOf(item['time'], nowMs);
  const common = {
    timeUnixNano: time,
    startTimeUnixNano: item['start_time'] === undefined ? undefined : timeOf(item['start_time'], nowMs),
    attributes: attributesOf(item['attributes']),
  };
  const value = item['value'] ?? 0n;
  const number = typeof value === 'bigint' ? { asInt: String(value) } : { asDouble: value };
  const histogram = {
    count: item['count'] === undefined ? undefined : String(item['count'] as bigint),
    sum: Number(item['sum'] ?? 0),
    bucketCounts: ((item['bucket_counts'] ?? []) as unknown[]).map(String),
    explicitBounds: ((item['explicit_bounds'] ?? []) as unknown[]).map(Number),
  };
  const temporality = { aggregationTemporality: temporalities.indexOf(textOf(item['temporality'], 'cumulative')) };
  const data = {
    gauge: { gauge: { dataPoints: [{ ...common, ...number }] } },
    sum: { sum: { ...temporality, isMonotonic: item['is_monotonic'] ?? true, dataPoints: [{ ...common, ...number }] } },
    histogram: { histogram: { ...temporality, dataPoints: [{ ...common, ...histogram }] } },
  }[type];
  return { name: item['name'] ?? '', unit: item['unit'] ?? '', description: item['description'] ?? '', ...data };
}

function withAttributes(json: Json | undefined): Json | undefined {
  return json === undefined ? undefined : { ...json, attributes: attributesOf(json['attributes']) };
}

function attributesOf(map: unknown): object[] {
  return Object.entries((map ?? {}) as Json).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: unknown): object {
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (typeof value === 'number') return { doubleValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(valueOf) } };
  return typeof value === 'object' && value !== null ? { kvlistValue: { values: attributesOf(value) } } : {};
}
