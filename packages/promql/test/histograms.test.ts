import { describe, expect, it } from '@jest/globals';
import { Engine, queryJson } from '@millrace/promql';
import { at, load, minuteMs } from './load.ts';
import { native } from './native.ts';

const source = load('number 1 2 3 4', {
  plain: [1, 2, 3, 4].map((n) => native({ counts: [n, 0, n], zeroCount: n, sum: 5 * n })),
  fine: [1, 2, 3, 4].map((n) => native({ schema: 1, counts: [n, n], sum: 3 * n })),
  signed: [1, 2, 3, 4].map((n) => native({ counts: [n, n], negative: [n, n], zeroCount: n, sum: 1 })),
  below: [1, 2, 3, 4].map((n) => native({ negative: [n, n], zeroCount: n, sum: -5 * n })),
  wide: [1, 2, 3, 4].map((n) => native({ counts: [n, n], zeroCount: n, zeroThreshold: 1.5, sum: 1 })),
  custom: [1, 2, 3, 4].map((n) => native({ bounds: [1, 2, 5], counts: [n, n, n, n], sum: 9 * n })),
  other: [1, 2, 3, 4].map((n) => native({ bounds: [2, 3, 5], counts: [n, 0, n, n], sum: 7 * n })),
  negatives: [1].map((n) => native({ bounds: [-2, 0], counts: [n, n], sum: -3 })),
  gauge: [4, 2, 3, 1].map((n) => native({ counts: [n], sum: n, gauge: true })),
  fallen: [5, 6, 1, 2].map((n) => native({ counts: [n], sum: n })),
  spoiled: [native({ counts: [4, 4], count: 10, sum: Number.NaN })],
  empty: [native({})],
});

const warning = async (query: string, minutes = 3): Promise<readonly string[]> => {
  const { warnings, infos } = await new Engine(source).instant(query, minutes * minuteMs);
  return [...warnings, ...infos];
};

