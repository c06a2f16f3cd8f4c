import { afterEach, describe, expect, it } from '@jest/globals';
import { at, attributes, counter, gauge, metricsOf, run } from './running.ts';
import type { Running } from './running.ts';

let exporter: Running | undefined;

afterEach(() => exporter?.stop());

/** The samples of a fresh exporter after some requests, without the labels of scopes unless they are wanted. */
async function samplesOf(settings: object, ...requests: readonly object[]): Promise<readonly string[]> {
  exporter = await run({ without_scope_info: true, ...settings });
  for (const request of requests) exporter.send(request);
  return (await exporter.scrape()).samples;
}

describe('prometheus, the names of metrics', () => {
  const metrics = [
    counter('http.requests', 5, {}, {}, { unit: '{requests}' }),
    gauge('mem.use', 1, {}, { unit: 'By' }),
    gauge('load', 0.5, {}, { unit: '1' }),
  ];

  it.each([
    [{}, ['http_requests_total 5', 'load_ratio 0.5', 'mem_use_bytes 1']],
    [{ add_metric_suffixes: false }, ['http_requests 5', 'load 0.5', 'mem_use 1']],
    [
      { add_metric_suffixes: false, translation_strategy: 'UnderscoreEscapingWithSuffixes' },
      ['http_requests_total 5', 'load_ratio 0.5', 'mem_use_bytes 1'],
    ],
    [{ translation_strategy: 'UnderscoreEscapingWithoutSuffixes' }, ['http_requests 5', 'load 0.5', 'mem_use 1']],
    [{ namespace: 'my-ns' }, ['my-ns_http_requests_total 5', 'my-ns_load_ratio 0.5', 'my-ns_mem_use_bytes 1']],
  ])('are translated with %j', async (settings, expected) => {
    const samples = await samplesOf(settings, metricsOf(metrics));
    expect(samples.map((sample) => sample.replace('my_ns', 'my-ns'))).toEqual(expected);
  });

  it('keep their characters for a scraper that takes them', async () => {
    exporter = await run({ without_scope_info: true, translation_strategy: 'NoUTF8EscapingWithSuffixes' });
    exporter.send(metricsOf([counter('http.requests', 5, { attributes: attributes({ 'http.method': 'GET', n: 1 }) }, {}, { unit: 's' })]));
    const { samples } = await exporter.scrape({ accept: 'text/plain;version=1.0.0;escaping=allow-utf-8' });
    expect(samples).toEqual(['{"http.requests_seconds_total","http.method"="GET",n="1"} 5']);
    expect((await exporter.scrape()).samples).toEqual(['http_requests_seconds_total{http_method="GET",n="1"} 5']);
    const values = await exporter.scrape({ accept: 'text/plain;escaping=values' });
    expect(values.samples).toEqual(['U__http_2e_requests__seconds__total{U__http_2e_method="GET",n="1"} 5']);
  });

  it('are dropped and counted when nothing is left of them', async () => {
    expect(await samplesOf({}, metricsOf([gauge('...', 1), gauge('ok', 2)]))).toEqual(['ok 2']);
    expect(exporter!.context.items).toMatchObject({ absorbed: 1, dropped: { invalid_name: 1 } });
    expect(exporter!.context.lines.at(-1)).toMatchObject({ level: 'warn', message: 'failed to convert metric' });
  });
});

