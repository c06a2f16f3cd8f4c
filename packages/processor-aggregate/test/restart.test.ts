import { setImmediate } from 'node:timers/promises';
import { serialize } from 'node:v8';
import { isStorage, PipelineError } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import { batchOf, epoch, lines, metricsBatch, start } from './run.ts';
import type { Metric, Point, Run } from './run.ts';
import { folder, hostOf } from './storage.ts';
import type { Meddle } from './storage.ts';

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

async function open(directory: string, settings: object = config, meddle?: Meddle, now?: number) {
  const { host, close } = await hostOf(directory, meddle);
  return { run: await start(settings, { host, ...(now !== undefined && { now }) }), close };
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
      append: async (batch) => {
        const stored = await log.append(batch);
        appended.push(batch.items);
        return stored;
      },
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

  it('of many series are written a piece at a time, while other work goes on, and are the state of one moment', async () => {
    const directory = folder();
    const parts: number[] = [];
    let turns = 0;
    const { host, close } = await hostOf(directory, (log) => ({
      append: async (batch) => {
        if (batch.items === 0) parts.push(batch.sizeBytes);
        return log.append(batch);
      },
    }));
    const run = await start(config, { host, isBusy: true });
    const series = 5000;
    const all = (asDouble: number): Metric => ({
      points: Array.from({ length: series }, (_, i) => ({ at: 0, attributes: { user: `u${i}` }, asDouble })),
    });
    await run.metrics(all(1));
    void run.clock.advance(10_000);
    for (; parts.length === 0; turns++) await setImmediate();
    // Waits until the checkpoint is complete, which does not have it.
    const sent = run.metrics(all(2));
    while (!run.context.lines.some(({ message }) => message.startsWith('Wrote'))) {
      turns++;
      await setImmediate();
    }
    await sent;
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) expect(part).toBeLessThan(600_000);
    expect(turns).toBeGreaterThan(20);
    // As at kill -9.
    await close();
    const next = await open(directory);
    await next.run.metrics({ points: [{ at: 100_000, asDouble: 0 }] });
    const sums = (await next.run.take()).filter(({ metric, window }) => metric === 'load.sum' && window === '10s');
    expect(sums).toHaveLength(series);
    for (const { value } of sums) expect(value).toBe(3);
    await stop(next);
  });

  it('keep batches waiting, not lost, while they are written', async () => {
    const directory = folder();
    let letGo = (): void => {};
    let waits = false;
    const { run, close } = await open(directory, config, (log) => ({
      append: async (batch) => {
        if (batch.items === 0) {
          waits = true;
          await new Promise<void>((resolve) => (letGo = resolve));
        }
        return log.append(batch);
      },
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
      append: (batch) => (isFull ? Promise.reject(new PipelineError('storage is full', { kind: 'retryable' })) : log.append(batch)),
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
      read: (stored) => (reads++ % 2 === 0 ? Promise.reject(new Error('damaged')) : log.read(stored)),
    }));
    expect(second.run.context.lines.filter(({ level }) => level === 'error')).not.toEqual([]);
    await second.run.metrics({ points: [{ at: 100_000, asDouble: 0 }] });
    expect(lines(await second.run.take())).toContain('load.sum{} 1m@0 = 2');
    await stop(second);
  });

  it('count what came at its time, not at that of the restart, and drop what was late then', async () => {
    const directory = folder();
    const first = await open(directory, { ...config, checkpoint_interval: '1000s' }, undefined, 20_000);
    // Without a time: of now.
    await first.run.metrics({ points: [{ at: -epoch, asDouble: 1 }] });
    await first.run.metrics({ points: [{ at: 16_000, asDouble: 2 }] });
    // The clock closes the windows; what comes for them is late.
    await first.run.clock.advance(120_000);
    const sent = lines(await first.run.take());
    expect(sent).toContain('load.sum{} 10s@20 = 1');
    expect(sent).toContain('load.sum{} 10s@10 = 2');
    await first.run.metrics({ points: [{ at: 17_000, asDouble: 4 }] });
    expect(first.run.context.items.dropped).toEqual({ late: 1 });
    // As at kill -9.
    await first.close();
    const second = await open(directory, config);
    expect(lines(await second.run.take())).toEqual(sent);
    await stop(second);
  });

  it('are dropped with a warning when another version wrote them; what came since then is counted', async () => {
    const directory = folder();
    const { host, close } = await hostOf(directory);
    const log = await host
      .extension('file_storage', isStorage)
      .openLog({ kind: 'processor', id: 'aggregate', name: 'metrics', signal: 'metrics', pool: host.pool });
    const attributes = [
      { key: 'millrace.aggregate.part', value: { intValue: '0' } },
      { key: 'millrace.aggregate.parts', value: { intValue: '1' } },
      { key: 'millrace.aggregate.state', value: { bytesValue: serialize({ version: 1 }).toString('base64') } },
    ];
    using since = metricsBatch(host, [{ points: [{ at: 0, asDouble: 3 }] }]);
    using state = batchOf(host, 'metrics', { resourceMetrics: [{ resource: { attributes } }] });
    for (const batch of [state, since]) await log.append(batch);
    await log.close();
    await close();
    const next = await open(directory);
    expect(next.run.context.lines[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('by another version') });
    await next.run.metrics({ points: [{ at: 100_000, asDouble: 0 }] });
    expect(lines(await next.run.take())).toContain('load.sum{} 10s@0 = 3');
    await stop(next);
  });

  it('are written though there are always closed windows to send: then input waits for a moment', async () => {
    const { run, close } = await open(folder(), { ...config, idle_timeout: '0s' });
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const wrote = (): boolean => run.context.lines.some(({ message }) => message.startsWith('Wrote'));
    run.sink.before = () => held;
    await run.metrics({ points: [{ at: 0, asDouble: 1 }] });
    await run.metrics({ points: [{ at: 100_000, asDouble: 1 }] });
    await run.clock.advance(10_000);
    await run.metrics({ points: [{ at: 100_000, asDouble: 1 }] });
    await run.clock.advance(10_000);
    let taken = false;
    const waiting = run.metrics({ points: [{ at: 100_000, asDouble: 1 }] }).then(() => (taken = true));
    await run.clock.advance(1000);
    expect([taken, wrote()]).toEqual([false, false]);
    letGo();
    await waiting;
    expect(wrote()).toBe(true);
    await run.stop();
    await close();
  });

  it('that are over leave before the end, however many series they have, and once', async () => {
    const directory = folder();
    const { host, close } = await hostOf(directory);
    const run = await start(config, { host, isBusy: true });
    const points = Array.from({ length: 2000 }, (_, i) => ({ at: 0, attributes: { user: `u${i}` }, asDouble: 1 }));
    await run.metrics({ points });
    await run.metrics({ points: [{ at: 100_000, asDouble: 0 }] });
    expect(run.sink.items).toBeLessThan(1000);
    void run.stop();
    while (run.sink.items < 2000 * 7 * 2) await setImmediate();
    await run.stop();
    expect(run.sink.items).toBe(2000 * 7 * 2);
    await close();
    const next = await open(directory);
    await next.run.metrics({ points: [{ at: 200_000, asDouble: 0 }] });
    expect(lines(await next.run.take()).filter((line) => line.includes('count'))).toEqual([
      'load.count{} 10s@100 = 1',
      'load.count{} 1m@60 = 1',
    ]);
    await stop(next);
  });

  it('need a storage extension', async () => {
    await expect(start(config)).rejects.toThrow('file_storage');
  });
});
