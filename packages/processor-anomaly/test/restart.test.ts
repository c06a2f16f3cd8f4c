import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchLog, LogOwner, StorageExtension } from '@millrace/api';
import { PipelineError } from '@millrace/api';
import { configOf, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { factory as fileStorage } from '@millrace/extension-file-storage';
import { BatchBuilder } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { hour, minute, Run, second, t0 } from './run.ts';
import type { Dice, Item } from './run.ts';

const usual = (_: number, dice: Dice): Partial<Item> => ({ cost: 0.01 * Math.exp(0.4 * dice.normal()) });
const dear = (at: number, dice: Dice): Partial<Item> => ({ ...usual(at, dice), cost: 0.05 });
const begin = t0 + 2 * hour;
const config = { group_by: [['model']], storage: 'file_storage', checkpoint_interval: '10s' };

interface Opened {
  readonly run: Run;
  /** Ends without a word, as at kill -9: its storage is let go. */
  kill(): Promise<void>;
  stop(): Promise<void>;
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
  const run = await Run.start(settings, { to: 'logs', host });
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
      await run.stop();
      await close();
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

const kindsOf = async (run: Run): Promise<unknown[]> => (await run.events()).map(({ eventName }) => eventName);

describe('What was learned', () => {
  it('is known after a restart, and an anomaly goes on', () =>
    inFolder(async (directory) => {
      const first = await open(directory);
      await first.run.traffic(t0, begin, 2 * second, usual);
      await first.stop();
      const second_ = await open(directory);
      await second_.run.traffic(begin, begin + minute, second, dear);
      expect(await kindsOf(second_.run)).toEqual(['anomaly.started']);
      await second_.stop();
      const third = await open(directory);
      expect(third.run.own()['anomaly_open']).toBe(1);
      await third.run.traffic(begin + minute, begin + 2 * minute, second, dear);
      expect(await kindsOf(third.run)).toEqual([]);
      await third.run.traffic(begin + 2 * minute, begin + hour, second, usual);
      expect(await kindsOf(third.run)).toEqual(['anomaly.ended']);
      await third.stop();
    }));

  it('is known as of the last checkpoint after a kill', () =>
    inFolder(async (directory) => {
      const first = await open(directory);
      await first.run.traffic(t0, begin, 2 * second, usual);
      await first.run.clock.advance(11_000);
      await first.kill();
      const again = await open(directory);
      await again.run.traffic(begin, begin + minute, second, dear);
      expect(await kindsOf(again.run)).toEqual(['anomaly.started']);
      await again.stop();
    }));

  it('is forgotten when groups are others, and said', () =>
    inFolder(async (directory) => {
      const first = await open(directory);
      await first.run.traffic(t0, begin, 2 * second, usual);
      await first.stop();
      const again = await open(directory, { ...config, group_by: [['provider']] });
      expect(again.run.own()['anomaly_groups']).toBe(0);
      expect(again.run.context.lines.map(({ message }) => message)).toEqual([
        'The groups or intervals were changed: what an earlier run learned is forgotten.',
      ]);
      await again.stop();
    }));

  it('takes no more room with time', () =>
    inFolder(async (directory) => {
      const opened = await open(directory);
      for (let i = 0; i < 400; i++) {
        await opened.run.send([{ startMs: t0 + i * minute }]);
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

  it('is without records that cannot be read, which is said', () =>
    inFolder(async (directory) => {
      const first = await open(directory);
      await first.run.traffic(t0, begin, 2 * second, usual);
      await first.stop();
      const broken = await open(directory, config, (log) => ({
        ...log,
        recovered: log.recovered,
        read: async () => {
          const builder = new BatchBuilder('logs', first.run.host.pool);
          builder
            .resource()
            .scope('anomaly')
            .log({ body: Buffer.from('nothing') });
          return builder.finish()!;
        },
        append: (batch) => log.append(batch),
        acknowledge: (stored) => log.acknowledge(stored),
        close: () => log.close(),
      }));
      expect(broken.run.context.lines.map(({ message }) => message)).toEqual([
        'Records of what is usual cannot be read; what they say is missing.',
      ]);
      await broken.kill();
    }));

  it('is tried to be written again when that fails, which is said', () =>
    inFolder(async (directory) => {
      let isFull = true;
      const opened = await open(directory, config, (log) => ({
        recovered: log.recovered,
        read: (stored) => log.read(stored),
        append: (batch) => (isFull ? Promise.reject(new PipelineError('full', { kind: 'retryable' })) : log.append(batch)),
        acknowledge: (stored) => log.acknowledge(stored),
        close: () => log.close(),
      }));
      await opened.run.traffic(t0, begin, 2 * second, usual);
      await opened.run.clock.advance(11_000);
      expect(opened.run.context.lines.map(({ message }) => message)).toEqual(['What is usual could not be written to the storage.']);
      isFull = false;
      await opened.stop();
      const again = await open(directory);
      expect(again.run.own()['anomaly_groups']).toBe(1);
      await again.stop();
    }));
});
