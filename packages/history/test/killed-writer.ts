import { openSync, writeSync } from 'node:fs';
import { HistoryStore, seriesKinds } from '@millrace/history';

// Writes rounds of points from a number on, and says which ones were acknowledged, until it is killed.
const [directory, first, acknowledgements] = process.argv.slice(2) as [string, string, string];
const file = openSync(acknowledgements, 'a');
const clock = {
  now: () => Date.now(),
  setTimeout: (callback: () => void, delayMs: number) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
const store = await HistoryStore.open({ directory, clock });
const batch = store.batch();
const handles = Array.from({ length: 10 }, (_, i) =>
  batch.series(
    [
      ['__name__', 'killed'],
      ['i', String(i)],
    ],
    seriesKinds.counter,
  ),
);
const waiting: Promise<void>[] = [];
for (let round = Number(first); ; round++) {
  for (const handle of handles) batch.points.add(handle, 1_790_000_000_000 + round * 1000, round);
  const committed = batch.commit().then(() => void writeSync(file, `${round}\n`));
  waiting.push(committed);
  if (waiting.length >= 4) await waiting.shift();
  // Killed while it compacts, too.
  if (round % 40 === 39) waiting.push(store.compact());
}
