import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowResult } from './report.ts';
import type { StartUp } from './start-up.ts';

interface RowFloor {
  /** Items a CPU second, of otelcol's. */
  readonly minRatio: number;
  /** What the ratio is meant to become, where that is not reached yet. */
  readonly aim?: number;
  readonly maxSaturatedRssMiB?: number;
  /** Resident memory, of otelcol's. */
  readonly maxShareOfRss?: number;
}

interface Floors {
  readonly rows: Readonly<Record<string, RowFloor>>;
  /** Items a CPU second of a stored queue: of a queue in memory, and of otelcol's file_storage at equal fsync. */
  readonly storage: { readonly minShareOfMemory: number; readonly minStoredRatio: number; readonly minFsyncRatio: number };
  /** Nanoseconds an item of plugins, as ratios (benchmarks/micro/plugins.ts). */
  readonly plugins: { readonly maxOfBuiltIn: number; readonly maxDecodingOfBuiltIn: number; readonly maxFiveOfOne: number };
  /** Recordings of metrics (benchmarks/micro/instruments.ts): of other libraries' rates, by kind and library, and a second. */
  readonly instruments: {
    readonly minRatios: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly minPerSecond: number;
    readonly minLabelledPerSecond: number;
    readonly minConcurrentPerSecond: number;
  };
  readonly workers: { readonly minRatio: number };
  readonly start: { readonly maxStartUpMs: number; readonly maxEverythingMs: number; readonly maxIdleRssMiB: number };
}

/** What `benchmarks/floors.json` demands. */
export const floors: Floors = JSON.parse(readFileSync(join(import.meta.dirname, 'floors.json'), 'utf8')) as Floors;

const passedTolerance = 0.01;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Every demand that a row misses, empty when all is well. A lost or refused item is a miss, whatever the speed. */
export function rowMisses({ row, millrace, otelcol, ratio }: RowResult): string[] {
  const floor = floors.rows[row.name];
  const misses: string[] = [];
  for (const [name, { lost, refused }] of Object.entries({ millrace, otelcol })) {
    if (lost !== 0) misses.push(`${row.name}: ${name} lost ${lost} acknowledged items`);
    if (refused !== 0) misses.push(`${row.name}: ${name} refused ${refused} requests`);
  }
  if (row.compression !== undefined && Math.abs(millrace.bytesOutPerItem / otelcol.bytesOutPerItem - 1) > 0.05)
    misses.push(`${row.name}: the compressed sizes differ by more than 5 %`);
  if (floor !== undefined && ratio < floor.minRatio)
    misses.push(`${row.name}: ${ratio.toFixed(2)}x of otelcol, the floor is ${floor.minRatio}x`);
  if (Math.abs(millrace.passed - otelcol.passed) > passedTolerance)
    misses.push(`${row.name}: millrace passes ${percent(millrace.passed)} of the items on, otelcol ${percent(otelcol.passed)}`);
  if (floor?.maxShareOfRss !== undefined && millrace.rssMiB > floor.maxShareOfRss * otelcol.rssMiB)
    misses.push(`${row.name}: ${(millrace.rssMiB / otelcol.rssMiB).toFixed(2)} of otelcol's memory, the limit is ${floor.maxShareOfRss}`);
  if (floor?.maxSaturatedRssMiB !== undefined && millrace.rssMiB > floor.maxSaturatedRssMiB)
    misses.push(`${row.name}: ${millrace.rssMiB.toFixed(0)} MiB saturated, the limit is ${floor.maxSaturatedRssMiB}`);
  return misses;
}

/** The same for start-up and idle memory. */
export function startMisses({ startUpMs, idleRssMiB }: StartUp, everything: StartUp | undefined): string[] {
  const { maxStartUpMs, maxEverythingMs, maxIdleRssMiB } = floors.start;
  return [
    ...(everything !== undefined && everything.startUpMs > maxEverythingMs
      ? [`start: ${everything.startUpMs.toFixed(0)} ms with everything configured, the limit is ${maxEverythingMs}`]
      : []),
    ...(startUpMs > maxStartUpMs ? [`start: ${startUpMs.toFixed(0)} ms to accepting connections, the limit is ${maxStartUpMs}`] : []),
    ...(idleRssMiB > maxIdleRssMiB ? [`start: ${idleRssMiB.toFixed(0)} MiB idle, the limit is ${maxIdleRssMiB}`] : []),
  ];
}
