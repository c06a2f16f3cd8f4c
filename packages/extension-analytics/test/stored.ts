import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@millrace/api/testing';
import { HistoryStore, seriesKinds } from '@millrace/history';
import type { SeriesKind } from '@millrace/history';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
/** A Wednesday. */
export const nowMs = Date.UTC(2026, 10, 11, 12);

/** A series, and by how much a counter grows (or what a gauge is) in the half hour up to a time. */
export interface Made {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly gauge?: boolean;
  readonly at: (timeMs: number) => number;
}

const stepMs = hourMs / 2;
const directories: string[] = [];

/** A store with series, a sample of each every half hour from some days ago on until now. */
export async function stored(series: readonly Made[], days: number, startMs: number = nowMs - days * dayMs): Promise<HistoryStore> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-analytics-'));
  directories.push(directory);
  const store = await HistoryStore.open({ directory, clock: new FakeClock(nowMs), threads: false });
  const batch = store.batch();
  for (const { name, labels = {}, gauge = false, at } of series) {
    const kind: SeriesKind = gauge ? seriesKinds.gauge : seriesKinds.counter;
    const handle = batch.series([...Object.entries(labels), ['__name__', name]], kind);
    let total = 0;
    // Just before the end of each half hour, so that what grew in it counts for it.
    for (let timeMs = startMs - 1; timeMs <= nowMs; timeMs += stepMs) {
      if (timeMs >= startMs) total += at(timeMs);
      batch.points.add(handle, timeMs, gauge ? at(timeMs) : total);
    }
  }
  await batch.commit();
  return store;
}

/** For `afterAll`. */
export function removeStores(): void {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

const cost = { millrace_cost_currency: 'USD' };
const big = { millrace_model_name: 'big', gen_ai_provider_name: 'v' };
const small = { millrace_model_name: 'small', gen_ai_provider_name: 'w' };
const chat = { millrace_task_type: 'chat' };
const always = (value: number) => (): number => value;

/** A service that was the same all the time: in half an hour 10 calls of `big`, 30 of `small`, 60 answers of a cache. */
export const steady: readonly Made[] = [
  { name: 'millrace_requests_total', labels: { ...big, ...chat, millrace_user_hash: 'u1' }, at: always(8) },
  { name: 'millrace_requests_total', labels: { ...big, ...chat, millrace_user_hash: 'u1', error_type: 'timeout' }, at: always(2) },
  { name: 'millrace_requests_total', labels: { ...small, millrace_task_type: 'extract', millrace_user_hash: 'u2' }, at: always(30) },
  { name: 'millrace_requests_total', labels: { ...small, ...chat, millrace_cache_tier: '1' }, at: always(60) },
  { name: 'millrace_cost_amount_total', labels: { ...big, ...chat, ...cost }, at: always(3) },
  { name: 'millrace_cost_amount_total', labels: { ...small, millrace_task_type: 'extract', ...cost }, at: always(1) },
  { name: 'millrace_cost_amount_total', labels: { ...small, ...chat, millrace_cost_currency: 'EUR' }, at: always(0.5) },
  { name: 'millrace_savings_total', labels: { ...small, ...cost, millrace_savings_source: 'cache' }, at: always(3) },
  { name: 'millrace_savings_total', labels: { ...big, ...cost, millrace_savings_source: 'routing' }, at: always(2) },
  { name: 'millrace_extra_cost_total', labels: { ...big, ...cost, millrace_savings_source: 'routing' }, at: always(1) },
  ...['input', 'output'].flatMap((direction) => [
    {
      name: 'millrace_tokens_total',
      labels: { ...big, millrace_token_direction: direction },
      at: always(direction === 'input' ? 10_000 : 1000),
    },
    {
      name: 'millrace_tokens_total',
      labels: { ...small, millrace_token_direction: direction },
      at: always(direction === 'input' ? 20_000 : 3000),
    },
  ]),
  ...[big, small].flatMap((labels) =>
    Object.entries({ '0.1': 0, '0.2': 50, '0.5': 90, '1': 100, '+Inf': 100 }).map(([le, count]) => ({
      name: 'millrace_request_duration_seconds_bucket',
      labels: { ...labels, le },
      at: always(labels === big ? count : 2 * count),
    })),
  ),
  { name: 'millrace_request_duration_seconds_sum', labels: big, at: always(25) },
  { name: 'millrace_request_duration_seconds_count', labels: big, at: always(100) },
  { name: 'millrace_evaluation_score_sum', labels: big, at: always(9) },
  { name: 'millrace_evaluation_score_count', labels: big, at: always(2) },
  { name: 'millrace_cache_hits_total', labels: { millrace_cache_tier: '1' }, at: always(40) },
  { name: 'millrace_cache_misses_total', labels: { millrace_cache_tier: '1' }, at: always(60) },
  { name: 'millrace_cache_hits_total', labels: { millrace_cache_tier: '2' }, at: always(20) },
  { name: 'millrace_cache_misses_total', labels: { millrace_cache_tier: '2' }, at: always(40) },
  { name: 'millrace_cache_operation_duration_seconds_sum', labels: { millrace_cache_tier: '1' }, at: always(0.5) },
  { name: 'millrace_cache_operation_duration_seconds_count', labels: { millrace_cache_tier: '1' }, at: always(100) },
  { name: 'millrace_capacity_utilization_ratio', labels: { millrace_resource_name: 'gpu' }, gauge: true, at: always(0.5) },
];
