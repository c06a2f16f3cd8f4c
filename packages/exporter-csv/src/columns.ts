import type { Signal } from '@millrace/api';

/** The signals that have a table. */
export type TableSignal = Exclude<Signal, 'profiles'>;

const origin = ['scope_name', 'scope_version', 'service_name'];

/** The fixed columns of each signal's table, in order. The chosen attributes of the resource, then those of the item follow. */
export const fixedColumns: Readonly<Record<TableSignal, readonly string[]>> = {
  traces: [
    'start_time',
    'end_time',
    'duration_ns',
    'trace_id',
    'span_id',
    'parent_span_id',
    'name',
    'kind',
    'status_code',
    'status_message',
    ...origin,
  ],
  metrics: [
    'time',
    'start_time',
    'metric',
    'type',
    'unit',
    'temporality',
    'monotonic',
    'value',
    'count',
    'sum',
    'min',
    'max',
    'buckets',
    ...origin,
  ],
  logs: ['time', 'observed_time', 'severity_number', 'severity_text', 'event_name', 'trace_id', 'span_id', 'body', ...origin],
};

/** All columns of a table. */
export function columnsOf(signal: TableSignal, resourceAttributes: readonly string[], attributes: readonly string[]): string[] {
  return [...fixedColumns[signal], ...resourceAttributes.map((name) => `resource.${name}`), ...attributes];
}