describe('A native histogram', () => {
  it.each([
    ['plain', ['plain count:12 sum:20']],
    ['histogram_count(plain)', ['{} 12']],
    ['histogram_sum(plain)', ['{} 20']],
    ['histogram_avg(plain)', ['{} 1.6666666666666667']],
    ['histogram_stdvar(custom)', ['{} Infinity']],
    ['histogram_quantile(0.5, plain)', ['{} 1.4142135623730951']],
    ['histogram_quantile(0.2, plain)', ['{} 0.0006000000000000001']],
    ['histogram_quantile(0.2, below)', ['{} -2.6390158215457884']],
    ['histogram_quantile(0.9, below)', ['{} -0.0002999999999999999']],
    ['histogram_quantile(0.1, signed)', ['{} -2.8284271247461903']],
    ['histogram_quantile(0.5, signed)', ['{} 0']],
    ['histogram_quantile(0.5, custom)', ['{} 2']],
    ['histogram_quantile(0.1, custom)', ['{} 0.4']],
    ['histogram_quantile(1, custom)', ['{} 5']],
    ['histogram_quantile(0.1, negatives)', ['{} -2']],
    ['histogram_quantile(0.5, empty)', ['{} NaN']],
    ['histogram_quantile(0.5, spoiled)', ['{} 2.378414230005442']],
    ['histogram_quantile(0.9, spoiled)', ['{} NaN']],
    ['histogram_quantile(-1, plain)', ['{} -Infinity']],
    ['histogram_quantile(2, plain)', ['{} Infinity']],
    ['histogram_quantile(NaN, plain)', ['{} NaN']],
    ['histogram_fraction(1, 2, plain)', ['{} 0.3333333333333333']],
    ['histogram_fraction(-Inf, Inf, signed)', ['{} 1']],
    ['histogram_fraction(-2, 0, signed)', ['{} 0.3']],
    ['histogram_fraction(0, 2, custom)', ['{} 0.5']],
    ['histogram_fraction(3, 2, custom)', ['{} 0']],
    ['histogram_fraction(0, NaN, custom)', ['{} NaN']],
    ['histogram_fraction(0, 9, spoiled)', ['{} 0.8']],
    ['histogram_count(rate(plain[3m]))', ['{} 0.05']],
    ['increase(fallen[3m])', ['{} count:3 sum:3']],
    ['irate(fallen[3m])', ['{} count:0.016666666666666666 sum:0.016666666666666666']],
    ['idelta(gauge[2m])', ['{} count:-2 sum:-2']],
    ['delta(gauge[2m])', ['{} count:-4 sum:-4']],
    ['resets(fallen[10m])', ['{} 1']],
    ['changes(fallen[10m])', ['{} 3']],
    ['sum_over_time(plain[2m])', ['{} count:21 sum:35']],
    ['avg_over_time(plain[2m])', ['{} count:10.5 sum:17.5']],
    ['last_over_time(plain[2m])', ['plain count:12 sum:20']],
    ['first_over_time(plain[2m])', ['plain count:9 sum:15']],
    ['plain + ignoring (x) fine', ['{} count:20 sum:32']],
    ['plain - ignoring (x) fine', ['{} count:4 sum:8']],
    ['plain + on () wide', ['{} count:24 sum:21']],
    ['histogram_fraction(0, 2, plain + on () wide)', ['{} 0.6666666666666666']],
    ['plain * 2', ['{} count:24 sum:40']],
    ['2 * plain', ['{} count:24 sum:40']],
    ['plain / 0', ['{} count:Infinity sum:Infinity']],
    ['plain </ 2', ['plain count:8 sum:5.65885424949238']],
    ['plain >/ 2', ['plain count:4 sum:22.627416997969522']],
    ['plain </ 100', ['plain count:12 sum:20']],
    ['custom </ 2', ['custom count:8 sum:8']],
    ['custom >/ 2', ['custom count:8 sum:34']],
    ['number </ 1', []],
    ['-plain', ['{} count:-12 sum:-20']],
    ['plain == plain', ['plain count:12 sum:20']],
    ['plain != plain', []],
    ['plain == bool plain', ['{} 1']],
    ['sum({__name__=~"plain|fine|signed"})', ['{} count:40 sum:33']],
    ['avg({__name__=~"plain|fine"})', ['{} count:10 sum:16']],
    ['sum({__name__=~"custom|other"})', ['{} count:28 sum:64']],
    ['histogram_quantile(0.5, sum({__name__=~"custom|other"}))', ['{} 2.75']],
    ['count({__name__=~"plain|number"})', ['{} 2']],
    ['abs(plain)', []],
    ['plain + 1', []],
    ['max(plain)', []],
    ['topk(1, {__name__=~"plain|number"})', ['number 4']],
    ['sort({__name__=~"plain|number"})', ['number 4']],
    ['scalar({__name__=~"plain|number"})', ['4']],
    ['count_values("v", custom)', ['{v="{count:16, sum:36, [-Inf,1]:4, (1,2]:4, (2,5]:4, (5,+Inf]:4}"} 1']],
    ['count_values("v", signed)', ['{v="{count:20, sum:1, [-4,-2):4, [-2,-1):4, [-0.001,0.001]:4, (1,2]:4, (2,4]:4}"} 1']],
  ])('%s', async (query, expected) => {
    expect(await at(source, query, 3)).toEqual(expected);
  });

  it.each([
    ['histogram_quantile(2, plain)', ['PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)']],
    ['histogram_quantile(0.9, spoiled)', ['PromQL info: input to histogram_quantile has NaN observations, result is NaN (1:25)']],
    ['histogram_quantile(0.1, spoiled)', ['PromQL info: input to histogram_quantile has NaN observations, result is skewed higher (1:25)']],
    [
      'histogram_fraction(0, 1, spoiled)',
      ['PromQL info: input to histogram_fraction has NaN observations, which are excluded from all fractions (1:26)'],
    ],
    ['rate(gauge[3m])', ['PromQL warning: this native histogram metric is not a counter: "gauge" (1:6)']],
    ['delta(plain[3m])', ['PromQL warning: this native histogram metric is not a gauge: "plain" (1:7)']],
    ['irate(gauge[3m])', ['PromQL warning: this native histogram metric is not a counter: "gauge" (1:7)']],
    ['idelta(plain[3m])', ['PromQL warning: this native histogram metric is not a gauge: "plain" (1:8)']],
    ['custom + ignoring (x) other', ['PromQL info: mismatched custom buckets were reconciled during addition (1:1)']],
    ['plain + ignoring (x) custom', ['PromQL warning: incompatible bucket layout encountered for binary operator + (1:1)']],
    ['plain > 1', ['PromQL info: incompatible sample types encountered for binary operator ">": histogram > float (1:1)']],
    ['max(plain)', ['PromQL info: ignored histogram in max aggregation (1:5)']],
    ['sum({__name__=~"plain|number"})', ['PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)']],
    [
      'sum({__name__=~"plain|custom"})',
      ['PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "custom" (1:5)'],
    ],
    ['sum({__name__=~"custom|other"})', ['PromQL info: mismatched custom buckets were reconciled during aggregation (1:5)']],
    ['quantile(0.5, {__name__=~"plain|number"})', ['PromQL info: ignored histogram in quantile aggregation (1:15)']],
  ])('%s tells %s', async (query, expected) => {
    expect(await warning(query)).toEqual(expected);
  });

  it('has its buckets in JSON with the bounds that they include', async () => {
    const json = async (query: string): Promise<unknown> => {
      const { data } = await new Engine(source).instant(query, 3 * minuteMs);
      return (JSON.parse([...queryJson(data)].join('')) as { result: { histogram: [number, unknown] }[] }).result[0]!.histogram[1];
    };
    expect(await json('signed')).toEqual({
      count: '20',
      sum: '1',
      buckets: [
        [1, '-4', '-2', '4'],
        [1, '-2', '-1', '4'],
        [3, '-0.001', '0.001', '4'],
        [0, '1', '2', '4'],
        [0, '2', '4', '4'],
      ],
    });
    expect(await json('negatives')).toEqual({
      count: '2',
      sum: '-3',
      buckets: [
        [3, '-Inf', '-2', '1'],
        [0, '-2', '0', '1'],
      ],
    });
    expect(await json('empty')).toEqual({ count: '0', sum: '0' });
  });
});

