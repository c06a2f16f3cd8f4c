import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, LabelMatcher, MetricSource, SeriesSamples, SeriesSelection, Timer } from '@millrace/api';
import { FakeClock } from '@millrace/api/testing';
import { HistoryStore, seriesKinds } from '../src/index.ts';
import type { HistoryBatch, HistoryOptions, SeriesKind } from '../src/index.ts';

export const startMs = 1_790_000_000_000;
export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** A clock that is set; its timers do not fire. */
export class StillClock implements Clock {
  nowMs = startMs;
  now(): number {
    return this.nowMs;
  }
  setTimeout(): Timer {
    return { cancel: () => undefined };
  }
}

const directories: string[] = [];

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-history-'));
  directories.push(directory);
  return directory;
}

/** For `afterAll`. */
export function removeDirectories(): void {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

export interface Opened {
  readonly store: HistoryStore;
  readonly clock: FakeClock;
  readonly directory: string;
  readonly warnings: { readonly message: string; readonly attributes: Readonly<Record<string, unknown>> }[];
}

/** Opens a store; in this thread unless `threads` says otherwise. */
export async function open(options: Partial<HistoryOptions> = {}): Promise<Opened> {
  const directory = options.directory ?? newDirectory();
  const clock = options.clock instanceof FakeClock ? options.clock : new FakeClock(startMs);
  const warnings: Opened['warnings'] = [];
  const warn = (message: string, attributes: Readonly<Record<string, unknown>>): void => void warnings.push({ message, attributes });
  const store = await HistoryStore.open({ threads: false, warn, clock, ...options, directory });
  return { store, clock, directory, warnings };
}

export type Labels = Readonly<Record<string, string>>;

/** Announces a series of a batch. */
export function seriesOf(batch: HistoryBatch, name: string, labels: Labels = {}, kind: SeriesKind = seriesKinds.gauge): number {
  return batch.series([...Object.entries(labels), ['__name__', name]], kind);
}

/** Writes points of one series. */
export async function write(
  store: HistoryStore,
  name: string,
  points: readonly (readonly [timeMs: number, value: number])[],
  labels: Labels = {},
  kind: SeriesKind = seriesKinds.gauge,
): Promise<void> {
  const batch = store.batch();
  const handle = seriesOf(batch, name, labels, kind);
  for (const [timeMs, value] of points) batch.points.add(handle, timeMs, value);
  await batch.commit();
}

export const named = (value: string): LabelMatcher => ({ name: '__name__', operator: '=', value });

/** The series of a selection, the whole of them unless it says otherwise. */
export async function read(
  metrics: MetricSource,
  matchers: readonly LabelMatcher[],
  range: Partial<SeriesSelection> = {},
): Promise<SeriesSamples[]> {
  const found: SeriesSamples[] = [];
  for await (const series of metrics.select({ matchers, startMs: 0, endMs: startMs * 2, ...range })) found.push(series);
  return found;
}

/** Times and values of the one series of a name. */
export async function pointsOf(
  store: HistoryStore,
  name: string,
  range: Partial<SeriesSelection> = {},
): Promise<(readonly [number, number])[]> {
  const [series] = await read(store.metrics, [named(name)], range);
  return series === undefined ? [] : Array.from(series.timestampsMs, (timeMs, index) => [timeMs, series.values[index]!] as const);
}

/** Numbers that look random and are always the same. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
