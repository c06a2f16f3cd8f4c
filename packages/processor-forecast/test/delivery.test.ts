import { PipelineError } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import { day, hour, hourly, of, Run, t0, usual } from './run.ts';

const settings = { interval: '2h', allowed_lateness: '0s', horizons: ['24h'], metrics: [{ name: '*' }] };
const n = { name: 'n' } as const;
const busy = new PipelineError('busy', { kind: 'retryable' });

describe('Forecasts', () => {
  it('are offered again when they are refused', async () => {
    const run = await Run.start(settings);
    run.sink.before = () => {
      throw busy;
    };
    await run.sendAll(n, hourly(t0, t0 + 3 * day, usual));
    expect(await run.take()).toEqual([]);
    run.sink.before = undefined;
    await run.clock.advance(1000);
    expect(of(await run.take(), 'forecast.trend').length).toBe(12);
    await run.stop();
    expect(run.context.items.dropped).toEqual({});
  });

  it('wait for the next component, then no more input is taken; what is left at the end is counted', async () => {
    const run = await Run.start(settings);
    run.sink.before = () => {
      throw busy;
    };
    await expect(
      run.sendAll(
        n,
        hourly(t0, t0 + 40 * day, () => 1),
      ),
    ).rejects.toThrow('forecast waits for the next component');
    const ended = new AbortController();
    const stopped = run.stage.shutdown?.(ended.signal);
    await run.clock.advance(250);
    ended.abort();
    await run.clock.advance(250);
    await stopped;
    expect(run.context.items.dropped['shutdown']).toBeGreaterThan(256);
  });

  it('that are refused for good are counted and said', async () => {
    const run = await Run.start(settings);
    run.sink.before = () => {
      throw new PipelineError('no', { kind: 'permanent' });
    };
    await run.sendAll(n, hourly(t0, t0 + 3 * day, usual));
    await run.stop();
    expect(run.context.items.dropped['permanent']).toBeGreaterThan(10);
    expect(run.context.lines.at(-1)?.message).toBe('The next component refused data for good.');
  });

  it('are not of what the next component did not take: a batch that comes again is counted once', async () => {
    const run = await Run.start(settings, { kind: 'processor' });
    run.sink.before = () => Promise.reject(busy);
    for (const point of hourly(t0, t0 + 3 * day, () => 10)) {
      await expect(run.send({ ...n, points: [point] })).rejects.toThrow('busy');
      run.sink.before = () => Promise.resolve();
      await run.send({ ...n, points: [point] });
      run.sink.before = () => Promise.reject(busy);
    }
    run.sink.before = undefined;
    await run.send({ ...n, points: [{ at: t0 + 3 * day + hour, asInt: '10' }] });
    const said = of(await run.stop(), 'forecast.value', { quantile: '0.5' });
    expect(Math.round(said.at(-1)!.value)).toBe(240);
  });

  it('are made of nothing before the start and after the end', async () => {
    const run = new Run(settings);
    await expect(run.send({ ...n, points: [{ at: t0, asInt: '1' }] })).rejects.toThrow('forecast is not running');
    await run.stop();
  });
});
