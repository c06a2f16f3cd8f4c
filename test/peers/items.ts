import type { requestMessage } from '@millrace/wire';
import type { PlainMessage } from '../../packages/wire/test/reference.ts';

/** The signals that are compared. */
export type Signal = keyof typeof requestMessage;

/** All of them. */
export const allSignals: readonly Signal[] = ['traces', 'metrics', 'logs'];

const names = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
} as const satisfies Record<Signal, readonly string[]>;
const pointTypes = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

/**
 * A decoded request as texts, one for each span, log record or data point, each with everything above it. Two requests carry the same
 * telemetry when their sorted texts are equal, however the items are grouped.
 */
export function itemsOf(signal: Signal, request: PlainMessage): string[] {
  const [resources, scopes, items] = names[signal];
  const found: string[] = [];
  for (const { [scopes]: inResource = [], ...resource } of messages(request[resources]))
    for (const { [items]: inScope = [], ...scope } of messages(inResource))
      for (const item of messages(inScope))
        for (const one of signal === 'metrics' ? points(item) : [item]) found.push(JSON.stringify({ resource, scope, item: one }, exact));
  return found;
}

/** Texts of `itemsOf` in which an empty message counts as an absent one: programs that decode and encode make one of the other. */
export function withoutEmpty(items: readonly string[]): string[] {
  return items.map((item) => JSON.stringify(JSON.parse(item), (_key, value: unknown) => (isRecord(value) ? prune(value) : value)));
}

function prune(value: Record<string, unknown>): Record<string, unknown> {
  const pruned = Object.entries(value).map(([key, inner]) => [key, isRecord(inner) ? prune(inner) : inner] as const);
  return Object.fromEntries(pruned.filter(([, inner]) => !isRecord(inner) || Object.keys(inner).length > 0));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messages(value: unknown): PlainMessage[] {
  return (value ?? []) as PlainMessage[];
}

/** A metric once for each of its points, or once when it has none. */
function points(metric: PlainMessage): PlainMessage[] {
  const type = pointTypes.find((name) => metric[name] !== undefined);
  if (type === undefined) return [metric];
  const { dataPoints, ...data } = metric[type] as PlainMessage;
  return messages(dataPoints).map((dataPoint) => ({ ...metric, [type]: { ...data, dataPoint } }));
}

/** JSON cannot tell these apart by itself: 64-bit numbers, bytes, and doubles that it rounds to null or loses the sign of. */
function exact(this: Record<string, unknown>, key: string, converted: unknown): unknown {
  const value = this[key];
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return `double ${Object.is(value, -0) ? '-0' : value}`;
  return converted;
}
