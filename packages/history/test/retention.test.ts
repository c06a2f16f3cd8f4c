import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { defaultRetentionMs, seriesKinds } from '../src/index.ts';
import {
  dayMs,
  hourMs,
  named,
  newDirectory,
  open,
  pointsOf,
  random,
  read,
  removeDirectories,
  seriesOf,
  startMs,
  StillClock,
  write,
} from './rig.ts';

const mounted: string[] = [];
afterAll(() => {
  for (const directory of mounted) execFileSync('umount', ['--lazy', directory]);
  removeDirectories();
});

const minuteMs = 60_000;

describe('Rollups', () => {
  it.each([
    ['a minute', minuteMs],
    ['5 minutes', 5 * minuteMs],
    ['an hour', hourMs],
    ['a day', dayMs],
  ])('by %s are what the samples say, while they come and after a restart', async (_, stepMs) => {
    const opened = await open();
    let { store } = opened;
    const next = random(3);
    const gauge: [number, number][] = [];
    const counter: [number, number][] = [];
    let count = 0;
    for (let timeMs = startMs; timeMs < startMs + 4 * dayMs; timeMs += 45_000 + Math.floor(next() * 1000)) {
      gauge.push([timeMs, Math.round(next() * 1000) / 10]);
      count = next() < 0.001 ? 3 : count + Math.floor(next() * 10);
      counter.push([timeMs, count]);
    }
    const size = gauge.length;
    for (const [from, to] of [
      [0, 0.3],
      [0.3, 0.35],
      [0.35, 0.9],
      [0.9, 1],
    ] as const) {
      await write(store, 'g', gauge.slice(Math.floor(from * size), Math.floor(to * size)));
      await write(store, 'c', counter.slice(Math.floor(from * size), Math.floor(to * size)), {}, seriesKinds.counter);
      if (to !== 1) await store.compact();
      if (to === 0.35) {
        await store.close();
        ({ store } = await open({ directory: opened.directory, clock: opened.clock }));
      }
    }
    const expected = (points: readonly [number, number][], isCounter: boolean): unknown[] => {
      const spans = new Map<number, number[]>();
      for (const [i, [timeMs, value]] of points.entries()) {
        const start = Math.floor(timeMs / stepMs) * stepMs;
        const span = spans.get(start) ?? [start, 0, 0, value, value, value, 0];
        const before = points[i - 1]?.[1] ?? value;
        spans.set(start, [
          start,
          span[1]! + 1,
          span[2]! + value,
          Math.min(span[3]!, value),
          Math.max(span[4]!, value),
          value,
          span[6]! + (isCounter ? (value >= before ? value - before : value) : 0),
        ]);
      }
      return [...spans.values()].map((span) => span.map((number) => Math.round(number * 1000) / 1000));
    };
    for (const [name, points] of [
      ['g', gauge],
      ['c', counter],
    ] as const) {
      const [rollup] = await store.metrics.rollups({ matchers: [named(name)], startMs, endMs: startMs + 4 * dayMs, stepMs });
      const { startsMs, counts, sums, mins, maxs, lasts, increases } = rollup!;
      const found = Array.from(startsMs, (start, i) =>
        [start, counts[i]!, sums[i]!, mins[i]!, maxs[i]!, lasts[i]!, increases[i]!].map((number) => Math.round(number * 1000) / 1000),
      );
      expect(found).toEqual(expected(points, name === 'c'));
    }
    await store.close();
  });

  it('answer a selection that says how coarse it may be, with samples that there were', async () => {
    const { store } = await open();
    const points = Array.from({ length: 20_000 }, (_, i) => [startMs + i * 10_000, i] as const);
    await write(store, 'x', points);
    await store.compact();
    const sizes: number[] = [];
    for (const stepMs of [1000, minuteMs, 5 * minuteMs, 7 * minuteMs, hourMs]) {
      const found = await pointsOf(store, 'x', { stepMs });
      sizes.push(found.length);
      // Samples that there were, no two further apart than a step, up to the last one.
      expect(found.every(([timeMs, value]) => timeMs === startMs + value * 10_000)).toBe(true);
      expect(found.every(([timeMs], i) => i === 0 || timeMs - found[i - 1]![0] <= 2 * Math.max(stepMs, 10_000))).toBe(true);
      expect(found.at(-1)).toEqual(points.at(-1));
    }
    expect(sizes[0]).toBe(20_000);
    expect(sizes[1]).toBeLessThan(4000);
    expect(sizes[3]).toBe(sizes[2]);
    expect(sizes[4]).toBeLessThan(sizes[2]!);
    await store.close();
  });
});