describe('prometheus, the labels of series', () => {
  it('are the attributes of the point, as text', async () => {
    const values = [
      { key: 'text', value: { stringValue: 'a "b" \\ \n' } },
      { key: 'int', value: { intValue: '-9223372036854775808' } },
      { key: 'double', value: { doubleValue: 1e21 } },
      { key: 'bool', value: { boolValue: false } },
      { key: 'bytes', value: { bytesValue: '/+8=' } },
      { key: 'empty', value: {} },
      {
        key: 'list',
        value: { arrayValue: { values: [{ stringValue: '<x>' }, { intValue: '1' }, { doubleValue: 0.5 }, { bytesValue: 'AQ==' }, {}] } },
      },
      {
        key: 'map',
        value: {
          kvlistValue: {
            values: [
              { key: 'b', value: { boolValue: true } },
              { key: 'a', value: { stringValue: 'é' } },
            ],
          },
        },
      },
    ];
    const metric = { name: 'm', gauge: { dataPoints: [{ attributes: values, asInt: '1' }] } };
    const [sample] = await samplesOf({}, metricsOf([metric]));
    expect(sample).toBe(
      'm{bool="false",bytes="/+8=",double="1e+21",empty="",int="-9223372036854775808",list="[\\"<x>\\",1,0.5,\\"AQ==\\",null]",' +
        'map="{\\"a\\":\\"é\\",\\"b\\":true}",text="a \\"b\\" \\\\ \\n"} 1',
    );
  });

  it('are joined when they come to the same name, in the order of their own names', async () => {
    const samples = await samplesOf(
      {},
      metricsOf([gauge('m', 1, { a_b: 'second', 'a.b': 'first', 'a-b': 'zeroth' })], { 'service.name': 'j' }),
    );
    expect(samples).toEqual(['m{a_b="zeroth;first;second",job="j"} 1']);
  });

  it('keep a job of their own apart from the job of the resource', async () => {
    expect(await samplesOf({}, metricsOf([gauge('m', 1, { job: 'mine' })], { 'service.name': 'theirs' }))).toEqual([
      'm{job="mine;theirs"} 1',
    ]);
  });

  it('never take the names that the format needs', async () => {
    expect(await samplesOf({}, metricsOf([gauge('m', 1, { le: '1', quantile: '2', __name__: 'x', '1st': 'y', __: 'z' })]))).toEqual([
      'm{exported___name__="x",exported_le="1",exported_quantile="2",key_="z",key_1st="y"} 1',
    ]);
  });

  it('name the scope, with its attributes', async () => {
    exporter = await run();
    const scope = {
      name: 'lib',
      version: '1.2',
      attributes: attributes({ team: 'red', name: 'hidden', version: 'hidden', schema_url: 'hidden' }),
    };
    exporter.send({ resourceMetrics: [{ scopeMetrics: [{ scope, schemaUrl: 'https://schema', metrics: [gauge('m', 1)] }] }] });
    expect((await exporter.scrape()).samples).toEqual([
      'm{otel_scope_name="lib",otel_scope_schema_url="https://schema",otel_scope_team="red",otel_scope_version="1.2"} 1',
    ]);
  });

  it('keep series of different scopes apart, unless without_scope_info', async () => {
    const request = (name: string, value: number): object => metricsOf([gauge('m', value)], {}, { name });
    exporter = await run();
    exporter.send(request('a', 1));
    exporter.send(request('b', 2));
    expect((await exporter.scrape()).samples).toHaveLength(2);
    await exporter.stop();
    expect(await samplesOf({}, request('a', 1), request('b', 2))).toEqual(['m 2']);
  });

  it('have the constant ones', async () => {
    const samples = await samplesOf(
      { const_labels: { region: 'eu', 'another label': 'spaced value' } },
      metricsOf([gauge('m', 1, { a: 'b' })]),
    );
    expect(samples).toEqual(['m{a="b",another_label="spaced value",region="eu"} 1']);
  });

  it('are the same in whatever order attributes come', async () => {
    const samples = await samplesOf({}, metricsOf([gauge('m', 1, { a: 'x', b: 'y' })]), metricsOf([gauge('m', 2, { b: 'y', a: 'x' })]));
    expect(samples).toEqual(['m{a="x",b="y"} 2']);
  });

  it('may be many and long', async () => {
    const long = 'é'.repeat(2_000_000);
    const samples = await samplesOf({}, metricsOf([gauge('m', 1, { long }), gauge('m', 2, { long: 'short' })]));
    expect(samples).toEqual([`m{long="${long}"} 1`, 'm{long="short"} 2']);
  });
});

