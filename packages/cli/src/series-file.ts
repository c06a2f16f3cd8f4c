import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** One row of a series: what was written, when it was, and how much; reused for every row. */
export interface SeriesRow {
  /** The timestamp as it stands in the file. */
  text: string;
  timestampMs: number;
  /** NaN when the file has no value there: an empty field, `NaN`, `NA` or `null`. */
  value: number;
  /** The value as it stands in the file. */
  valueText: string;
  /** From 1 on, the header included. */
  line: number;
}

/** Which columns hold the series, by name; absent: recognised by their usual names, else the first and the second. */
export interface SeriesColumns {
  readonly timestamp?: string | undefined;
  readonly value?: string | undefined;
}

/** Fewer rows say too little of a series for an analysis. */
export const minSeriesRows = 50;

const timestampNames = ['timestamp', 'time', 'ts', 'date', 'datetime', 'date_time', 'ds', 'timestamp_ms', 'unix', 'epoch', '@timestamp'];
const valueNames = ['value', 'values', 'val', 'y', 'count', 'metric', 'amount', 'total'];
const missing = new Set(['', 'nan', 'na', 'n/a', 'null', 'none', '-']);

/**
 * Reads a series from a file of comma-, semicolon- or tab-separated values, with or without a header, one row after the other: a row never
 * depends on a later one. Timestamps are ISO 8601 (`2014-02-14 14:27:00` too; UTC when no zone is named), slashes for dashes allowed, or Unix
 * time in seconds, milliseconds, microseconds or nanoseconds, told apart by their size. Equal timestamps and gaps pass. Throws an Error that names the
 * line for a timestamp that is smaller than the one before, and for what is no timestamp or no number. The row is reused: copy what must stay.
 */
export async function* readSeriesFile(path: string, columns: SeriesColumns = {}): AsyncGenerator<SeriesRow, void, undefined> {
  const row: SeriesRow = { text: '', timestampMs: Number.NEGATIVE_INFINITY, value: Number.NaN, valueText: '', line: 0 };
  let layout: Layout | undefined;
  for await (const raw of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    row.line++;
    const line = row.line === 1 && raw.startsWith('\uFEFF') ? raw.slice(1) : raw;
    if (line.trim() === '') continue;
    if (layout === undefined) {
      layout = layoutOf(line, columns, path);
      if (layout.header) continue;
    }
    readRow(line, layout, row, path);
    yield row;
  }
  if (layout === undefined) throw new Error(`${path} is empty: rows of a timestamp and a value are needed`);
}

interface Layout {
  readonly separator: string;
  readonly header: boolean;
  readonly timestamp: number;
  readonly value: number;
}

function readRow(line: string, { separator, timestamp, value }: Layout, row: SeriesRow, path: string): void {
  const fields = fieldsOf(line, separator);
  const where = `${path}:${row.line}`;
  const text = fields[timestamp] ?? '';
  const timestampMs = timestampOf(text);
  if (timestampMs === undefined)
    throw new Error(`${where}: "${text}" is no timestamp: ISO 8601 such as 2014-02-14 14:27:00 or Unix time is needed`);
  if (timestampMs < row.timestampMs) {
    throw new Error(`${where}: the rows are not sorted by time: ${text} comes after ${row.text}; sort the file by its timestamps first`);
  }
  const valueText = fields[value] ?? '';
  const number = missing.has(valueText.toLowerCase()) ? Number.NaN : Number(valueText);
  if (Number.isNaN(number) && !missing.has(valueText.toLowerCase())) throw new Error(`${where}: "${valueText}" is no number`);
  row.text = text;
  row.timestampMs = timestampMs;
  row.valueText = valueText;
  row.value = number;
}

function layoutOf(line: string, columns: SeriesColumns, path: string): Layout {
  const separator = [',', ';', '\t'].find((candidate) => fieldsOf(line, candidate).length > 1);
  if (separator === undefined) throw new Error(`${path}:1: needs a timestamp and a value, separated by a comma, semicolon or tab`);
  const names = fieldsOf(line, separator);
  // A row of numbers, times and holes is no header.
  if (columns.timestamp === undefined && columns.value === undefined && names.some((name) => timestampOf(name) !== undefined)) {
    return { separator, header: false, timestamp: 0, value: 1 };
  }
  const lower = names.map((name) => name.toLowerCase());
  const named = (flag: string, name: string): number => {
    const exact = names.indexOf(name);
    const found = exact >= 0 ? exact : lower.indexOf(name.toLowerCase());
    if (found < 0) throw new Error(`${path} has no column "${name}" for --${flag} (columns: ${names.join(', ')})`);
    return found;
  };
  const usual = (known: readonly string[], not: number): number | undefined => {
    const name = known.find((candidate) => lower.includes(candidate) && lower.indexOf(candidate) !== not);
    return name === undefined ? undefined : lower.indexOf(name);
  };
  const value = columns.value === undefined ? undefined : named('value', columns.value);
  const timestamp =
    columns.timestamp === undefined ? (usual(timestampNames, value ?? -1) ?? (value === 0 ? 1 : 0)) : named('timestamp', columns.timestamp);
  return { separator, header: true, timestamp, value: value ?? usual(valueNames, timestamp) ?? (timestamp === 0 ? 1 : 0) };
}

/** The fields of a line, trimmed and without the quotes around them. */
function fieldsOf(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator).map((field) => field.trim());
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (character === '"') {
      if (quoted && line[i + 1] === '"') field += line[++i];
      else quoted = !quoted;
    } else if (character === separator && !quoted) {
      fields.push(field.trim());
      field = '';
    } else field += character;
  }
  fields.push(field.trim());
  return fields;
}

const iso =
  /^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?$/i;

/** Milliseconds since 1970, or undefined for what is no timestamp. */
function timestampOf(text: string): number | undefined {
  if (/^-?\d+(\.\d+)?([eE]\+?\d+)?$/.test(text)) return unixMs(Number(text));
  const parts = iso.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day = '1', hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = parts;
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (
    Number(month) < 1 ||
    Number(month) > 12 ||
    Number(day) < 1 ||
    Number(day) > days ||
    Number(hour) > 24 ||
    Number(minute) > 59 ||
    Number(second) > 60
  )
    return undefined;
  const ms =
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) +
    Number(`0.${fraction || '0'}`) * 1000;
  const offset = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (offset === null) return ms;
  return ms - (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3] ?? 0)) * 60_000;
}

/** Unix time of any usual unit: seconds are below 10^11 (the year 5138), and each finer unit below 1000 times more. */
function unixMs(value: number): number {
  const size = Math.abs(value);
  if (size < 1e11) return value * 1000;
  if (size < 1e14) return value;
  return size < 1e17 ? value / 1e3 : value / 1e6;
}
