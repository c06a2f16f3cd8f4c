import { describe, expect, it } from '@jest/globals';
import { at, load } from './load.ts';

const source = load(`
  requests_total{job="api",code="200"} 0+60x10
  requests_total{job="api",code="500"} 0 1 2 3 4 5 0 1 2 3 4
  requests_total{job="web",code="200"} _ _ _ 5 10 15 20 _ _ 35 40
  load{job="api"} 1 2 3 4 5 6 7 8 9 8 7
  load{job="web"} 3 NaN 3 3 -2 3 3 3 stale 5 -5
  load{job="old"} 1 2 3
  limit{job="api"} 10+0x10
  target_info{job="api",version="v1"} 1+0x10
  target_info{job="web",version="v2"} 1+0x10
  size_bucket{le="1"} 0+2x10
  size_bucket{le="2"} 0+5x10
  size_bucket{le="+Inf"} 0+10x10
`);

describe('An instant query', () => {
  it.each([
    ['load', ['load{job="api"} 7', 'load{job="web"} -5']],
    ['load offset 1m', ['load{job="api"} 8', 'load{job="web"} 5']],
    ['load offset -1m', ['load{job="api"} 7', 'load{job="web"} -5']],
    ['load @ 120', ['load{job="api"} 3', 'load{job="web"} 3', 'load{job="old"} 3']],
    ['load @ end() - load @ start()', ['{job="api"} 0', '{job="web"} 0']],
    ['requests_total{code=~"5..",job!="web"}', ['requests_total{code="500",job="api"} 4']],
    ['load{job="old"} offset 6m', ['load{job="old"} 3']],
    [
      'rate(requests_total[5m])',
      ['{code="200",job="api"} 1', '{code="500",job="api"} 0.013333333333333334', '{code="200",job="web"} 0.08333333333333333'],
    ],
    ['increase(requests_total{job="api"}[5m])', ['{code="200",job="api"} 300', '{code="500",job="api"} 4']],
    ['delta(load[3m])', ['{job="api"} -3', '{job="web"} -15']],
    [
      'irate(requests_total[5m])',
      ['{code="200",job="api"} 1', '{code="500",job="api"} 0.016666666666666666', '{code="200",job="web"} 0.08333333333333333'],
    ],
    ['idelta(load[5m])', ['{job="api"} -1', '{job="web"} -10']],
    ['deriv(load{job="api"}[4m])', ['{job="api"} -0.006666666666666667']],
    ['predict_linear(load{job="api"}[4m], 60)', ['{job="api"} 7']],
    ['resets(requests_total[10m])', ['{code="200",job="api"} 0', '{code="500",job="api"} 1', '{code="200",job="web"} 0']],
    ['changes(load[10m])', ['{job="api"} 9', '{job="web"} 5', '{job="old"} 1']],
    ['sum_over_time(load{job="api"}[3m])', ['{job="api"} 24']],
    ['avg_over_time(load{job="api"}[3m])', ['{job="api"} 8']],
    ['min_over_time(load[10m])', ['{job="api"} 2', '{job="web"} -5', '{job="old"} 2']],
    ['max_over_time(load[10m])', ['{job="api"} 9', '{job="web"} 5', '{job="old"} 3']],
    ['count_over_time(load[10m])', ['{job="api"} 10', '{job="web"} 9', '{job="old"} 2']],
    ['stddev_over_time(load{job="api"}[3m])', ['{job="api"} 0.816496580927726']],
    ['stdvar_over_time(load{job="api"}[3m])', ['{job="api"} 0.6666666666666666']],
    ['quantile_over_time(0.5, load[9m])', ['{job="api"} 7', '{job="web"} 3', '{job="old"} 3']],
    ['last_over_time(load[10m])', ['load{job="api"} 7', 'load{job="web"} -5', 'load{job="old"} 3']],
    ['first_over_time(load[5m])', ['load{job="api"} 7', 'load{job="web"} 3']],
    ['present_over_time(load[10m])', ['{job="api"} 1', '{job="web"} 1', '{job="old"} 1']],
    ['absent_over_time(nothing{a="b"}[5m])', ['{a="b"} 1']],
    ['absent_over_time(load[5m])', []],
    ['max_over_time(rate(requests_total{code="500"}[2m])[6m:2m])', ['{code="500",job="api"} 0.016666666666666666']],
    ['sum(load)', ['{} 2']],
    ['sum by (code) (requests_total)', ['{code="200"} 640', '{code="500"} 4']],
    ['avg without (code) (requests_total)', ['{job="api"} 302', '{job="web"} 40']],
    ['min(load)', ['{} -5']],
    ['max(load)', ['{} 7']],
    ['count(load)', ['{} 2']],
    ['group(load)', ['{} 1']],
    ['stddev(load)', ['{} 6']],
    ['stdvar(load)', ['{} 36']],
    ['quantile(0.5, load)', ['{} 1']],
    ['topk(1, load)', ['load{job="api"} 7']],
    ['bottomk(1, requests_total)', ['requests_total{code="500",job="api"} 4']],
    ['topk by (job) (1, requests_total)', ['requests_total{code="200",job="api"} 600', 'requests_total{code="200",job="web"} 40']],
    ['count_values("v", limit)', ['{v="10"} 1']],
    ['load + 1', ['{job="api"} 8', '{job="web"} -4']],
    ['2 - load', ['{job="api"} -5', '{job="web"} 7']],
    ['load % 3', ['{job="api"} 1', '{job="web"} -2']],
    ['load ^ 2', ['{job="api"} 49', '{job="web"} 25']],
    ['load > 0', ['load{job="api"} 7']],
    ['5 > load', ['load{job="web"} -5']],
    ['load > bool 0', ['{job="api"} 1', '{job="web"} 0']],
    ['load / limit', ['{job="api"} 0.7']],
    ['load / on (job) limit', ['{job="api"} 0.7']],
    [
      'requests_total * on (job) group_left (version) target_info',
      ['{code="200",job="api",version="v1"} 600', '{code="500",job="api",version="v1"} 4', '{code="200",job="web",version="v2"} 40'],
    ],
    ['target_info * on (job) group_right (version) load', ['{job="api",version="v1"} 7', '{job="web",version="v2"} -5']],
    ['load and limit', ['load{job="api"} 7']],
    ['load unless limit', ['load{job="web"} -5']],
    ['load or limit', ['load{job="api"} 7', 'load{job="web"} -5']],
    ['requests_total{code="500"} / ignoring (code) requests_total{code="200"}', ['{job="api"} 0.006666666666666667']],
    ['-load', ['{job="api"} -7', '{job="web"} 5']],
    ['abs(load)', ['{job="api"} 7', '{job="web"} 5']],
    ['sgn(load)', ['{job="api"} 1', '{job="web"} -1']],
    ['clamp(load, -1, 3)', ['{job="api"} 3', '{job="web"} -1']],
    ['clamp_max(load, 0)', ['{job="api"} 0', '{job="web"} -5']],
    ['clamp_min(load, 0)', ['{job="api"} 7', '{job="web"} 0']],
    ['round(load / 3, 0.5)', ['{job="api"} 2.5', '{job="web"} -1.5']],
    ['ceil(load / 3)', ['{job="api"} 3', '{job="web"} -1']],
    ['exp(load{job="old"} or load{job="web"}) * 0', ['{job="web"} 0']],
    ['sqrt(load)', ['{job="api"} 2.6457513110645907', '{job="web"} NaN']],
    ['scalar(limit)', ['10']],
    ['scalar(load)', ['NaN']],
    ['vector(3)', ['{} 3']],
    ['time()', ['600']],
    ['timestamp(load)', ['{job="api"} 600', '{job="web"} 600']],
    ['timestamp(load offset 1m)', ['{job="api"} 540', '{job="web"} 540']],
    ['hour(vector(86400 * 31 + 3600 * 5 + 60 * 7))', ['{} 5']],
    ['minute(vector(86400 * 31 + 3600 * 5 + 60 * 7))', ['{} 7']],
    ['month(vector(86400 * 31))', ['{} 2']],
    ['year(vector(-1))', ['{} 1969']],
    ['day_of_month(vector(86400 * 31))', ['{} 1']],
    ['day_of_week(vector(0))', ['{} 4']],
    ['day_of_year(vector(86400 * 366))', ['{} 2']],
    ['days_in_month(vector(86400 * 800))', ['{} 31']],
    ['year(vector(NaN))', ['{} 292277026596']],
    ['sort(load)', ['load{job="web"} -5', 'load{job="api"} 7']],
    ['sort_desc(load)', ['load{job="api"} 7', 'load{job="web"} -5']],
    ['absent(nothing{job="x",a=~"b"})', ['{job="x"} 1']],
    ['absent(load)', []],
    ['label_replace(load, "team", "$1-team", "job", "(.)..")', ['load{job="api",team="a-team"} 7', 'load{job="web",team="w-team"} -5']],
    ['label_join(limit, "all", "-", "job", "job")', ['limit{all="api-api",job="api"} 10']],
    ['histogram_quantile(0.5, size_bucket)', ['{} 2']],
    ['histogram_quantile(0.95, size_bucket)', ['{} 2']],
    ['histogram_quantile(0.1, rate(size_bucket[5m]))', ['{} 0.5']],
    ['histogram_fraction(0, 1.5, size_bucket)', ['{} 0.35']],
    ['pi()', ['3.141592653589793']],
    ['1 atan2 1', ['0.7853981633974483']],
    ['10 % 4 == bool 2', ['1']],
    ['1 ^ NaN', ['1']],
  ])('%s', async (query, expected) => {
    expect(await at(source, query, 10)).toEqual(expected);
  });
});
