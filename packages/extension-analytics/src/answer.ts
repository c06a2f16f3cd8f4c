import type { Endpoint, Found, Row } from './endpoint.ts';
import type { Parameters } from './parameters.ts';

/** A page of what was found, as JSON or CSV. */
export function formatted(
  endpoint: Endpoint,
  found: Found,
  parameters: Parameters,
  accept: string,
): { readonly type: string; readonly body: string } {
  const [limit, offset] = [parameters.number('limit')!, parameters.number('offset')!];
  const page = found.rows.slice(offset, offset + limit);
  if (wantsCsv(parameters, accept))
    return { type: 'text/csv; charset=utf-8; header=present', body: csvOf(Object.keys(endpoint.columns), page) };
  const total = found.rows.length;
  const pagination = { limit, offset, total, ...(offset + limit < total && { next_offset: offset + limit }) };
  return { type: 'application/json', body: JSON.stringify({ ...found.facts, [endpoint.rows]: page, pagination }) };
}

/** Whether CSV was asked for, by the parameter or else by the header. */
export function wantsCsv(parameters: Parameters, accept: string): boolean {
  const format = parameters.text('format');
  return format === '' ? /\btext\/csv\b/.test(accept) : format === 'csv';
}

/** RFC 4180, with the names of the columns; what is no text or number is JSON. */
function csvOf(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
}

function csvField(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A spreadsheet would compute what begins so.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
