import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchLog, LogOwner, StorageExtension } from '@millrace/api';
import { PipelineError } from '@millrace/api';
import { configOf, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { factory as fileStorage } from '@millrace/extension-file-storage';
import { BatchBuilder } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { day, hour, hourly, minute, noisy, Run, t0 } from './run.ts';
import type { Point, Said } from './run.ts';

const config = {
  interval: '12h',
  horizons: ['24h', '168h'],
  storage: 'file_storage',
  checkpoint_interval: '10s',
  metrics: [{ name: '*' }],
  exact_series: 1,
  budgets: [{ name: 'all', metric: 'n', amount: 30_000 }],
};
const n = { name: 'n', temporality: 2 } as const;

interface Opened {
  readonly run: Run;
  /** Ends without a word, as at kill -9: its storage is let go. */
  kill(): Promise<void>;
  stop(): Promise<Said[]>;
}

async function open(directory: string, settings: object = config, around = (log: BatchLog): BatchLog => log): Promise<Opened> {
  const storage = fileStorage.create(
    configOf(fileStorage, { directory }),
    testContext({ id: 'file_storage', kind: 'extension' }),
  ) as StorageExtension;
  const logs: BatchLog[] = [];
  const wrapped = {
    openLog: async (owner: LogOwner) => {
      const log = await storage.openLog(owner);
      logs.push(log);
      return around(log);
    },
  };
  const host = testHost(undefined, new Map([['file_storage', wrapped]]));
  await storage.start?.(host);
  const run = await Run.start(settings, { host });
  const close = async (): Promise<void> => {
    for (const log of logs) await log.close();
    await storage.shutdown?.(noDeadline());
  };
  return {
    run,
    async kill() {
      await run.clock.advance(0);
      await close();
    },
    async stop() {
      const said = await run.stop();
      await close();
      return said;
    },
  };
}

async function inFolder(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  try {
    await test(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Cumulative points of two series. */
function counted(from: number, until: number): Point[] {
  let total = 0;
  const points = hourly(t0, until, noisy).map(({ at, asDouble }) => ({ at, start: t0, asDouble: (total += asDouble as number) }));
  return points.filter(({ at }) => at >= from).flatMap((point) => ['a', 'b'].map((who) => ({ ...point, attributes: { who } })));
}

const split = t0 + 9 * day + 7 * hour;
const end = t0 + 12 * day;

describe('What was seen', () => {
  it('is known after a restart: forecasts are those of a run without one (SHM-10)', () =>
    inFolder(async (directory) => {
      const whole = await Run.start({ ...config, storage: null });
      await whole.sendAll(n, counted(t0, end));
      const expected = await whole.stop();
      const first = await open(directory);
      await first.run.sendAll(n, counted(t0, split));
      const before = await first.stop();
      const again = await open(directory);
      await again.run.sendAll(n, counted(split, end));
      const after = await again.stop();
      expect(after.length).toBeGreaterThan(50);
      expect([...before, ...after]).toEqual(expected);
    }));

  it('is known as of the last checkpoint after a kill, and forecasts that were due then are made', () =>
    inFolder(async (directory) => {
      const first = await open(directory);
      await first.run.sendAll(n, counted(t0, split));
      await first.run.take();
      await first.run.clock.advance(11_000);
      await first.run.sendAll(n, counted(split, split + 2 * hour));
      await first.kill();
      const again = await open(directory);
      // What cumulative counters had counted comes with their next points.
      await again.run.sendAll(n, counted(split, end));
      const after = await again.stop();
      const whole = await Run.start({ ...config, storage: null });
      await whole.sendAll(n, counted(t0, end));
      expect(after).toEqual((await whole.stop()).filter(({ at }) => at > split));
    }));

  it('is known with other budgets and amounts; a budget that is gone is forgotten', () =>
    inFolder(async (directory) => {
      const first = await open(directory);
      await first.run.sendAll(n, counted(t0, split));
      await first.stop();
      const budgets = [
        { metric: 'n', amount: 5 },
        { ...config.budgets[0]!, amount: 1 },
      ];
      const again = await open(directory, { ...config, budgets });
      await again.run.sendAll(n, counted(split, end));
      const said = (await again.stop()).filter(({ metric }) => metric === 'forecast.budget.exceeded_at');
      expect(said.find(({ attributes }) => attributes['forecast.budget'] === 'all')?.value).toBe((t0 + hour) / 1000);
      const third = await open(directory, { ...config, metrics: [{ name: 'other' }], budgets: [] });
      expect(third.run.own()['forecast_series']).toBe(0);
      await third.stop();
    }));

  it('is forgotten when the lateness is another one, and said', () =>
    inFolder(async (directory) => {
      const first = await open(directory);
      await first.run.sendAll(n, counted(t0, t0 + day));
      await first.stop();
      const again = await open(directory, { ...config, allowed_lateness: '3h' });
      expect(again.run.own()['forecast_series']).toBe(0);
      expect(again.run.context.lines.map(({ message }) => message)).toEqual([
        'The allowed lateness was changed: what an earlier run saw is forgotten.',
      ]);
      await again.stop();
    }));

  it('takes no more room with time', () =>
    inFolder(async (directory) => {
      const opened = await open(directory);
      for (let i = 0; i < 300; i++) {
        await opened.run.send({ name: 'm', points: [{ at: t0 + i * minute, asInt: '1' }] });
        await opened.run.clock.advance(10_000);
      }
      await opened.stop();
      let records = Infinity;
      const again = await open(directory, config, (log) => {
        records = log.recovered.length;
        return log;
      });
      expect(records).toBeLessThan(80);
      await again.stop();
    }));

  it('is written in parts that count together, when there are many series', () =>
    inFolder(async (directory) => {
      const points = Array.from({ length: 100 }, (_, i) => ({ at: t0, asInt: '1', attributes: { i } }));
      const first = await open(directory);
      await first.run.send({ name: 'm', points });
      await first.run.clock.advance(11_000);
      await first.run.send({ name: 'm', points: points.map((point) => ({ ...point, at: t0 + hour })) });
      await first.stop();
      // The last part of the second state is lost.
      let records = 0;
      const again = await open(directory, config, (log) => {
        records = log.recovered.length;
        return { ...bare(log), recovered: log.recovered.slice(0, -1) };
      });
      expect(records).toBe(6);
      expect(again.run.own()).toMatchObject({ forecast_series: 100 });
      expect(again.run.own()['forecast_lag']! - (Date.UTC(2027, 0, 1) - t0) / 1000).toBe(300);
      await again.kill();
    }));

  it('is without records that cannot be read, which is said', () =>
    inFolder(async (directory) => {
      const first = await open(directory);
      await first.run.sendAll(n, counted(t0, t0 + day));
      await first.stop();
      const broken = await open(directory, config, (log) => ({
        ...bare(log),
        read: async () => {
          const builder = new BatchBuilder('logs', first.run.host.pool);
          builder
            .resource()
            .scope('forecast')
            .log({ body: Buffer.from('nothing') });
          return builder.finish()!;
        },
      }));
      expect(broken.run.context.lines.map(({ message }) => message)).toEqual([
        'Records of what was seen cannot be read; what they say is missing.',
      ]);
      await broken.kill();
      const unread = await open(directory, config, (log) => ({ ...bare(log), read: () => Promise.reject(new Error('bad disk')) }));
      expect(unread.run.context.lines.map(({ message }) => message)).toEqual([
        'A record of what was seen cannot be read; what it says is missing.',
      ]);
      await unread.kill();
    }));

  it('is tried to be written again when that fails, which is said', () =>
    inFolder(async (directory) => {
      let isFull = true;
      const opened = await open(directory, config, (log) => ({
        ...bare(log),
        append: (batch) => (isFull ? Promise.reject(new PipelineError('full', { kind: 'retryable' })) : log.append(batch)),
      }));
      await opened.run.sendAll(n, counted(t0, t0 + day));
      await opened.run.clock.advance(11_000);
      expect(opened.run.context.lines.map(({ message }) => message)).toEqual(['What was seen could not be written to the storage.']);
      isFull = false;
      await opened.stop();
      const again = await open(directory);
      expect(again.run.own()['forecast_series']).toBe(3);
      await again.stop();
    }));
});

const bare = (log: BatchLog): BatchLog => ({
  recovered: log.recovered,
  append: (batch) => log.append(batch),
  read: (stored) => log.read(stored),
  acknowledge: (stored) => log.acknowledge(stored),
  close: () => log.close(),
});