describe('A classic histogram', () => {
  const classic = load(`
    good_bucket{le="1"} 2
    good_bucket{le="1.0"} 2
    good_bucket{le="2"} 8
    good_bucket{le="+Inf"} 10
    falling_bucket{le="1"} 5
    falling_bucket{le="2"} 3
    falling_bucket{le="+Inf"} 10
    endless_bucket{le="1"} 5
    endless_bucket{le="2"} 6
    below_bucket{le="-1"} 5
    below_bucket{le="+Inf"} 6
    single_bucket{le="+Inf"} 6
    zero_bucket{le="1"} 0
    zero_bucket{le="+Inf"} 0
    odd_bucket{le="wide"} 5
  `);

  it.each([
    ['histogram_quantile(0.5, good_bucket)', ['{} 1.25']],
    ['histogram_quantile(0.99, good_bucket)', ['{} 2']],
    ['histogram_quantile(0.5, falling_bucket)', ['{} 1']],
    ['histogram_quantile(0.5, endless_bucket)', ['{} NaN']],
    ['histogram_quantile(0.5, below_bucket)', ['{} -1']],
    ['histogram_quantile(0.5, single_bucket)', ['{} NaN']],
    ['histogram_quantile(0.5, zero_bucket)', ['{} NaN']],
    ['histogram_quantile(NaN, good_bucket)', ['{} NaN']],
    ['histogram_quantile(-1, good_bucket)', ['{} -Infinity']],
    ['histogram_quantile(9, good_bucket)', ['{} Infinity']],
    ['histogram_quantile(0.5, odd_bucket)', []],
    ['histogram_fraction(0.5, 1.5, good_bucket)', ['{} 0.4']],
    ['histogram_fraction(-Inf, -1, below_bucket)', ['{} 0.8333333333333334']],
    ['histogram_fraction(-Inf, -2, below_bucket)', ['{} 0.8333333333333334']],
    ['histogram_fraction(1, 1, good_bucket)', ['{} 0']],
    ['histogram_fraction(0, 1, zero_bucket)', ['{} NaN']],
  ])('%s', async (query, expected) => {
    expect(await at(classic, query, 0)).toEqual(expected);
  });

  it('whose counts fall, or that has no bound, is told', async () => {
    const { infos } = await new Engine(classic).instant('histogram_quantile(0.5, falling_bucket)', 0);
    expect(infos[0]).toMatch(
      /needed to be fixed for monotonicity.*, from buckets 2 to 2, with a max diff of 2, over 1 samples from 1970-01-01T00:00:00Z to .* \(1:25\)$/,
    );
    const { warnings } = await new Engine(classic).instant('histogram_quantile(0.5, odd_bucket)', 0);
    expect(warnings).toEqual(['PromQL warning: bucket label "le" is missing or has a malformed value of "wide" (1:25)']);
  });
});
