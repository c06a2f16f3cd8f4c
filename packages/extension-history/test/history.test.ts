import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { isMetricSource } from '@millrace/api';
import { configOf, extensionContract, FakeClock, noDeadline, systemClock, testContext, testHost } from '@millrace/api/testing';
import { isHistory } from '@millrace/history';
import { factory } from '../src/index.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-history-extension-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let directories = 0;
const newDirectory = (): string => join(root, String(directories++));

extensionContract({ describe, it, expect }, factory, () => ({ config: configOf(factory, { directory: newDirectory() }) }));

const startMs = 1_790_000_000_000;

async function opened(settings: object, clock = new FakeClock(startMs)) {
  const context = testContext({ id: 'history', kind: 'extension', clock });
  const extension = factory.create(configOf(factory, { directory: newDirectory(), ...settings }), context);
  const host = testHost(undefined, new Map([['history', extension]]));
  await extension.start!(host);
  const { store } = host.extension('history', isHistory);
  return { extension, store, host, clock, context };
}

async function write(store: Awaited<ReturnType<typeof opened>>['store'], timeMs: number): Promise<void> {
  const batch = store.batch();
  batch.points.add(batch.series([['__name__', 'x']], 0), timeMs, 1);
  await batch.commit();
}

const tiersOf = async (store: Awaited<ReturnType<typeof opened>>['store']): Promise<string[]> =>
  (await store.info()).tiers.filter(({ samples }) => samples > 0).map(({ name }) => name);

describe('Extension history', () => {
  it('is found by the host as a source of metrics after its start, and as none before', async () => {
    const { extension, host } = await opened({});
    expect(host.extension('history', isMetricSource)).toBe(extension);
    expect(isMetricSource(factory.create(configOf(factory), testContext()))).toBe(false);
    await extension.shutdown!(noDeadline());
  });

  it('keeps its files in `directory`, which one extension can have', async () => {
    const directory = join(newDirectory(), 'deeper');
    const { extension } = await opened({ directory, fsync: true });
    expect(existsSync(join(directory, 'history.db'))).toBe(true);
    await expect(opened({ directory })).rejects.toThrow('is in use by another process or store');
    await extension.shutdown!(noDeadline());
  });

  it('keeps each resolution as long as `retention` says: raw, 1m, 5m, 1h, 1d', async () => {
    const retention = { raw: '1h', '1m': '2h', '5m': '3h', '1h': '4h', '1d': '5h' };
    const { extension, store, clock } = await opened({ retention });
    await write(store, startMs);
    await store.compact();
    const seen: string[][] = [];
    for (let hour = 0; hour <= 5; hour++) {
      seen.push(await tiersOf(store));
      await clock.advance(hour === 0 ? 3_600_001 : 3_600_000);
      await store.maintain();
    }
    expect(seen).toEqual([['raw'], ['1m'], ['5m'], ['1h'], ['1d'], []]);
    await extension.shutdown!(noDeadline());
  });

  it('holds no more than `max_size_mib`, and without a limit with 0', async () => {
    const fill = async (maxMib: number): Promise<number> => {
      const { extension, store } = await opened({ max_size_mib: maxMib });
      const batch = store.batch();
      const handle = batch.series([['__name__', 'x']], 0);
      for (let i = 0; i < 40_000; i++) batch.points.add(handle, startMs + i * 1000, Math.sin(i) * 1e6);
      await batch.commit();
      await store.compact();
      await store.maintain();
      const { samples } = (await store.info()).tiers[0]!;
      await extension.shutdown!(noDeadline());
      return samples;
    };
    expect(await fill(0.4)).toBeLessThan(40_000);
    expect(await fill(0)).toBe(40_000);
  });

  it('refuses settings that make no sense', () => {
    const problems = (settings: object): readonly string[] => factory.validateConfig!(configOf(factory, settings));
    expect(problems({})).toEqual([]);
    expect(
      problems({ directory: '', max_size_mib: -1, retention: { '1h': '0s' }, traces: { max_size_mib: -1 }, logs: { retention: '-1h' } }),
    ).toEqual([
      'directory must not be empty',
      'max_size_mib must be non-negative',
      'retention::1h: must be positive',
      'traces::max_size_mib: must be non-negative',
      'logs::retention: must be positive',
    ]);
  });

  it('says when a file had to be set aside', async () => {
    const directory = newDirectory();
    const first = await opened({ directory });
    await first.extension.shutdown!(noDeadline());
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(directory, 'history.db'), 'rubbish '.repeat(1000));
    const context = testContext({ id: 'history', kind: 'extension', clock: systemClock });
    const extension = factory.create(configOf(factory, { directory }), context);
    await extension.start!(testHost());
    expect(context.lines).toMatchObject([{ level: 'warn', message: 'A file of history that cannot be used was set aside.' }]);
    await extension.shutdown!(noDeadline());
  });
});