describe('prometheus, series that are exposed alike', () => {
  it('of two resources are one series, and never fail the scrape', async () => {
    const samples = await samplesOf({}, metricsOf([gauge('m', 1)], { 'host.name': 'a' }), metricsOf([gauge('m', 2)], { 'host.name': 'b' }));
    expect(samples).toEqual(['m 2']);
    exporter!.send(metricsOf([gauge('m', 3)], { 'host.name': 'a' }));
    expect((await exporter!.scrape()).samples).toEqual(['m 3']);
  });

  it('of two metrics are one series', async () => {
    expect(await samplesOf({}, metricsOf([gauge('a.b', 1), gauge('a_b', 2)]))).toEqual(['a_b 2']);
  });

  it('but of another type are dropped and counted: the first type stays', async () => {
    expect(await samplesOf({ add_metric_suffixes: false }, metricsOf([counter('m', 1), gauge('m', 2), gauge('m', 3)]))).toEqual(['m 1']);
    expect(exporter!.context.items).toMatchObject({ absorbed: 1, dropped: { type_conflict: 2 } });
    const said = exporter!.context.lines.filter(({ level }) => level === 'warn');
    expect(said).toEqual([
      {
        level: 'warn',
        message: 'instrument type conflict, using existing type definition',
        attributes: { about: 'instrument: m, existing: COUNTER, dropped: GAUGE' },
      },
    ]);
  });

  it('keep the first help', async () => {
    exporter = await run({ without_scope_info: true });
    exporter.send(metricsOf([gauge('m', 1, { a: '1' }, { description: 'First.' }), gauge('m', 2, { a: '2' }, { description: 'Second.' })]));
    expect((await exporter.scrape()).text).toBe('# HELP m First.\n# TYPE m gauge\nm{a="1"} 1\nm{a="2"} 2\n');
    expect(exporter.context.lines.at(-1)).toMatchObject({
      message: 'Instrument description conflict, using existing',
      attributes: { about: 'm' },
    });
  });

  it('do not take the names of the samples of a histogram, of a summary or of target_info', async () => {
    const histogram = (name: string): object => ({
      name,
      histogram: { aggregationTemporality: 2, dataPoints: [{ count: '1', sum: 1, explicitBounds: [], bucketCounts: ['1'] }] },
    });
    const summary = { name: 's', summary: { dataPoints: [{ count: '1', sum: 1 }] } };
    const samples = await samplesOf(
      {},
      metricsOf([
        histogram('h'),
        gauge('h_count', 7),
        gauge('g_sum', 8),
        histogram('g'),
        summary,
        gauge('s_count', 9),
        gauge('s_bucket', 1),
        gauge('target_info', 1),
      ]),
    );
    expect(samples).toEqual(['g_sum 8', 'h_bucket{le="+Inf"} 1', 'h_sum 1', 'h_count 1', 's_sum 1', 's_count 1', 's_bucket 1']);
    expect(exporter!.context.items.dropped).toEqual({ type_conflict: 4 });
  });
});

