import { afterEach, describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import type { MetricSource, SeriesSamples } from '@millrace/api';
import { labelsOf, MemorySource } from '../../promql/test/memory-source.ts';
import { get, startAnalytics } from './start-analytics.ts';
import type { Other, Running } from './start-analytics.ts';
import { dayMs, hourMs, nowMs } from './stored.ts';

let running: Running | undefined;

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

/** A counter that grew by one each half hour of two days, and began anew a day ago. */
function grown(model: string): MemorySource {
  const count = (2 * dayMs) / (hourMs / 2);
  const timestampsMs = Float64Array.from({ length: count + 1 }, (_, i) => nowMs - 2 * dayMs - 1 + (i * hourMs) / 2);
  const values = timestampsMs.map((_, i) => (i <= count / 2 ? 5 + i : i - count / 2));
  const labels = labelsOf({ __name__: 'millrace_cost_amount_total', millrace_model_name: model, millrace_cost_currency: 'USD' });
  return new MemorySource([{ labels, timestampsMs, values }]);
}

async function ask(path: string, others: Record<string, Other>, settings: object = {}, headers: Record<string, string> = {}) {
  running ??= await startAnalytics(others, nowMs, settings);
  return get(running, path, headers);
}

describe('The settings of extension analytics', () => {
  it('name the source; without it, it is the only extension with metrics', async () => {
    const sources = { a: { metrics: grown('a') }, b: { metrics: grown('b') } };
    expect((await ask('/analytics/cost-breakdown', sources, { source: 'b' })).json.breakdown).toEqual({ b: 48 });
    await running!.stop();
    running = undefined;
    expect((await ask('/analytics/cost-breakdown', { a: sources.a, other: {} })).json.breakdown).toEqual({ a: 48 });
  });

  it.each([
    [{}, {}, 'no extension has metrics: add extension history'],
    [{ a: { metrics: grown('a') }, b: { metrics: grown('b') } }, {}, 'several extensions have metrics: name one as source'],
    [{ a: {} }, { source: 'a' }, 'extension a has no metrics'],
  ])('are of no use without one source: %#', async (others, settings, error) => {
    expect(await ask('/analytics/usage', others, settings)).toMatchObject({ status: 503, json: { error } });
  });

  it('count the same from samples as from rollups, resets included', async () => {
    const { json } = await ask('/analytics/trends?period=day&intervals=2', { a: { metrics: grown('a') } });
    expect(json.points.map(({ value }: { value: number }) => value)).toEqual([48, 24]);
  });

  it('take a new series of a known process as grown from zero, and not one of a new process', async () => {
    const counter = (labels: Record<string, string>, values: readonly number[]): SeriesSamples => ({
      labels: labelsOf({ __name__: 'millrace_cost_amount_total', millrace_cost_currency: 'USD', ...labels }),
      timestampsMs: Float64Array.from(values, (_, i) => nowMs - (values.length - i) * hourMs),
      values: Float64Array.from(values),
    });
    const series = [
      counter(
        { job: 'a', millrace_model_name: 'old' },
        Array.from({ length: 50 }, () => 70),
      ),
      counter({ job: 'a', millrace_model_name: 'new' }, [5, 6, 8]),
      counter({ job: 'b', millrace_model_name: 'other' }, [500, 501]),
    ];
    const { json } = await ask('/analytics/cost-breakdown', { a: { metrics: new MemorySource(series) } });
    expect(json.breakdown).toEqual({ new: 8, other: 1, old: 0 });
  });

  it('let the authenticator decide', async () => {
    const guard: Other = {
      authenticate: (headers) => {
        if (headers['authorization'] !== 'Bearer good') throw new Error('not you');
        return {};
      },
    };
    const others = { guard, a: { metrics: grown('a') } };
    const settings = { auth: { authenticator: 'guard' } };
    for (const path of ['/analytics/cost-breakdown', '/observability/metrics', '/openapi.json']) {
      expect((await ask(path, others, settings)).status).toBe(401);
      expect((await ask(path, others, settings, { authorization: 'Bearer good' })).status).toBe(200);
    }
  });

  it('bound what is answered at the same time', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let began = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (began = resolve));
    const slow: MetricSource = {
      // eslint-disable-next-line require-yield
      select: async function* () {
        began();
        await held;
      },
      series: () => Promise.resolve([]),
      metadata: () => Promise.resolve(new Map()),
      exemplars: () => Promise.resolve([]),
    };
    running = await startAnalytics({ slow: { metrics: slow } }, nowMs, { max_concurrency: 1 });
    const first = get(running, '/analytics/latency');
    await waiting;
    expect(await get(running, '/analytics/latency')).toMatchObject({
      status: 503,
      json: { error: 'too many requests are being answered' },
    });
    release();
    expect((await first).status).toBe(200);
  });

  it.each([
    [new PipelineError('history is closed', { kind: 'retryable' }), 503],
    [new TypeError('unexpected'), 500],
  ])('do not hide a failure of the source: %s', async (error, status) => {
    // eslint-disable-next-line require-yield
    const broken = Object.assign(new MemorySource([]), { select: async function* () { await Promise.reject(error); } }); // prettier-ignore
    expect(await ask('/analytics/latency', { broken: { metrics: broken } })).toMatchObject({ status, json: { error: error.message } });
    expect(running!.context.lines.at(-1)).toMatchObject({ level: 'error', message: 'Failed to answer a request' });
  });
});
