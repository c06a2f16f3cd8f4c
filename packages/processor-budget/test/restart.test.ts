import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BatchLog, type LogOwner, PipelineError, type StorageExtension } from '@millrace/api';
import { configOf, noDeadline, settle, testContext, testHost } from '@millrace/api/testing';
import { factory as fileStorage } from '@millrace/extension-file-storage';
import { BatchBuilder } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { type Item, type Options, type Out, type Run, start } from './run.ts';

const minute = 60_000;
const t0 = Date.parse('2026-11-10T12:00:00Z');
const budgets = [
  { name: 'monthly', limit: 10, by: ['user'] },
  { name: 'rolling', limit: 10, window: '1h' },
];
const config = { budgets, storage: 'file_storage', checkpoint_interval: '5s' };
const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-test-'));
const call = (cost: number, at = t0, user = 'ada'): Item => ({ at, cost, attributes: { 'user.id': user } });

interface Opened {
  readonly run: Run;
  /** Lets go of the storage. */
  close(): Promise<void>;
}

async function open(
  directory: string,
  settings: object = config,
  options: Options = {},
  around = (log: BatchLog): BatchLog => log,
): Promise<Opened> {
  const context = testContext({ id: 'file_storage', kind: 'extension' });
  const storage = fileStorage.create(configOf(fileStorage, { directory }), context) as StorageExtension;
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
  const run = await start(settings, { ...options, host });
  return {
    run,
    async close() {
      for (const log of logs) await log.close();
      await storage.shutdown?.(noDeadline());
    },
  };
}

async function stop({ run, close }: Opened): Promise<Out[]> {
  const outs = await run.stop();
  await close();
  return outs;
}

/** Ends without a word, as at kill -9: its storage is let go, no more is written. */
async function kill({ run, close }: Opened): Promise<void> {
  await run.clock.advance(0);
  await close();
}

const spent = ({ run }: Opened): number[] =>
  Object.entries(run.own())
    .filter(([name]) => name.startsWith('spent'))
    .map(([, value]) => value);

