import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PipelineError } from '@millrace/api';
import type { BatchLog, Host, StorageExtension } from '@millrace/api';
import { configOf, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { factory as fileStorage } from '@millrace/extension-file-storage';
import { describe, expect, it } from '@jest/globals';
import { lines, start } from './run.ts';
import type { Metric, Point, Run } from './run.ts';

/** A host with a storage in a folder, whose logs a test may meddle with. */
async function hostOf(
  directory: string,
  meddle: (log: BatchLog) => BatchLog = (log) => log,
): Promise<{ host: Host; close: () => Promise<void> }> {
  const extension = fileStorage.create(
    configOf(fileStorage, { directory }),
    testContext({ id: 'file_storage', kind: 'extension' }),
  ) as StorageExtension;
  const storage: StorageExtension = { openLog: async (owner) => meddle(await extension.openLog(owner)) };
  const host = testHost(1 << 28, new Map([['file_storage', storage]]));
  await extension.start?.(host);
  return { host, close: async () => extension.shutdown?.(noDeadline()) };
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-aggregate-'));
const config = {
  windows: ['10s', '1m'],
  allowed_lateness: '5s',
  storage: 'file_storage',
  checkpoint_interval: '10s',
  metrics: [{ dimensions: ['user'], aggregations: ['count', 'sum', 'min', 'max', 'p50', 'failure_rate', 'histogram'] }],
};

const inputs = (from: number): Metric[] => {
  const points: Point[] = Array.from({ length: 40 }, (_, i) => ({
    at: (from + i) * 500,
    attributes: { user: `u${i % 3}`, ...(i % 5 === 0 && { 'error.type': 'x' }) },
    asDouble: ((i * 37) % 11) - 3,
    exemplars: [{ timeUnixNano: i, asDouble: i, traceId: '0123456789abcdef0123456789abcdef' }],
  }));
  const total = points.map(({ at, attributes = {} }, i) => ({ at, attributes, start: 0, asDouble: (from + i) * 2 }));
  const histogram = points.map(({ at, attributes = {} }, i) => ({
    at,
    attributes,
    start: 0,
    count: from + i,
    sum: from + i,
    bucketCounts: [from + i, 0],
    explicitBounds: [5],
  }));
  return [
    { points },
    { name: 'total', type: 'sum', temporality: 2, points: total },
    { name: 'sizes', type: 'histogram', temporality: 2, points: histogram },
  ];
};

/** Everything that comes out of the inputs in one run. */
async function without(): Promise<unknown[]> {
  const { storage: _, ...rest } = config;
  const run = await start(rest);
  for (let from = 0; from < 160; from += 40) await run.metrics(...inputs(from));
  await run.metrics({ name: 'end', points: [{ at: 130_000, asDouble: 1 }] });
  return sorted(await run.take());
}

const sorted = (points: readonly object[]): unknown[] => points.map((point) => JSON.stringify(point)).toSorted();

async function stop({ run, close }: { run: Run; close: () => Promise<void> }): Promise<void> {
  await run.stop();
  await close();
}

async function open(directory: string, settings: object = config, meddle?: (log: BatchLog) => BatchLog) {
  const { host, close } = await hostOf(directory, meddle);
  return { run: await start(settings, { host }), close };
}

describe('With a storage, open windows', () => {
  it('go on in the next run as if nothing had happened: series, distributions, exemplars, totals', async () => {
    const directory = folder();
    const found: object[] = [];
    for (let from = 0; from < 160; from += 40) {
      const { run, close } = await open(directory);
      await run.metrics(...inputs(from));
      found.push(...(await run.take()));
      if (from === 120) await run.metrics({ name: 'end', points: [{ at: 130_000, asDouble: 1 }] });
      found.push(...(await run.take()));
      // Nothing is sent before its time.
      expect(await run.stop()).toEqual([]);
      await close();
    }
    expect(sorted(found)).toEqual(await without());
  });

  it('are written from time to time, and what came since then is read again', async () => {
    const directory = folder();
    const appended: number[] = [];
    const first = await open(directory, config, (log) => ({
      recovered: log.recovered,
      read: (stored) => log.read(stored),
      close: () => log.close(),
      append: async (batch) => {
        const stored = await log.append(batch);
        appended.push(batch.items);
        return stored;
      },
      acknowledge: (stored) => log.acknowledge(stored),
    }));
    await first.run.metrics({ points: [{ at: 0, asDouble: 1 }] });
    await first.run.clock.advance(10_000);
    await first.run.metrics({
      points: [
        { at: 1, asDouble: 2 },
        { at: 2, asDouble: 4 },
      ],
    });
    expect(appended).toEqual([1, 0, 2]);
    // The run ends without a word, as at kill -9: its storage is let go, no more is written.
    await first.close();
    const second = await open(directory);
    expect(second.run.context.lines.map(({ message }) => message)).toContain('Continued the open windows of an earlier run.');
    await second.run.metrics({ points: [{ at: 100_000, asDouble: 0 }] });
    expect(lines(await second.run.take()).filter((line) => line.includes('.sum'))).toEqual(['load.sum{} 10s@0 = 7', 'load.sum{} 1m@0 = 7']);
    await stop(second);
  });

  it('are dropped with a warning when the configuration is another one', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.run.metrics({ points: [{ at: 0, asDouble: 1 }] });
    await stop(first);
    const second = await open(directory, { ...config, windows: ['20s'] });
    expect(second.run.context.lines[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('dropped') });
    await stop(second);
  });

  it('keep batches waiting, not lost, while they are written', async () => {
    const directory = folder();
    let letGo = (): void => {};
    let waits = false;
    const { run, close } = await open(directory, config, (log) => ({
      recovered: log.recovered,
      read: (stored) => log.read(stored),
      close: () => log.close(),
      append: async (batch) => {
        if (batch.items === 0) {
          waits = true;
          await new Promise<void>((resolve) => (letGo = resolve));
        }
        return log.append(batch);
      },
      acknowledge: (stored) => log.acknowledge(stored),
    }));
    await run.metrics({ points: [{ at: 0, asDouble: 1 }] });
    await run.clock.advance(10_000);
    expect(waits).toBe(true);
    let taken = false;
    const sent = run.metrics({ points: [{ at: 0, asDouble: 2 }] }).then(() => (taken = true));
    await run.clock.advance(1000);
    expect(taken).toBe(false);
    letGo();
    await sent;
    const ending = run.stop();
    await run.clock.advance(10);
    letGo();
    await ending;
    await close();
    const next = await open(directory);
    await next.run.metrics({ points: [{ at: 100_000, asDouble: 0 }] });
    expect(lines(await next.run.take())).toContain('load.sum{} 1m@0 = 3');
    await stop(next);
  });

  it('outlive a storage that cannot be written for a while', async () => {
    const directory = folder();
    let isFull = false;
    const { run, close } = await open(directory, config, (log) => ({
      recovered: log.recovered,
      read: (stored) => log.read(stored),
      close: () => log.close(),
      append: (batch) => (isFull ? Promise.reject(new PipelineError('storage is full', { kind: 'retryable' })) : log.append(batch)),
      acknowledge: (stored) => log.acknowledge(stored),
    }));
    await run.metrics({ points: [{ at: 0, asDouble: 1 }] });
    isFull = true;
    await expect(run.metrics({ points: [{ at: 0, asDouble: 1 }] })).rejects.toThrow('storage is full');
    await run.clock.advance(10_000);
    expect(run.context.lines.at(-1)).toMatchObject({ level: 'error', message: 'The open windows could not be written to the storage.' });
    isFull = false;
    await run.metrics({ points: [{ at: 0, asDouble: 1 }] });
    await run.stop();
    await close();
    const next = await open(directory);
    await next.run.metrics({ points: [{ at: 100_000, asDouble: 0 }] });
    expect(lines(await next.run.take())).toContain('load.sum{} 1m@0 = 2');
    await stop(next);
  });

  it('do not count a batch whose rest was refused', async () => {
    const directory = folder();
    const rules = { ...config, metrics: [{ metrics: ['load'], aggregations: ['sum'] }] };
    const { run, close } = await open(directory, rules);
    run.sink.before = () => {
      throw new PipelineError('not now', { kind: 'retryable' });
    };
    const metrics: Metric[] = [{ points: [{ at: 0, asDouble: 1 }] }, { name: 'other', points: [{ at: 0, asDouble: 1 }] }];
    await expect(run.metrics(...metrics)).rejects.toThrow('not now');
    run.sink.before = undefined;
    await run.metrics(...metrics);
    await run.take();
    // Again as at kill -9.
    await close();
    const next = await open(directory, rules);
    await next.run.metrics({ points: [{ at: 100_000, asDouble: 0 }] });
    expect(lines(await next.run.take())).toEqual(['load.sum{} 10s@0 = 1', 'load.sum{} 1m@0 = 1']);
    await stop(next);
  });

  it('go on without a batch that cannot be read', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.run.metrics({ points: [{ at: 0, asDouble: 1 }] });
    await first.run.metrics({ points: [{ at: 0, asDouble: 2 }] });
    await first.close();
    let reads = 0;
    const second = await open(directory, config, (log) => ({
      recovered: log.recovered,
      close: () => log.close(),
      append: (batch) => log.append(batch),
      read: (stored) => (reads++ % 2 === 0 ? Promise.reject(new Error('damaged')) : log.read(stored)),
      acknowledge: (stored) => log.acknowledge(stored),
    }));
    expect(second.run.context.lines.filter(({ level }) => level === 'error')).not.toEqual([]);
    await second.run.metrics({ points: [{ at: 100_000, asDouble: 0 }] });
    expect(lines(await second.run.take())).toContain('load.sum{} 1m@0 = 2');
    await stop(second);
  });

  it('need a storage extension', async () => {
    await expect(start(config)).rejects.toThrow('file_storage');
  });
});
