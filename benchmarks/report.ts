import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { floors } from './floors.ts';
import type { Measurement } from './measure.ts';
import { rows as allRows, type Row } from './rows.ts';
import type { StartUp } from './start-up.ts';

/** A row measured on both programs, one after the other. */
export interface RowResult {
  readonly row: Row;
  readonly otelcol: Measurement;
  readonly millrace: Measurement;
  /** Items a CPU second: millrace over the Collector. */
  readonly ratio: number;
}

/** Everything that one run measured. */
export interface Results {
  readonly rows: readonly RowResult[];
  readonly start?: { readonly otelcol: StartUp; readonly millrace: StartUp; readonly everything?: StartUp };
}

const header =
  '| pipeline | otelcol M items/CPU-s | millrace M items/CPU-s | ratio | otelcol RSS MiB | millrace RSS MiB | bytes out an item, otelcol / millrace |';

/** Three digits behind the point, more of what is slower than that. */
function rate({ itemsPerCpuSecond }: Measurement): string {
  return itemsPerCpuSecond < 0.01 ? itemsPerCpuSecond.toPrecision(2) : itemsPerCpuSecond.toFixed(3);
}

function ratioCell({ row, ratio }: RowResult): string {
  const aim = floors.rows[row.name]?.aim;
  return `**${ratio.toFixed(1)}x**${aim !== undefined && ratio < aim ? ` (aim ${aim}x)` : ''}`;
}

/** One line of the table. */
export function rowLine(result: RowResult): string {
  const { row, otelcol, millrace } = result;
  const cells = [
    `${row.title}${Math.max(otelcol.foreign, millrace.foreign) > 0.1 ? ' (noisy)' : ''}`,
    rate(otelcol),
    rate(millrace),
    ratioCell(result),
    `${otelcol.rssMiB.toFixed(0)} (${otelcol.peakMiB.toFixed(0)})`,
    `${millrace.rssMiB.toFixed(0)} (${millrace.peakMiB.toFixed(0)})`,
    `${otelcol.bytesOutPerItem.toFixed(0)} / ${millrace.bytesOutPerItem.toFixed(0)}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Start-up and idle memory as Markdown. */
export function startTable({ otelcol, millrace, everything }: NonNullable<Results['start']>): string {
  return [
    '| | otelcol | millrace |',
    '|---|---|---|',
    `| from exec to accepting connections, ms | ${otelcol.startUpMs.toFixed(0)} | ${millrace.startUpMs.toFixed(0)} |`,
    `| the same with 20 components configured, ms | | ${everything?.startUpMs.toFixed(0) ?? ''} |`,
    `| idle RSS, MiB | ${otelcol.idleRssMiB.toFixed(0)} | ${millrace.idleRssMiB.toFixed(0)} |`,
  ].join('\n');
}

/** Everything as Markdown. */
export function table({ rows, start }: Results): string {
  const parts = rows.length === 0 ? [] : [[header, `|${'---|'.repeat(7)}`, ...rows.map(rowLine)].join('\n')];
  if (start !== undefined) parts.push(startTable(start));
  return parts.join('\n\n');
}

function machine(): string {
  const model = /^model name\s*: (.+)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1] ?? 'unknown CPU';
  return `${cpus().length} cores of ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

interface StoredRow extends Omit<RowResult, 'row'> {
  readonly name: string;
  readonly date: string;
}

/**
 * Writes the table between the markers of benchmarks/README.md, and everything measured to benchmarks/results.json. Rows that were not measured now stay as
 * they were.
 */
export function writeReport(results: Results, versions: { readonly otelcol: string }): void {
  const millrace = (JSON.parse(readFileSync(join(import.meta.dirname, '../packages/cli/package.json'), 'utf8')) as { version: string })
    .version;
  const file = join(import.meta.dirname, 'results.json');
  const before = JSON.parse(readFileSync(file, 'utf8')) as { rows: StoredRow[]; start?: NonNullable<Results['start']> };
  const today = new Date().toISOString().slice(0, 10);
  const measured: StoredRow[] = results.rows.map(({ row, ...rest }) => ({ name: row.name, date: today, ...rest }));
  const stored = new Map([...before.rows, ...measured].map((row) => [row.name, row]));
  const start = results.start ?? before.start;
  const rows = allRows.flatMap((row) => (stored.has(row.name) ? [{ row, ...stored.get(row.name)! }] : []));
  const dates = rows.map(({ date }) => date).sort();
  const dated = dates[0] === dates.at(-1) ? today : `${dates[0]} to ${dates.at(-1)}`;
  const about = `Measured ${dated}: millrace ${millrace} on Node.js ${process.versions.node}, ${versions.otelcol}; ${machine()}. RSS is saturated (peak in parentheses).`;
  const readme = join(import.meta.dirname, 'README.md');
  const text = readFileSync(readme, 'utf8');
  const begin = '<!-- results -->';
  const end = '<!-- /results -->';
  writeFileSync(
    readme,
    `${text.slice(0, text.indexOf(begin) + begin.length)}\n\n${about}\n\n${table({ rows, ...(start !== undefined && { start }) })}\n\n${text.slice(text.indexOf(end))}`,
  );
  const all = rows.map(({ row: { name }, ...rest }) => ({ ...rest, name }));
  writeFileSync(
    file,
    `${JSON.stringify({ machine: machine(), versions: { millrace, node: process.versions.node, otelcol: versions.otelcol }, rows: all, start }, undefined, 2)}\n`,
  );
}

/** `otelcol version 0.155.0`, as the binary says it. */
export function otelcolVersion(binary: string): string {
  return execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
}
