/** An item as tests write it: the names of OTLP in snake_case, attributes as a map, resource and scope beside the rest. */
export interface Item {
  readonly [field: string]: unknown;
}

/** A message of OTLP/JSON. */
export type Json = Record<string, unknown>;

/** Names of numbers. */
export const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
/** Names of numbers. */
export const statusCodes = ['unset', 'ok', 'error'];
/** Names of numbers. */
export const temporalities = ['unspecified', 'delta', 'cumulative'];
/** Each has four numbers, from 1 on. */
export const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** The lists of a signal's request, from the outermost to that of the items; in metrics the points stand below each metric. */
export const lists = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const;

/** The signals that have items to look at. */
export type ItemSignal = keyof typeof lists;

/** What tests call the items of a signal. */
export const itemNames: Readonly<Record<ItemSignal, string>> = { traces: 'spans', logs: 'logs', metrics: 'points' };

/** A text that is expected there; `otherwise` when there is none. */
export function textOf(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise;
}
