/**
 * What the store of extension `history` does: points a second, bytes a point, the time of a question about 1,000 series over a day, and of the
 * start with a large file. `--series N` (default 1,000), `--hours N` (default 24, at 15 s), `--gib N` (size of the large file, default 2).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { historyFile, HistoryStore, seriesKinds } from '@millrace/history';

const { values } = parseArgs({
  options: { series: { type: 'string', default: '1000' }, hours: { type: 'string', default: '24' }, gib: { type: 'string', default: '2' } },
});
const seriesCount = Number(values.series);
const rounds = Number(values.hours) * 240;
// On the disk of the repository: a temporary folder may be in memory.
const scratch = mkdtempSync(join(import.meta.dirname, '..', 'dist-history-'));
const clock = { now: () => Date.now(), setTimeout: () => ({ cancel: () => {} }) };
const endMs = Math.floor(Date.now() / 15_000) * 15_000;
const startMs = endMs - rounds * 15_000;

const kinds: Readonly<Record<string, (series: number, round: number) => number>> = {
  requests_total: (series, round) => round * (series % 50) + Math.floor(round / 7),
  cost_dollars_total: (series, round) => Math.round((round * 0.0137 + series) * 1e4) / 1e4,
  temperature: (_, round) => Math.round(200 + Math.sin(round / 100) * 50 + Math.random() * 5) / 10,
  latency_seconds: () => Math.random(),
};
const names = Object.keys(kinds);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function print(what: string, text: string): void {
  console.log(`${what.padEnd(58)} ${text}`);
}

async function ingest(directory: string): Promise<void> {
  const store = await HistoryStore.open({ directory, clock });
  const batch = store.batch();
  const series = Array.from({ length: seriesCount }, (_, i) => {
    const name = names[i % names.length]!;
    const kind = name.endsWith('_total') ? seriesKinds.counter : seriesKinds.gauge;
    return {
      handle: batch.series(
        [
          ['__name__', name],
          ['job', 'bench'],
          ['instance', `host-${i}`],
        ],
        kind,
      ),
      make: kinds[name]!,
    };
  });
  const waiting: Promise<void>[] = [];
  const ingestMs = await timed(async () => {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < seriesCount; i++)
        batch.points.add(series[i]!.handle, startMs + round * 15_000 + (i % 13), series[i]!.make(i, round));
      waiting.push(batch.commit());
      if (waiting.length >= 8) await waiting.shift();
    }
    await Promise.all(waiting);
  });
  const points = seriesCount * rounds;
  print('points a second, acknowledged, rollups included', Math.round((points / ingestMs) * 1000).toLocaleString('en'));
  print('the rest of the compaction', `${(await timed(() => store.compact())).toFixed(0)} ms`);
  await store.vacuum();
  const { sizeBytes, tiers } = await store.info();
  for (const { name, samples, sizeBytes: bytes } of tiers) {
    if (samples > 0) print(`bytes a sample, ${name} (${samples.toLocaleString('en')})`, (bytes / samples).toFixed(2));
  }
  print('bytes a point in the file, everything included', (sizeBytes / points).toFixed(2));
  await ask(store);
  await store.close();
}

async function ask(store: HistoryStore): Promise<void> {
  const all = [{ name: 'job', operator: '=', value: 'bench' }] as const;
  for (const stepMs of [15_000, 60_000, 300_000]) {
    let samples = 0;
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      samples = 0;
      times.push(
        await timed(async () => {
          for await (const { values: read } of store.metrics.select({ matchers: all, startMs: endMs - 86_400_000, endMs, stepMs }))
            samples += read.length;
        }),
      );
    }
    const best = Math.min(...times).toFixed(0);
    print(
      `${seriesCount} series x 1 day at ${stepMs / 1000} s (${samples.toLocaleString('en')} samples)`,
      `${best} ms (first ${times[0]!.toFixed(0)})`,
    );
  }
  const rollups = { matchers: all, startMs: endMs - 86_400_000, endMs, stepMs: 3_600_000 };
  print('their rollups by the hour', `${(await timed(() => store.metrics.rollups(rollups))).toFixed(0)} ms`);
}

/** Makes the file as large as it is wanted, with chunks of more and more series. */
function enlarge(file: string, gib: number): number {
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = off; pragma synchronous = off');
  const size = (): number =>
    (database.prepare('select page_count * page_size as bytes from pragma_page_count, pragma_page_size').get() as { bytes: number }).bytes;
  const copySeries = database.prepare(
    'insert into series(id, hash, kind, labels) select id + ?, hash, kind, labels from series where id <= ?',
  );
  const copyChunks = database.prepare(
    'insert into chunks(series, tier, start_ms, end_ms, size, open, before, bytes, spans) select series + ?, tier, start_ms, end_ms, size, open, before, bytes, spans from chunks where series <= ?',
  );
  for (let copy = 1; size() < gib * 2 ** 30; copy++) {
    copySeries.run(copy * seriesCount, seriesCount);
    copyChunks.run(copy * seriesCount, seriesCount);
  }
  const bytes = size();
  database.close();
  return bytes;
}

async function startUp(directory: string): Promise<void> {
  const bytes = enlarge(join(directory, historyFile), Number(values.gib));
  let store: HistoryStore | undefined;
  const openMs = await timed(async () => (store = await HistoryStore.open({ directory, clock })));
  print(`start with ${(bytes / 2 ** 30).toFixed(1)} GiB`, `${openMs.toFixed(0)} ms`);
  const batch = store!.batch();
  batch.points.add(batch.series([['__name__', 'fresh']], seriesKinds.gauge), endMs, 1);
  print('the first points acknowledged after it', `${(await timed(() => batch.commit())).toFixed(0)} ms`);
  const one = [{ name: 'instance', operator: '=', value: 'host-7' }] as const;
  const firstMs = await timed(async () => {
    for await (const _ of store!.metrics.select({ matchers: one, startMs, endMs })) break;
  });
  print('the first answer after it', `${firstMs.toFixed(0)} ms`);
  await store!.close();
}

try {
  await ingest(scratch);
  await startUp(scratch);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