describe('prometheus, the values of numbers', () => {
  it('are written as Prometheus writes them', async () => {
    const values = [0, -0, 1e6, 123_456_789, 1.5e-7, 1e300, 0.1, Number.MAX_SAFE_INTEGER];
    const request = metricsOf(values.map((value, i) => gauge(`m${i}`, value)));
    expect(await samplesOf({}, request)).toEqual([
      'm0 0',
      'm1 0',
      'm2 1e+06',
      'm3 1.23456789e+08',
      'm4 1.5e-07',
      'm5 1e+300',
      'm6 0.1',
      'm7 9.007199254740991e+15',
    ]);
  });

  it('may be infinite or no number', async () => {
    const metric = (name: string, asDouble: string): object => ({ name, gauge: { dataPoints: [{ asDouble }] } });
    expect(await samplesOf({}, metricsOf([metric('a', 'NaN'), metric('b', 'Infinity'), metric('c', '-Infinity')]))).toEqual([
      'a NaN',
      'b +Inf',
      'c -Inf',
    ]);
  });

  it('of sums that go up and down are gauges', async () => {
    exporter = await run({ without_scope_info: true });
    exporter.send(metricsOf([counter('m', -3, {}, { isMonotonic: false }, { unit: '1' })]));
    expect((await exporter.scrape()).text).toBe('# HELP m \n# TYPE m gauge\nm -3\n');
  });

  it('of untyped metrics are untyped again', async () => {
    exporter = await run({ without_scope_info: true });
    exporter.send(metricsOf([gauge('m', 1, {}, { metadata: attributes({ 'prometheus.type': 'unknown' }) })]));
    expect((await exporter.scrape()).text).toBe('# HELP m \n# TYPE m untyped\nm 1\n');
  });

  it('are the latest: older points are dropped and counted', async () => {
    const point = (seconds: number, asInt: string): object => ({
      name: 'm',
      gauge: { dataPoints: [{ timeUnixNano: at(seconds), asInt }] },
    });
    expect(await samplesOf({}, metricsOf([point(5, '1')]), metricsOf([point(4, '2')]))).toEqual(['m 1']);
    expect(exporter!.context.items.dropped).toEqual({ older_than_the_last_value: 1 });
    exporter!.send(metricsOf([point(5, '3')]));
    expect((await exporter!.scrape()).samples).toEqual(['m 3']);
  });

  it('have their own times with send_timestamps', async () => {
    expect(await samplesOf({ send_timestamps: true }, metricsOf([gauge('m', 1)]))).toEqual(['m 1 1790000001000']);
  });

  it('go with a point that has no recorded value', async () => {
    const gone = {
      name: 'm',
      gauge: {
        dataPoints: [
          { attributes: attributes({ a: '1' }), flags: 1 },
          { attributes: attributes({ a: '3' }), flags: 1 },
        ],
      },
    };
    expect(await samplesOf({}, metricsOf([gauge('m', 1, { a: '1' }), gauge('m', 2, { a: '2' })]), metricsOf([gone]))).toEqual([
      'm{a="2"} 2',
    ]);
    expect(exporter!.context.items).toMatchObject({ absorbed: 4, dropped: {} });
  });
});

describe('prometheus, sums of differences', () => {
  const point = (from: number, to: number, asInt: number): object => ({
    name: 'm',
    sum: {
      aggregationTemporality: 1,
      isMonotonic: true,
      dataPoints: [{ startTimeUnixNano: at(from), timeUnixNano: at(to), asInt: String(asInt) }],
    },
  });

  it('are added up as long as each begins where the one before ended', async () => {
    expect(await samplesOf({}, metricsOf([point(0, 1, 5)]), metricsOf([point(1, 2, 3)]), metricsOf([point(2, 3, 1)]))).toEqual([
      'm_total 9',
    ]);
    const { text } = await exporter!.scrape({ accept: 'application/json' });
    expect(JSON.parse(text)).toMatchObject([{ metrics: [{ created_ms: '1790000000000', value: '9' }] }]);
  });

  it('begin anew after a gap', async () => {
    expect(await samplesOf({}, metricsOf([point(0, 1, 5)]), metricsOf([point(2, 3, 3)]))).toEqual(['m_total 3']);
  });

  it('are dropped and counted when they can go down, or say nothing about themselves', async () => {
    const odd = (temporality: number, isMonotonic: boolean): object =>
      counter('m', 1, {}, { aggregationTemporality: temporality, isMonotonic });
    expect(await samplesOf({}, metricsOf([odd(1, false), odd(0, true), { name: 'nothing' }]))).toEqual([]);
    expect(exporter!.context.items).toMatchObject({ absorbed: 0, dropped: { non_monotonic_delta: 1, unspecified_temporality: 1 } });
  });
});
