import { describe, expect, it } from '@jest/globals';
import { Engine } from '@millrace/promql';
import type { ResultSample } from '@millrace/promql';
import { lines, load, minuteMs } from './load.ts';
import { native } from './native.ts';

const histograms = [1, 2, 4, 3, 5, 9, 12, 12, 1, 4].map((count) => native({ counts: [count, count * 2], sum: count * 3 }));
const source = load(
  `
  load{job="api"} 1 2 3 NaN 5 6 stale 8 9 8 7 NaN Inf 3 4 4 4 1 0 0 5
  load{job="web"} 3 _ 3 3 -2 3 _ 3 stale 5 -5 _ _ _ _ _ _ _ 9 10
  done_total{job="api"} 0 5 10 2 _ _ 4 9 1 2 3 1e15 0 1 2 3 1 9 12 13 14
  size_bucket{le="1"} 0+2x20
  size_bucket{le="+Inf"} 0+5x20
  up 1+0x20
`,
  { waits: histograms },
);
const engine = new Engine(source);

const queries = [
  ...(
    'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time max_over_time ' +
    'min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time'
  )
    .split(' ')
    .flatMap((name) =>
      ['load[3m]', 'done_total[5m]', 'waits[4m]', 'load[6m:90s]', 'load[4m] @ 480', 'load[3m] offset 1m'].map(
        (range) => `${name}(${range})`,
      ),
    ),
  'quantile_over_time(0.3, load[5m])',
  'quantile_over_time(scalar(up) / 4, load[5m])',
  'predict_linear(load[4m], 30)',
  'predict_linear(load[4m] @ 480, 30)',
  'load',
  'load offset 3m',
  'waits',
  '-waits',
  'sum(waits)',
  'avg by (job) (load)',
  'stddev(load)',
  'count_values("v", load)',
  'topk(1, load)',
  'topk(100, load)',
  'bottomk(1, load)',
  'load > 3 or done_total',
  'load and on (job) done_total > 2',
  'done_total unless on (job) load > 4',
  'load * on (job) group_left () done_total',
  'load > bool 3',
  'waits / 2',
  'waits * up',
  'scalar(load{job="api"})',
  'time() % 7',
  'vector(time())',
  'timestamp(load)',
  'hour()',
  'clamp(load, scalar(up) - 2, 5)',
  'absent(load{job="web"})',
  'histogram_quantile(0.4, size_bucket)',
  'histogram_quantile(0.4, rate(waits[4m]))',
  'max_over_time(sum(load)[5m:1m])',
  'load @ end() + up',
];

describe('A range query', () => {
  it.each(queries)('%s gives at every step what an instant query gives there', async (query) => {
    const [stepMs, endMs] = [45_000, 24 * minuteMs];
    const { data } = await engine.range(query, 0, endMs, stepMs);
    const byTime = new Map<number, string[]>();
    const add = (timeMs: number, sample: ResultSample): void => {
      byTime.set(timeMs, [...(byTime.get(timeMs) ?? []), ...lines({ type: 'vector', timeMs, samples: [sample] })]);
    };
    for (const { labels, timesMs, values, histogramTimesMs, histograms: found } of data.type === 'matrix' ? data.series : []) {
      values.forEach((value, i) => add(timesMs[i]!, { labels, value: Number(value.toPrecision(12)) }));
      found.forEach((value, i) => add(histogramTimesMs[i]!, { labels, value }));
    }
    for (let timeMs = 0; timeMs <= endMs; timeMs += stepMs) {
      // What depends on the end of the query is asked for at its end.
      const instant = (await engine.instant(query.replace('end()', String(endMs / 1000)), timeMs)).data;
      const samples = instant.type === 'scalar' ? [{ labels: [], value: instant.value }] : instant.type === 'vector' ? instant.samples : [];
      const rounded = samples.map(({ labels, value }) => ({
        labels,
        value: typeof value === 'number' ? Number(value.toPrecision(12)) : value,
      }));
      expect((byTime.get(timeMs) ?? []).toSorted()).toEqual(lines({ type: 'vector', timeMs, samples: rounded }).toSorted());
    }
  });

  it('orders its series by their labels', async () => {
    expect(lines((await engine.range('sort_desc(load)', 0, 0, 1)).data)).toEqual(['load{job="api"} 1@0', 'load{job="web"} 3@0']);
    const { warnings } = await engine.range('sort(load)', 0, 60_000, 60_000);
    expect(warnings).toEqual(['PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)']);
  });

  it('asks for raw samples, or for a coarser resolution where that makes no difference', async () => {
    source.selections.length = 0;
    await engine.range('load', 0, 600_000, 60_000);
    await engine.range('rate(load[10m])', 0, 600_000, 60_000);
    await engine.range('sum_over_time(load[10m])', 0, 600_000, 60_000);
    expect(source.selections).toMatchObject([
      { startMs: -299_999, endMs: 600_000, stepMs: 12_000 },
      { startMs: -599_999, endMs: 600_000, stepMs: 6000 },
      { startMs: -599_999, endMs: 600_000 },
    ]);
    expect(source.selections[2]).not.toHaveProperty('stepMs');
  });

  it.each([
    ['1', 1, 0, 1, 'end timestamp must not be before start time'],
    ['1', 0, 1, 0, 'zero or negative query resolution step widths are not accepted. Try a positive integer'],
    ['1', 0, 11_001, 1, 'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)'],
    ['load[5m]', 0, 1, 1, '1:1: parse error: invalid expression type "range vector" for range query, must be Scalar or instant Vector'],
    ['"a"', 0, 1, 1, '1:1: parse error: invalid expression type "string" for range query, must be Scalar or instant Vector'],
  ])('%s from %d to %d by %d is refused', async (query, startMs, endMs, stepMs, message) => {
    await expect(engine.range(query, startMs, endMs, stepMs)).rejects.toMatchObject({ type: 'bad_data', message });
  });
});