describe('Retention', () => {
  it('deletes each resolution in its time, and keeps what the coarser ones have', async () => {
    const retentionMs = { raw: dayMs, '1m': 2 * dayMs, '5m': 4 * dayMs, '1h': 8 * dayMs, '1d': 16 * dayMs };
    const clock = new StillClock();
    const { store } = await open({ retentionMs, clock });
    await write(
      store,
      'x',
      Array.from({ length: 500 }, (_, i) => [startMs + i * 30_000, i] as const),
    );
    await write(store, 'sparse', [[startMs, 7]]);
    await store.compact();
    const held = async (): Promise<string[]> => (await store.info()).tiers.filter(({ samples }) => samples > 0).map(({ name }) => name);
    const steps: [number, string][] = [
      [1, 'raw'],
      [2, '1m'],
      [4, '5m'],
      [8, '1h'],
      [16, '1d'],
    ];
    for (const [days, gone] of steps) {
      clock.nowMs = startMs + days * dayMs + 6 * hourMs;
      await store.maintain();
      expect(await held()).not.toContain(gone);
      if (days === 16) continue;
      // What was never rolled up before it was deleted is in the next resolution, too.
      expect(await pointsOf(store, 'sparse')).toEqual([[startMs, 7]]);
      expect((await pointsOf(store, 'x')).at(-1)).toEqual([startMs + 499 * 30_000, 499]);
      const [rollup] = await store.metrics.rollups({ matchers: [named('x')], startMs: 0, endMs: startMs * 2, stepMs: dayMs });
      expect(rollup!.counts.reduce((sum, count) => sum + count)).toBe(500);
    }
    expect(await read(store.metrics, [named('x')])).toEqual([]);
    expect((await store.info()).series).toBe(2);
    await store.close();
  });

  it('forgets series without samples, and knows them again', async () => {
    const short = { raw: hourMs, '1m': hourMs, '5m': hourMs, '1h': hourMs, '1d': hourMs };
    const clock = new StillClock();
    const first = await open({ retentionMs: short, clock });
    await write(first.store, 'x', [[startMs, 1]]);
    await first.store.close();
    const { store } = await open({ directory: first.directory, clock, retentionMs: short });
    await store.compact();
    for (let hour = 0; hour < 3; hour++) {
      clock.nowMs += hourMs;
      await store.maintain();
    }
    expect((await store.info()).series).toBe(0);
    await write(store, 'x', [[clock.now(), 2]]);
    expect(await pointsOf(store, 'x')).toEqual([[clock.now(), 2]]);
    await store.close();
  });

  it('keeps exemplars as long as the samples they belong to', async () => {
    const clock = new StillClock();
    const { store } = await open({ clock });
    const batch = store.batch();
    const handle = seriesOf(batch, 'x');
    batch.points.add(handle, startMs, 1);
    batch.exemplar({ handle, timestampMs: startMs, value: 1, labels: '[]' });
    await batch.commit();
    const exemplars = () => store.metrics.exemplars({ matchers: [named('x')], startMs: 0, endMs: startMs * 2 });
    expect((await exemplars()).length).toBe(1);
    clock.nowMs += defaultRetentionMs.raw + minuteMs;
    await store.maintain();
    expect(await exemplars()).toEqual([]);
    await store.close();
  });

  it('happens by itself, once a minute', async () => {
    const { store, clock } = await open({ retentionMs: { ...defaultRetentionMs, raw: hourMs } });
    await write(store, 'x', [[startMs, 1]]);
    expect((await store.info()).pendingPoints).toBe(1);
    await clock.advance(6 * minuteMs);
    expect((await store.info()).pendingPoints).toBe(0);
    await store.close();
    expect(clock.pending).toBe(0);
  });
});

/** Fills a store with numbers that do not compress. */
async function fill(store: Awaited<ReturnType<typeof open>>['store'], points: number, fromMs: number): Promise<void> {
  const next = random(fromMs);
  const batch = store.batch();
  const handles = Array.from({ length: 10 }, (_, i) => seriesOf(batch, 'noise', { i: String(i) }));
  for (let i = 0; i < points / 10; i++) for (const handle of handles) batch.points.add(handle, fromMs + i * 1000, next());
  await batch.commit();
}

describe('A store that holds too much', () => {
  it('deletes the oldest raw samples first and takes new ones', async () => {
    const maxSizeBytes = 1024 * 1024;
    const { store } = await open({ maxSizeBytes });
    for (let round = 0; round < 12; round++) {
      await fill(store, 20_000, startMs + round * 2_000_000);
      await store.compact();
      await store.maintain();
      expect((await store.info()).usedBytes).toBeLessThan(maxSizeBytes * 1.05);
    }
    const [series] = await read(store.metrics, [named('noise')]);
    expect(series!.timestampsMs.at(-1)).toBe(startMs + 11 * 2_000_000 + 1_999_000);
    const { tiers } = await store.info();
    expect(tiers[0]!.startMs).toBeGreaterThan(startMs);
    // The rollups of the time of which the samples are gone.
    expect(tiers[1]!.startMs).toBeLessThan(startMs + 120_000);
    await store.close();
  });
});

describe('A full disk', () => {
  /** A directory on a disk of its own; undefined where mounting is not allowed. */
  const smallDisk = (): string | undefined => {
    const directory = newDirectory();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', directory], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    mounted.push(directory);
    return directory;
  };
  const writeTooMuch = (directory: string, limit = ''): { refusals: string[]; series: number; lostOldest: boolean; hasLast: boolean } => {
    const script = join(import.meta.dirname, 'full-disk-writer.ts');
    const command = `${limit}exec "$0" --conditions=@millrace/source --disable-warning=ExperimentalWarning "$1" "$2"`;
    const out = execFileSync('bash', ['-c', command, process.execPath, script, directory], { encoding: 'utf8' });
    return JSON.parse(out) as ReturnType<typeof writeTooMuch>;
  };
  const refusal = 'there is no space left for history';
  const disk = smallDisk();

  // Not everybody may mount one.
  if (disk !== undefined) {
    it('costs the oldest raw samples, and new ones are taken', () => {
      const { refusals, ...rest } = writeTooMuch(disk);
      // Twice what there is room for was written.
      expect(refusals.length).toBeLessThan(15);
      expect(refusals.filter((message) => message !== refusal)).toEqual([]);
      expect(rest).toEqual({ series: 10, lostOldest: true, hasLast: true });
    }, 120_000);
  }

  it('is said when not even deleting helps, since no file can grow; what there is can be read', () => {
    const { refusals, series } = writeTooMuch(newDirectory(), 'ulimit -f 2500 && ');
    expect([...new Set(refusals)]).toEqual([refusal]);
    expect(series).toBe(10);
  }, 120_000);
});
