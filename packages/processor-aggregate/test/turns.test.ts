import { setImmediate } from 'node:timers/promises';
import { PipelineError } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import { lines, start } from './run.ts';
import type { Metric, OutPoint, Point, Run } from './run.ts';

const series = 5000;
const config = {
  windows: ['10s', '20s'],
  allowed_lateness: '0s',
  metrics: [
    { metrics: ['load'], aggregations: ['count', 'max', 'p50'] },
    { metrics: ['*'], aggregations: ['sum'] },
  ],
};
const points = (at: number, count = series): Point[] =>
  Array.from({ length: count }, (_, i) => ({
    at,
    attributes: { i: `${i}` },
    asDouble: i,
    ...(i < 3 && { exemplars: [{ timeUnixNano: 1, asDouble: i, traceId: '0123456789abcdef0123456789abcdef' }] }),
  }));
const inputs: Metric[] = [{ points: points(1000) }, { name: 'other', points: points(2000) }];

/** Lets the event loop go round until so many points came out; returns how often it did, and the points. */
async function until(run: Run, items: number, onTurn: (turn: number) => unknown = () => {}): Promise<{ turns: number; out: OutPoint[] }> {
  let turns = 0;
  for (; run.sink.items < items; turns++) {
    await onTurn(turns);
    await setImmediate();
  }
  return { turns, out: await run.take() };
}

describe('When many series are in a window that is over, other work goes first again and again', () => {
  it('and what comes out is the same', async () => {
    const calm = await start(config);
    await calm.metrics(...inputs);
    await calm.metrics({ points: points(20_000, 1) });
    const expected = await calm.take();
    const busy = await start(config, { isBusy: true });
    await busy.metrics(...inputs);
    await busy.metrics({ points: points(20_000, 1) });
    expect(busy.sink.items).toBeLessThan(1000);
    const { turns, out } = await until(busy, series * 4 * 2);
    expect(turns).toBeGreaterThan(20);
    expect(lines(out)).toEqual(lines(expected));
    // Windows leave one after the other, metric by metric, as they do otherwise.
    const order = (all: readonly OutPoint[]): string[] => [...new Set(all.map(({ metric, window }) => `${window} ${metric}`))];
    expect(order(out)).toEqual(order(expected));
    expect(await busy.stop()).toHaveLength(6);
    expect(busy.host.memory.accounted).toBe(0);
    await calm.stop();
  });

  it('and input is counted in the next window meanwhile', async () => {
    const run = await start(config, { isBusy: true });
    await run.metrics(...inputs);
    await run.metrics({ points: points(20_000, 1) });
    let sent = 0;
    const { out } = await until(run, series * 4 * 2, async (turn) => {
      if (turn % 5 !== 0) return;
      await run.metrics({ name: 'other', points: points(21_000 + sent++, 7) });
    });
    expect(sent).toBeGreaterThan(3);
    expect(out.every(({ from }) => from < 20_000)).toBe(true);
    const sums = (await run.stop()).filter(({ metric, window }) => metric === 'other.sum' && window === '10s');
    expect(sums.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5, 6].map((value) => value * sent));
  });

  it.each(['drop', 'oldest_window'])('and what comes for it meanwhile is late: %s', async (late_data) => {
    const run = await start({ ...config, late_data }, { isBusy: true });
    await run.metrics(...inputs);
    await run.metrics({ points: points(20_000, 1) });
    let late = 0;
    const { out } = await until(run, series * 4 * 2, async () => {
      if (late < 5) await run.metrics({ name: 'other', points: points(1000 + late++, 7) });
    });
    const sums = (all: readonly OutPoint[]): number[] =>
      all
        .filter(({ metric, window, attributes }) => metric === 'other.sum' && window === '10s' && attributes['i'] === '6')
        .map(({ value }) => value);
    expect(sums(out)).toEqual([6]);
    const isDropped = late_data === 'drop';
    expect(sums(await run.stop())).toEqual(isDropped ? [] : [6 * late]);
    expect(run.own()).toMatchObject({ late_items: 7 * late });
    expect(run.context.items.dropped).toEqual(isDropped ? { late: 7 * late } : {});
  });

  it('and the memory stays within its limit meanwhile', async () => {
    const run = await start({ ...config, windows: ['10s', '1m', '1h'], memory_limit_mib: 8 }, { isBusy: true });
    let most = 0;
    let taken = 0;
    const send = async (at: number, from: number): Promise<void> => {
      const more = points(at, 1000).map((point, i) => ({ ...point, attributes: { i: `${from + i}` } }));
      await run.metrics({ points: more }).then(
        () => taken++,
        (error: unknown) => expect(error).toBeInstanceOf(PipelineError),
      );
      most = Math.max(most, run.own()['memory']!);
    };
    // As many series as there is room for, and more.
    for (let i = 0; i < 12; i++) await send(1000, i * 1000);
    expect(run.own()['detail_level']).toBe(3);
    for (let at = 20_000; at < 60_000; at += 500) {
      await send(at, at * 1000);
      await setImmediate();
    }
    expect(taken).toBeGreaterThan(15);
    const stopped = run.stop();
    while (run.context.items.held > 0 || run.own()['open_windows']! > 0) await setImmediate();
    await stopped;
    expect(most).toBeLessThan(8.4 * 2 ** 20);
    // Nothing is lost: all are in some sum.
    expect(run.context.items).toMatchObject({ absorbed: taken * 1000, dropped: {} });
  });

  it('and when they leave no memory for more, input is refused until they left', async () => {
    const run = await start({ windows: ['10s'], allowed_lateness: '0s', memory_limit_mib: 1, metrics: [{ aggregations: ['sum'] }] });
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    run.sink.before = () => held;
    const send = (at: number): Promise<unknown> => run.metrics({ points: points(at, 3000) }).catch((error: unknown) => error);
    let refused: unknown;
    let sent = 0;
    while (refused === undefined) refused = await send(sent++ * 10_000);
    expect(refused).toMatchObject({ kind: 'retryable' });
    expect(sent).toBeLessThan(12);
    expect(run.own()['memory']).toBeLessThan(1.2 * 2 ** 20);
    letGo();
    await run.take();
    expect(await send(sent * 10_000)).toBeUndefined();
    await run.stop();
    expect(run.context.items).toMatchObject({ absorbed: sent * 3000, dropped: {}, held: 0 });
  });

  it('and a shutdown sends the rest', async () => {
    const run = await start(config, { isBusy: true });
    await run.metrics(...inputs);
    await run.metrics({ points: points(20_000, 1) });
    const stopped = run.stop();
    await until(run, series * 4 * 2 + 6);
    await stopped;
    expect(run.sink.items).toBe(series * 4 * 2 + 6);
    expect(run.context.items).toMatchObject({ absorbed: 2 * series + 1, created: series * 4 * 2 + 6, dropped: {}, held: 0 });
    expect(run.host.memory.accounted).toBe(0);
  });

  it('and when too many windows wait for that, input is refused', async () => {
    const run = await start({ ...config, windows: ['10s'] }, { isBusy: true });
    await run.metrics(...inputs);
    const send = (at: number): Promise<unknown> => run.metrics({ points: points(at, 1) }).catch((error: unknown) => error);
    let refused: unknown;
    let taken = -1;
    for (let at = 20_000; at < 3_000_000; at += 10_000) {
      taken++;
      refused = await send(at);
      if (refused !== undefined) break;
    }
    expect(refused).toBeInstanceOf(PipelineError);
    await run.stop();
    while (run.context.items.held > 0) await setImmediate();
    expect(run.context.items.absorbed).toBe(2 * series + taken);
  });
});