describe('What was spent', () => {
  it('is known after a restart, with the thresholds that were reported', async () => {
    const directory = folder();
    const first = await open(directory, config, { to: 'logs' });
    await first.run.send(call(6), call(3, t0, 'bob'));
    expect(await stop(first)).toHaveLength(3);
    const second = await open(directory, config, { to: 'logs' });
    expect(spent(second)).toEqual([6, 3, 9]);
    await second.run.send(call(1, t0 + minute));
    expect(spent(second)).toEqual([7, 3, 10]);
    const [event, ...rest] = await stop(second);
    expect(event!['attributes']).toMatchObject({ 'millrace.budget.name': 'rolling', 'millrace.budget.threshold': 100 });
    expect(rest).toEqual([]);
  });

  it('is as of the last checkpoint after kill -9', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.run.send(call(1));
    await first.run.clock.advance(5000);
    await first.run.send(call(2));
    await kill(first);
    const second = await open(directory);
    expect(spent(second)).toEqual([1, 1]);
    await kill(second);
  });

  it('is written at once with a threshold, so that none is reported twice after kill -9', async () => {
    const directory = folder();
    for (const to of [undefined, 'logs', 'metrics'] as const) {
      const first = await open(directory, config, { ...(to && { to }) });
      await first.run.send(call(5.5));
      await settle();
      await kill(first);
      const second = await open(directory, config, { ...(to && { to }) });
      expect(spent(second)).toEqual([5.5, 5.5]);
      await second.run.send(call(0.5));
      const outs = await stop(second);
      const reported = outs.filter(({ metric, eventName }) => metric === 'millrace.budget.thresholds_crossed' || eventName !== undefined);
      expect([...reported, ...second.run.context.lines]).toEqual([]);
      expect(second.run.own()).not.toHaveProperty('thresholds_crossed{rolling 50}');
      rmSync(directory, { recursive: true });
      mkdirSync(directory);
    }
  });

  it('moves on with rolling windows', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.run.send(call(5), call(2, t0 + 30 * minute));
    await stop(first);
    const second = await open(directory);
    await second.run.send(call(1, t0 + 65 * minute));
    expect(spent(second)).toEqual([8, 3]);
    await stop(second);
  });

  it('is kept per pipeline and per output', async () => {
    const directory = folder();
    const traces = await open(directory);
    const logs = await open(directory, config, { from: 'logs' });
    await traces.run.send(call(1));
    await logs.run.send(call(2));
    await stop(traces);
    await stop(logs);
    const again = await open(directory, config, { from: 'logs' });
    expect(spent(again)).toEqual([2, 2]);
    await stop(again);
  });

  it('is forgotten of budgets that are others now, with a warning', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.run.send(call(1));
    await stop(first);
    const changed = { ...config, budgets: [{ ...budgets[0], window: 'week' }, budgets[1], { name: 'new', limit: 1 }] };
    const second = await open(directory, changed);
    expect(second.run.context.lines).toMatchObject([{ level: 'warn', attributes: { budgets: ['monthly'] } }]);
    expect(spent(second)).toEqual([1]);
    await stop(second);
  });

  it('is compared with a limit and thresholds that were changed', async () => {
    const directory = folder();
    const first = await open(directory, config, { to: 'logs' });
    await first.run.send(call(6));
    await stop(first);
    const changed = { ...config, budgets: [{ ...budgets[0], limit: 7, thresholds: [50, 85, 100] }] };
    const second = await open(directory, changed, { to: 'logs' });
    await second.run.send(call(0.1, t0 + minute));
    expect((await stop(second)).map(({ attributes }) => (attributes as Out)['millrace.budget.threshold'])).toEqual([85]);
  });

  it('of users is forgotten when the key of the hashes is another one', async () => {
    const directory = folder();
    const first = await open(directory, { ...config, hash_key: 'a secret of many letters' });
    await first.run.send(call(1));
    await stop(first);
    const same = await open(directory, { ...config, hash_key: 'a secret of many letters' });
    expect(spent(same)).toEqual([1, 1]);
    await stop(same);
    for (const hash_key of ['another secret of many letters', undefined]) {
      const other = await open(directory, { ...config, ...(hash_key !== undefined && { hash_key }) });
      expect(other.run.own()).toMatchObject({ 'keys{monthly}': 0, 'keys{rolling}': 1, 'spent{rolling}': 1 });
      expect(other.run.context.lines).toMatchObject([{ level: 'warn', attributes: { budgets: ['monthly'] } }]);
      await kill(other);
    }
  });

  it('is more than the storage keeps records of: they are rewritten', async () => {
    const directory = folder();
    let records = 0;
    const counting = (log: BatchLog): BatchLog => ({
      recovered: log.recovered,
      read: (stored) => log.read(stored),
      close: () => log.close(),
      append: (batch) => {
        records++;
        return log.append(batch);
      },
      acknowledge: (stored) => {
        records--;
        return log.acknowledge(stored);
      },
    });
    const first = await open(directory, config, {}, counting);
    for (let i = 0; i < 300; i++) {
      await first.run.send(call(0.01, t0, `user-${i % 50}`));
      await first.run.clock.advance(5000);
    }
    await stop(first);
    expect(records).toBeLessThan(80);
    const second = await open(directory);
    expect(second.run.own()).toMatchObject({ 'keys{monthly}': 50, 'spent{rolling}': 3 });
    await stop(second);
  });

  it('is written when a storage that was full has room again', async () => {
    const directory = folder();
    let isFull = true;
    const first = await open(directory, config, {}, (log) => ({
      recovered: log.recovered,
      read: (stored) => log.read(stored),
      close: () => log.close(),
      append: (batch) => (isFull ? Promise.reject(new PipelineError('storage is full', { kind: 'retryable' })) : log.append(batch)),
      acknowledge: (stored) => log.acknowledge(stored),
    }));
    await first.run.send(call(1));
    await first.run.clock.advance(5000);
    expect(first.run.context.lines).toMatchObject([{ level: 'error', message: 'What was spent could not be written to the storage.' }]);
    isFull = false;
    await first.run.clock.advance(5000);
    await kill(first);
    const second = await open(directory);
    expect(spent(second)).toEqual([1, 1]);
    await stop(second);
  });

  it('is missing where a record cannot be read, which is said', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.run.send(call(1));
    await first.run.clock.advance(5000);
    await first.run.send(call(1, t0, 'bob'));
    await stop(first);
    let reads = 0;
    const second = await open(directory, config, {}, (log) => ({
      recovered: log.recovered,
      close: () => log.close(),
      append: (batch) => log.append(batch),
      acknowledge: (stored) => log.acknowledge(stored),
      read: (stored) => (reads++ === 0 ? Promise.reject(new Error('damaged')) : log.read(stored)),
    }));
    expect(second.run.context.lines).toMatchObject([{ level: 'error' }]);
    expect(spent(second)).toEqual([1, 2]);
    await stop(second);
  });

  it('is missing where a record is damaged, which is said', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.run.send(call(1));
    await stop(first);
    const second = await open(directory, config, {}, (log) => ({
      recovered: log.recovered,
      close: () => log.close(),
      append: (batch) => log.append(batch),
      acknowledge: (stored) => log.acknowledge(stored),
      read: () => {
        const builder = new BatchBuilder('logs', testHost().pool);
        builder
          .resource()
          .scope()
          .log({ body: Buffer.from('no record') });
        return Promise.resolve(builder.finish()!);
      },
    }));
    expect(second.run.context.lines).toMatchObject([
      { level: 'error', message: 'A record of what was spent cannot be read; what it says is missing.' },
    ]);
    await second.run.send(call(2));
    expect(spent(second)).toEqual([2, 2]);
    await stop(second);
  });

  it('goes on when the clock was a year ahead before', async () => {
    const directory = folder();
    const both = { ...config, budgets: [...budgets, { name: 'daily', limit: 10, window: 'day' }] };
    const first = await open(directory, both, { now: '2027-12-31T00:00:00Z' });
    await first.run.send(call(5, Date.parse('2027-12-30T23:50:00Z')));
    await stop(first);
    const second = await open(directory, both, { now: '2026-12-31T12:00:00Z' });
    await second.run.send(call(2, Date.parse('2026-12-31T11:59:00Z')));
    const now = second.run.own();
    expect(Object.entries(now).filter(([name]) => name.includes('late'))).toEqual([['unbooked_calls{late}', 0]]);
    // What was spent in the hour before is of the last hour, whatever the clock said; a day of next year is not today.
    expect(spent(second)).toEqual([2, 7, 2]);
    await stop(second);
  });

  it('needs a storage extension', async () => {
    await expect(start(config)).rejects.toThrow('file_storage');
  });
});
