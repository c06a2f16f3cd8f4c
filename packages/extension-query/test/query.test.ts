import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import type { MetricSource, SeriesSamples } from '@millrace/api';
import { labelsOf, markStale, MemorySource } from '../../promql/test/memory-source.ts';
import { startQuery } from './start-query.ts';
import type { Running } from './start-query.ts';

const nowMs = 1_700_000_600_000;
const startMs = nowMs - 600_000;

function series(labels: Record<string, string>, values: readonly number[]): SeriesSamples {
  const timestampsMs = Float64Array.from(values, (_, i) => startMs + i * 60_000);
  return { labels: labelsOf(labels), timestampsMs, values: Float64Array.from(values) };
}

const requests = series({ __name__: 'requests_total', job: 'api', code: '200' }, [0, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600]);
const errors = series({ __name__: 'requests_total', job: 'api', code: '500' }, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]);
const load = series({ __name__: 'load', job: 'web', instance: 'a' }, [1.5, 2.5]);
const gone = series({ __name__: 'gone' }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
markStale(gone.values, 10);
const latency: SeriesSamples = {
  ...series({ __name__: 'latency' }, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  histograms: Array.from({ length: 11 }, (_, i) => ({
    schema: 0,
    zeroThreshold: 0.001,
    zeroCount: 0,
    count: 4 * i,
    sum: 6 * i,
    positive: { spans: [1, 1], counts: [4 * i] },
    negative: { spans: [], counts: [] },
  })),
};
const source = new MemorySource(
  [gone, latency, load, requests, errors],
  new Map([
    ['requests_total', { type: 'counter', help: 'Requests.', unit: '' }],
    ['load', { type: 'gauge', help: 'Load.', unit: '' }],
  ]),
  [
    {
      labels: requests.labels,
      exemplars: [
        { labels: [['trace_id', 'abc']], value: 0.25, timestampMs: startMs + 1500 },
        { labels: [['trace_id', 'old']], value: 1, timestampMs: startMs - 1 },
      ],
    },
  ],
);

let running: Running | undefined;

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

/** What is in the answers that are looked into. */
interface Answer {
  readonly statusCode: number;
  readonly type: string;
  readonly body: string;
  readonly data: {
    readonly result: readonly {
      readonly value: unknown;
      readonly values: readonly unknown[];
      readonly histogram: readonly [time: number, histogram: unknown];
    }[];
  };
  readonly error: string;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

async function get(
  path: string,
  sources: Record<string, MetricSource | undefined> = { history: source },
  settings: object = {},
): Promise<Answer> {
  running ??= await startQuery(sources, nowMs, settings);
  const response = await fetch(running.url + path);
  const body = await response.text();
  const answer = body.startsWith('{') ? (JSON.parse(body) as Answer) : ({ body } as Answer);
  return { ...answer, statusCode: response.status, type: response.headers.get('content-type')! };
}

/** A source whose series come from elsewhere. */
function selecting(select: MetricSource['select']): MetricSource {
  return Object.assign(new MemorySource([]), { select });
}

const period = `start=${startMs / 1000}&end=${nowMs / 1000}`;

describe('/api/v1/query', () => {
  it('answers with the value at a time, now when none is given', async () => {
    const expected = { metric: { __name__: 'requests_total', job: 'api', code: '200' }, value: [nowMs / 1000, '600'] };
    const answer = await get('/api/v1/query?query=requests_total%7Bcode="200"%7D');
    expect(answer).toMatchObject({ status: 'success', type: 'application/json', data: { resultType: 'vector', result: [expected] } });
    const earlier = await get(`/api/v1/query?query=load&time=2023-11-14T22:14:20Z`);
    expect(earlier.data.result[0]!.value).toEqual([1_700_000_060, '2.5']);
  });

  it('answers scalars, strings, ranges and native histograms', async () => {
    expect((await get('/api/v1/query?query=1%2B1')).data).toEqual({ resultType: 'scalar', result: [nowMs / 1000, '2'] });
    expect((await get('/api/v1/query?query="a"')).data).toEqual({ resultType: 'string', result: [nowMs / 1000, 'a'] });
    const matrix = await get('/api/v1/query?query=load[20m]');
    expect(matrix.data).toMatchObject({ resultType: 'matrix', result: [{ values: [[1_700_000_000, '1.5'], [1_700_000_060, '2.5']] }] }); // prettier-ignore
    const histogram = await get('/api/v1/query?query=latency');
    expect(histogram.data.result[0]!.histogram[1]).toEqual({ count: '40', sum: '60', buckets: [[0, '1', '2', '40']] });
  });

  it('takes a form, whose parameters come before those of the address', async () => {
    running = await startQuery({ history: source }, nowMs);
    const response = await fetch(`${running.url}/api/v1/query?query=2`, { method: 'POST', body: new URLSearchParams({ query: '3' }) });
    expect(await response.json()).toMatchObject({ data: { result: [nowMs / 1000, '3'] } });
  });

  it('adds warnings and infos', async () => {
    const answer = await get('/api/v1/query?query=quantile(2,rate(load[20m]))');
    expect(answer.warnings).toEqual(['PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)']);
    expect(answer.infos[0]).toMatch(/metric might not be a counter.*"load" \(1:17\)/);
  });

  it('gives no more than the limit', async () => {
    const answer = await get('/api/v1/query?query=requests_total&limit=1');
    expect(answer.data.result).toHaveLength(1);
    expect(answer.warnings).toEqual(['results truncated due to limit']);
  });

  it('uses the lookback of the configuration, or of the request', async () => {
    expect((await get('/api/v1/query?query=load', { history: source }, { lookback_delta: '20m' })).data.result).toHaveLength(1);
    expect((await get('/api/v1/query?query=load&lookback_delta=1m')).data.result).toHaveLength(0);
  });

  it.each([
    ['query=sum(', 400, 'bad_data', /^invalid parameter "query": 1:5: parse error: unexpected end of input/],
    [
      'query=1&time=soon',
      400,
      'bad_data',
      /^invalid parameter "time": invalid time value for 'time': cannot parse "soon" to a valid timestamp/,
    ],
    ['query=1&timeout=x', 400, 'bad_data', /^invalid parameter "timeout": cannot parse "x" to a valid duration/],
    ['query=1&limit=x', 400, 'bad_data', /^invalid parameter "limit"/],
    ['query=1&limit=-1', 400, 'bad_data', /limit must be non-negative/],
    ['query=requests_total%2Bon(job)requests_total', 422, 'execution', /^found duplicate series for the match group {job="api"}/],
  ])('refuses %s with %d', async (parameters, status, errorType, error) => {
    const response = await fetch(`${(running = await startQuery({ history: source }, nowMs)).url}/api/v1/query?${parameters}`);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ status: 'error', errorType, error: expect.stringMatching(error) });
  });

  it('refuses what holds too many samples', async () => {
    const answer = await get('/api/v1/query_range?query=requests_total&step=1&' + period, { history: source }, { max_samples: 100 });
    expect(answer).toMatchObject({
      errorType: 'execution',
      error: 'query processing would load too many samples into memory in query execution',
    });
  });

  it('gives up after the timeout', async () => {
    const slow = selecting(async function* ({ signal }) {
      await sleep(60_000, undefined, { signal: signal! });
      yield load;
    });
    const answer = await get('/api/v1/query?query=load', { history: slow }, { timeout: '20ms' });
    expect(answer).toMatchObject({ errorType: 'timeout', error: 'query timed out in expression evaluation' });
  });

  it('stops reading when the client goes away, and then takes the next request', async () => {
    const aborted = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const slow = selecting(async function* ({ signal }) {
      asked.resolve();
      await sleep(60_000, undefined, { signal: signal! }).catch(() => aborted.resolve());
      yield load;
    });
    running = await startQuery({ history: slow }, nowMs, { max_concurrency: 1 });
    const leaving = request(`${running.url}/api/v1/query?query=load`).on('error', () => undefined);
    leaving.end();
    await asked.promise;
    const next = fetch(`${running.url}/api/v1/query?query=1`);
    leaving.destroy();
    await aborted.promise;
    expect((await next).status).toBe(200);
  });

  it('tells the failure of the source', async () => {
    const broken = selecting(() => {
      throw new PipelineError('the disk is gone', { kind: 'retryable' });
    });
    expect(await get('/api/v1/query?query=load', { history: broken })).toMatchObject({
      errorType: 'execution',
      error: expect.stringContaining('the disk is gone'),
    });
  });
});

describe('/api/v1/query_range', () => {
  it('answers with the values at all steps', async () => {
    const answer = await get(`/api/v1/query_range?query=sum(rate(requests_total[2m]))&step=5m&${period}`);
    expect(answer.data).toEqual({ resultType: 'matrix', result: [{ metric: {}, values: [[1_700_000_300, '1'], [1_700_000_600, '1.0166666666666666']] }] }); // prettier-ignore
  });

  it('sends long answers in pieces', async () => {
    const many = Array.from({ length: 60 }, (_, i) =>
      series({ __name__: 'many', i: String(i).padStart(3, '0') }, requests.values as never),
    );
    const answer = await get(`/api/v1/query_range?query=many&step=0.6&${period}`, { history: new MemorySource(many) });
    expect(answer.data.result).toHaveLength(60);
    expect(answer.data.result[59]!.values).toHaveLength(1001);
  });

  it.each([
    [`step=0&${period}`, /^invalid parameter "step": zero or negative query resolution step widths are not accepted/],
    [`step=x&${period}`, /^invalid parameter "step": cannot parse "x" to a valid duration/],
    [`step=1&start=2&end=1`, /^invalid parameter "end": end timestamp must not be before start time/],
    [`step=1&start=&end=1`, /^invalid parameter "start": cannot parse "" to a valid timestamp/],
    [`step=1&start=0&end=11001`, /^exceeded maximum resolution of 11,000 points per timeseries/],
  ])('refuses %s', async (parameters, error) => {
    expect(await get(`/api/v1/query_range?query=load&${parameters}`)).toMatchObject({
      errorType: 'bad_data',
      error: expect.stringMatching(error),
    });
  });
});

describe('The other paths', () => {
  it('tell the exemplars of what a query selects', async () => {
    const answer = await get(`/api/v1/query_exemplars?query=rate(requests_total[1m])%2Bload&${period}`);
    const exemplars = [{ labels: { trace_id: 'abc' }, value: '0.25', timestamp: 1_700_000_001.5 }];
    expect(answer.data).toEqual([{ seriesLabels: { __name__: 'requests_total', job: 'api', code: '200' }, exemplars }]);
    expect(await get('/api/v1/query_exemplars?query=load&start=2&end=1')).toMatchObject({ errorType: 'bad_data' });
  });

  it('tell series, labels and their values', async () => {
    expect((await get('/api/v1/series?match[]=load&match[]=%7Bcode="500"%7D')).data).toEqual([
      Object.fromEntries(load.labels),
      Object.fromEntries(errors.labels),
    ]);
    expect((await get('/api/v1/series')).error).toBe('no match[] parameter provided');
    expect((await get('/api/v1/series?match[]=rate(load[1m])')).error).toMatch(/^invalid parameter "match\[\]"/);
    expect((await get('/api/v1/labels')).data).toEqual(['__name__', 'code', 'instance', 'job']);
    expect((await get('/api/v1/labels?match[]=load&limit=1')).data).toEqual(['__name__']);
    expect((await get('/api/v1/label/__name__/values')).data).toEqual(['gone', 'latency', 'load', 'requests_total']);
    expect((await get('/api/v1/label/job/values?match[]=load')).data).toEqual(['web']);
    expect((await get('/api/v1/label/job/values?end=5')).data).toEqual([]);
    expect((await get('/api/v1/label/U__j_6f_b/values')).data).toEqual(['api', 'web']);
  });

  it('tell metadata', async () => {
    expect((await get('/api/v1/metadata?metric=load')).data).toEqual({ load: [{ type: 'gauge', help: 'Load.', unit: '' }] });
    expect(Object.keys((await get('/api/v1/metadata?limit=1')).data)).toEqual(['requests_total']);
    expect((await get('/api/v1/metadata?limit=x')).error).toBe('limit must be a number');
  });

  it('tell that there are no rules and alerts, and which API this is', async () => {
    expect((await get('/api/v1/rules')).data).toEqual({ groups: [] });
    expect((await get('/api/v1/alerts')).data).toEqual({ alerts: [] });
    expect((await get('/api/v1/status/buildinfo')).data).toMatchObject({
      version: expect.stringMatching(/^3\./),
      revision: 'millrace 9.8.7',
    });
  });

  it('are not found, or not by that method', async () => {
    expect((await get('/api/v1/nothing')).statusCode).toBe(404);
    const response = await fetch(`${running!.url}/api/v1/metadata`, { method: 'POST' });
    expect(response.status).toBe(405);
  });

  it('give federation the newest samples, without staleness markers', async () => {
    const { body, type } = await get('/federate?match[]=%7B__name__=~".%2B"%7D', { history: source }, { lookback_delta: '5m' });
    expect(type).toContain('text/plain');
    expect(body.split('\n')).toEqual([
      '# TYPE requests_total untyped',
      `requests_total{code="200",instance="",job="api"} 600 ${nowMs}`,
      `requests_total{code="500",instance="",job="api"} 5 ${nowMs}`,
      '',
    ]);
  });
});

describe('The source', () => {
  it('is the one that is named', async () => {
    expect(
      (await get('/api/v1/query?query=load&time=1700000000', { a: new MemorySource([]), b: source }, { source: 'b' })).data.result,
    ).toHaveLength(1);
  });

  it('must be clear', async () => {
    expect(await get('/api/v1/query?query=1', { a: undefined })).toMatchObject({
      errorType: 'internal',
      error: 'no extension has metrics: add extension history',
    });
    await running!.stop();
    running = undefined;
    expect((await get('/api/v1/query?query=1', { a: source, b: source })).error).toBe(
      'several extensions have metrics: name one as source',
    );
    await running!.stop();
    running = undefined;
    expect((await get('/api/v1/query?query=1', { a: source }, { source: 'c' })).error).toBe('extension "c" not found');
  });
});
