import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { install } from '../test/peers/install.ts';
import { peers } from '../test/peers/peers.ts';
import { floors, rowMisses, startMisses } from './floors.ts';
import { harnessCore, measure, type Plan } from './measure.ts';
import { otelcolVersion, rowLine, table, writeReport, type Results, type RowResult } from './report.ts';
import { configuration, everythingConfiguration, rows, startConfiguration, type Row, type TargetName } from './rows.ts';
import { measureStartUp, type StartUp } from './start-up.ts';
import { freePort } from './target.ts';

/**
 * Measures millrace against the Collector. Without options: every row, and benchmarks/README.md is written anew. `--only NAME` (repeatable,
 * `start` for start-up) and `--quick` print only; with `--write` the rows of `--only` are replaced in the report. `--millrace FILE` measures another build. `--check` measures the rows that have a floor, those
 * that fail up to five times, and exits 1 when all five fail.
 */
const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean' },
    quick: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    write: { type: 'boolean' },
    millrace: { type: 'string' },
  },
});
const full: Plan = { warmUpMs: 2000, windowMs: 2000, windows: 3 };
const short: Plan = { warmUpMs: 1500, windowMs: 1000, windows: 3 };
const checkRounds = 5;
const startRuns = 7;

const root = join(import.meta.dirname, '..');
const otelcol = install(peers.otelcol);
const launcher = options.millrace ?? join(root, 'packages/cli/bin/millrace');
const scratch = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const plan = options.check === true || options.quick === true ? short : full;
/** Load, sink and this process stay off the core that the measured program has. */
execFileSync('taskset', ['-a', '-p', '-c', String(harnessCore), String(process.pid)], { stdio: 'ignore' });

function command(row: Row, target: TargetName, program: string): (port: number, sinkPort: number) => readonly string[] {
  return (port, sinkPort) => {
    const file = join(scratch, `${target}.yaml`);
    writeFileSync(file, configuration(row, target, port, sinkPort));
    return [program, '--config', file, ...(target === 'millrace' ? ['--workers', '1'] : [])];
  };
}

async function runRow(row: Row): Promise<RowResult> {
  const theirs = await measure(row, plan, command(row, 'otelcol', otelcol));
  const ours = await measure(row, plan, command(row, 'millrace', launcher));
  return { row, otelcol: theirs, millrace: ours, ratio: ours.itemsPerCpuSecond / theirs.itemsPerCpuSecond };
}

async function runStart(): Promise<NonNullable<Results['start']>> {
  const grpcPort = await freePort();
  const start =
    (program: string, ...args: string[]) =>
    (port: number) => {
      const file = join(scratch, 'start.yaml');
      writeFileSync(file, startConfiguration(port, grpcPort));
      return [program, '--config', file, ...args];
    };
  return {
    otelcol: await measureStartUp(startRuns, start(otelcol)),
    millrace: await measureStartUp(startRuns, start(launcher, '--workers', '1')),
    everything: await startEverything(),
  };
}

async function startEverything(): Promise<StartUp> {
  const ports: number[] = [];
  for (let i = 0; i < 8; i++) ports.push(await freePort());
  return measureStartUp(startRuns, (port) => {
    const file = join(scratch, 'everything.yaml');
    writeFileSync(file, everythingConfiguration(port, ports, scratch));
    return [launcher, '--config', file, '--workers', '1'];
  });
}

/** One thing to measure and what it misses, empty when all is well; it prints what it saw. */
type Check = () => Promise<string[]>;

/**
 * Makes every check, then again those that failed, after all others: a shared machine is slow for minutes, not for ever. Returns what the last
 * round still missed.
 */
async function insist(checks: readonly Check[]): Promise<string[]> {
  let left: readonly { readonly check: Check; readonly missed: readonly string[] }[] = checks.map((check) => ({ check, missed: [] }));
  for (let round = 1; round <= checkRounds && left.length > 0; round++) {
    const failed: { check: Check; missed: string[] }[] = [];
    for (const { check } of left) {
      const missed = await check();
      if (missed.length === 0) continue;
      console.log(`  round ${round} of ${checkRounds}: ${missed.join('; ')}`);
      failed.push({ check, missed });
    }
    left = failed;
  }
  return left.flatMap(({ missed }) => missed);
}

async function checkStart(): Promise<string[]> {
  const start = await runStart();
  console.log(table({ rows: [], start }));
  return startMisses(start.millrace, start.everything);
}

async function checkRow(row: Row): Promise<string[]> {
  const result = await runRow(row);
  console.log(rowLine(result));
  return rowMisses(result);
}

const named = (name: string): boolean => options.only?.includes(name) ?? true;
const chosen = rows.filter((row) => named(row.name) && (options.check !== true || floors.rows[row.name] !== undefined));
const withStart = named('start');
for (const name of options.only ?? [])
  if (name !== 'start' && !rows.some((row) => row.name === name))
    throw new Error(`no row ${name}: ${rows.map((row) => row.name).join(', ')}, start`);

try {
  if (options.check === true) {
    const missed = await insist([...(withStart ? [checkStart] : []), ...chosen.map((row) => () => checkRow(row))]);
    for (const miss of missed) console.error(miss);
    if (missed.length > 0) process.exitCode = 1;
  } else {
    const results: RowResult[] = [];
    for (const row of chosen) {
      const result = await runRow(row);
      results.push(result);
      console.log([rowLine(result), ...rowMisses(result)].join('\n  '));
    }
    const start = withStart ? await runStart() : undefined;
    const all: Results = { rows: results, ...(start !== undefined && { start }) };
    console.log(`\n${table(all)}`);
    if (options.write === true || (options.quick !== true && options.only === undefined))
      writeReport(all, { otelcol: otelcolVersion(otelcol) });
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
