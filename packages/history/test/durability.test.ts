import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { hourMs, named, newDirectory, open, random, read, removeDirectories, startMs } from './rig.ts';

afterAll(removeDirectories);

/** Runs the writer until so many rounds are acknowledged and then a moment longer; returns the last one. */
async function runAndKill(directory: string, first: number, rounds: number, moment: number): Promise<number> {
  const script = join(import.meta.dirname, 'killed-writer.ts');
  const acknowledgements = join(newDirectory(), 'acknowledged');
  const lines = (): string[] => (existsSync(acknowledgements) ? readFileSync(acknowledgements, 'utf8').split('\n').slice(0, -1) : []);
  const args = [
    '--conditions=@millrace/source',
    '--disable-warning=ExperimentalWarning',
    script,
    directory,
    String(first),
    acknowledgements,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const closed = once(child, 'close');
  const watch = setInterval(() => {
    if (lines().length < rounds) return;
    clearInterval(watch);
    setTimeout(() => child.kill('SIGKILL'), moment);
  }, 5);
  const [, signal] = (await closed) as [unknown, string];
  clearInterval(watch);
  expect(signal).toBe('SIGKILL');
  return Number(lines().at(-1));
}

describe('kill -9', () => {
  it('loses nothing that was acknowledged, at 20 random moments one after the other', async () => {
    const directory = newDirectory();
    const next = random(7);
    let first = 0;
    const acknowledged = new Set<number>();
    for (let kill = 0; kill < 20; kill++) {
      const last = await runAndKill(directory, first, 1 + Math.floor(next() * 90), Math.floor(next() * 8));
      for (let round = first; round <= last; round++) acknowledged.add(round);
      // What was sent and not acknowledged may be there or not: a gap keeps it apart.
      first = last + 100;
    }
    const { store } = await open({ directory });
    for (let pass = 0; pass < 2; pass++) {
      const found = await read(store.metrics, [named('killed')]);
      expect(found.length).toBe(10);
      for (const { timestampsMs, values } of found) {
        const stored = new Map(Array.from(timestampsMs, (timeMs, i) => [(timeMs - startMs) / 1000, values[i]!]));
        expect([...acknowledged].filter((round) => stored.get(round) !== round)).toEqual([]);
        expect([...stored].every(([round, value]) => round === value)).toBe(true);
        expect(stored.size).toBe(timestampsMs.length);
      }
      // Nothing was rolled up twice either: the spans have as many samples as there are.
      const rollups = await store.metrics.rollups({ matchers: [named('killed')], startMs: 0, endMs: startMs * 2, stepMs: hourMs });
      expect(rollups.map(({ counts }) => counts.reduce((sum, count) => sum + count, 0))).toEqual(
        found.map(({ timestampsMs }) => timestampsMs.length),
      );
      await store.compact();
    }
    await store.close();
  }, 300_000);
});
