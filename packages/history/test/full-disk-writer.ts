import { HistoryStore } from '@millrace/history';

// Writes more than the disk or the limit on files holds, and prints what became of it.
const [directory] = process.argv.slice(2) as [string];
const startMs = 1_790_000_000_000;
const clock = { now: () => startMs, setTimeout: () => ({ cancel: () => {} }) };
const store = await HistoryStore.open({ directory, clock, threads: false });
const batch = store.batch();
const handles = Array.from({ length: 10 }, (_, i) =>
  batch.series(
    [
      ['__name__', 'noise'],
      ['i', String(i)],
    ],
    0,
  ),
);
const refusals: string[] = [];
let last = 0;
for (let round = 0; round < 30; round++) {
  const fromMs = startMs + round * 2_000_000;
  for (let i = 0; i < 2000; i++) for (const handle of handles) batch.points.add(handle, fromMs + i * 1000, Math.random());
  await batch.commit().then(
    () => (last = fromMs + 1_999_000),
    (error: unknown) => refusals.push((error as Error).message),
  );
  await store.compact();
}
let series = 0;
let firstMs = Infinity;
let lastMs = 0;
const noise = [{ name: '__name__', operator: '=', value: 'noise' }] as const;
for await (const { timestampsMs } of store.metrics.select({ matchers: noise, startMs: 0, endMs: startMs * 2 })) {
  series++;
  firstMs = Math.min(firstMs, timestampsMs[0]!);
  lastMs = Math.max(lastMs, timestampsMs.at(-1)!);
}
await store.close();
process.stdout.write(JSON.stringify({ refusals, series, lostOldest: firstMs > startMs, hasLast: lastMs === last }));
