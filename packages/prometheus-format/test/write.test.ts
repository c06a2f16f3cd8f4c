import { ByteSink, createWriter, decodeLabels, encodeLabels, expositionFormat, writeFamilies } from '@millrace/prometheus-format';
import type { Escaping, ExpositionFormat, MetricFamily } from '@millrace/prometheus-format';
import { describe, expect, it } from '@jest/globals';
import { example } from './example.ts';

const write = (
  kind: ExpositionFormat['kind'],
  families: readonly MetricFamily[] = example,
  escaping: Escaping = 'underscores',
  version = '',
): string => writeFamilies(families, expositionFormat(kind, version, escaping)).toString();

describe('Text', () => {
  it('has everything that it has a form for', () => {
    expect(write('text')).toBe(`# HELP http_requests_total Help with "quotes", \\\\ and\\na line.
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a \\"b\\" \\\\ c\\nd"} 1.234567e+06 1700000000123
http_requests_total{code="500"} 0
# HELP latency_seconds 
# TYPE latency_seconds histogram
latency_seconds_bucket{route="/é",le="0.5"} 1
latency_seconds_bucket{route="/é",le="1"} 3
latency_seconds_bucket{route="/é",le="+Inf"} 6
latency_seconds_sum{route="/é"} 10.5
latency_seconds_count{route="/é"} 6
latency_seconds_bucket{le="+Inf"} 0
latency_seconds_sum 0
latency_seconds_count 0
# TYPE native_seconds histogram
native_seconds_bucket{a="b",le="+Inf"} 12 -5
native_seconds_sum{a="b"} -3 -5
native_seconds_count{a="b"} 12 -5
native_seconds_bucket{a="bare",le="+Inf"} 0
native_seconds_sum{a="bare"} 0
native_seconds_count{a="bare"} 0
# TYPE rpc_latency summary
rpc_latency{x="",quantile="0.5"} 1
rpc_latency{x="",quantile="0.99"} NaN
rpc_latency_sum{x=""} 2.5
rpc_latency_count{x=""} 5
rpc_latency_sum{rpc_method="m"} 2.5
rpc_latency_count{rpc_method="m"} 5
# TYPE queue_size histogram
queue_size_bucket{le="2"} 1
queue_size_bucket{le="+Inf"} 3
queue_size_sum 4
queue_size_count 3
# HELP target_info Target metadata
# TYPE target_info gauge
target_info{host_name="h"} 1
# TYPE state gauge
state{state="a"} 1
# TYPE temperature gauge
temperature -Inf
# TYPE odd counter
odd 7
# TYPE whatever untyped
whatever 1e+21
`);
  });

  it('quotes names for those who take them', () => {
    const summary = example.filter(({ name }) => name === 'rpc.latency');
    expect(write('text', summary, 'allow-utf-8', '1.0.0')).toBe(`# TYPE "rpc.latency" summary
{"rpc.latency",x="",quantile="0.5"} 1
{"rpc.latency",x="",quantile="0.99"} NaN
{"rpc.latency_sum",x=""} 2.5
{"rpc.latency_count",x=""} 5
{"rpc.latency_sum","rpc.method"="m"} 2.5
{"rpc.latency_count","rpc.method"="m"} 5
`);
    expect(write('text', [{ name: 'a b', type: 'gauge', samples: [{ labels: [], value: 1 }] }], 'allow-utf-8')).toBe(
      '# TYPE "a b" gauge\n{"a b"} 1\n',
    );
  });

  it('joins labels that are escaped to the same name', () => {
    const sample = {
      labels: [
        ['a.b', 'x'],
        ['a_b', 'y'],
        ['c', ',"'],
      ] as const,
      value: 1,
    };
    expect(write('text', [{ name: 'm', type: 'gauge', samples: [sample] }])).toBe('# TYPE m gauge\nm{a_b="x;y",c=",\\""} 1\n');
  });
});

describe('OpenMetrics', () => {
  it('has everything that it has a form for', () => {
    expect(write('openmetrics')).toBe(`# HELP http_requests Help with \\"quotes\\", \\\\ and\\na line.
# TYPE http_requests counter
# UNIT http_requests requests
http_requests_total{code="200",path="/a \\"b\\" \\\\ c\\nd"} 1.234567e+06 1.700000000123e+09 # {trace_id="abc"} 0.5 1.700000000123e+09
http_requests_total{code="500"} 0.0
# HELP latency_seconds 
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_bucket{route="/é",le="0.5"} 1
latency_seconds_bucket{route="/é",le="1.0"} 3 # {span_id="x"} 0.7
latency_seconds_bucket{route="/é",le="+Inf"} 6 # {span_id="y"} 9.0 5.0
latency_seconds_sum{route="/é"} 10.5
latency_seconds_count{route="/é"} 6
latency_seconds_bucket{le="+Inf"} 0
latency_seconds_sum 0.0
latency_seconds_count 0
# TYPE native_seconds histogram
native_seconds_bucket{a="b",le="+Inf"} 12 -0.005
native_seconds_sum{a="b"} -3.0 -0.005
native_seconds_count{a="b"} 12 -0.005
native_seconds_bucket{a="bare",le="+Inf"} 0
native_seconds_sum{a="bare"} 0.0
native_seconds_count{a="bare"} 0
# TYPE rpc_latency summary
rpc_latency{x="",quantile="0.5"} 1.0
rpc_latency{x="",quantile="0.99"} NaN
rpc_latency_sum{x=""} 2.5
rpc_latency_count{x=""} 5
rpc_latency_sum{rpc_method="m"} 2.5
rpc_latency_count{rpc_method="m"} 5
# TYPE queue_size gaugehistogram
queue_size_bucket{le="2.0"} 1
queue_size_bucket{le="+Inf"} 3
queue_size_gsum 4.0
queue_size_gcount 3
# HELP target Target metadata
# TYPE target info
target_info{host_name="h"} 1.0
# TYPE state stateset
state{state="a"} 1.0
# TYPE temperature gauge
temperature -Inf
# TYPE odd unknown
odd 7.0
# TYPE whatever unknown
whatever 1e+21
# EOF
`);
  });

  it('has created samples for those who want them', () => {
    const text = writeFamilies(example, expositionFormat('openmetrics'), { createdSamples: true }).toString();
    expect(text.split('\n').filter((line) => line.includes('_created'))).toEqual([
      'http_requests_created{code="200",path="/a \\"b\\" \\\\ c\\nd"} 1.6000000000005e+09',
      'latency_seconds_created{route="/é"} 1.6e+09',
      'rpc_latency_created{x=""} 1.6e+09',
    ]);
  });
});

describe('JSON', () => {
  it('has the families in the form of prom2json', () => {
    const families = JSON.parse(write('json', example, 'allow-utf-8')) as { name: string; metrics: object[] }[];
    expect(families.map(({ name }) => name)).toEqual(example.filter(({ samples }) => samples.length > 0).map(({ name }) => name));
    const byName = Object.fromEntries(families.map((family) => [family.name, family]));
    expect(byName['http_requests_total']).toEqual({
      name: 'http_requests_total',
      help: 'Help with "quotes", \\ and\na line.',
      type: 'COUNTER',
      unit: 'requests',
      metrics: [
        {
          labels: { code: '200', path: '/a "b" \\ c\nd' },
          timestamp_ms: '1700000000123',
          created_ms: '1600000000000.5',
          value: '1.234567e+06',
          exemplar: { labels: { trace_id: 'abc' }, value: '0.5', timestamp_ms: '1700000000123' },
        },
        { labels: { code: '500' }, value: '0', exemplar: { labels: {}, value: '1' } },
      ],
    });
    expect(byName['latency_seconds']!.metrics[0]).toMatchObject({
      buckets: { '0.5': '1', '1': '3', '+Inf': '6' },
      count: '6',
      sum: '10.5',
    });
    expect(byName['native_seconds']!.metrics[0]).toMatchObject({
      native: { schema: -2, zero_threshold: '1e-128', zero_count: '2', positive: { spans: [-3, 2, 5, 1], counts: ['1', '4', '2'] } },
      exemplars: [{ labels: { trace_id: 'n' }, value: '2', timestamp_ms: '1500' }],
    });
    expect(byName['rpc.latency']!.metrics).toMatchObject([{ quantiles: { '0.5': '1', '0.99': 'NaN' } }, { labels: { 'rpc.method': 'm' } }]);
  });
});

describe('A writer', () => {
  it('leaves out what does not fit the type of its family', () => {
    const odd: MetricFamily = {
      name: 'h',
      type: 'histogram',
      samples: [
        { labels: [], value: 1 },
        { labels: [], value: { count: 1, sum: 1, quantiles: [], values: [] } },
      ],
    };
    expect(
      write('text', [odd, { ...odd, type: 'summary', samples: [{ labels: [], value: { count: 1, sum: 1, bounds: [], counts: [] } }] }]),
    ).toBe('# TYPE h histogram\n# TYPE h summary\n');
  });

  it.each(['text', 'openmetrics', 'json', 'protobuf'] as const)('hands on what is ready in chunks that come back, in %s', (kind) => {
    const header = { name: 'm_total', type: 'counter', help: 'x' } as const;
    const labels = Array.from({ length: 6_000 }, (_, i) =>
      encodeLabels([
        ['number', `${i}`],
        ['padding', 'p'.repeat(100)],
      ]),
    );
    const times = { timestampMs: Number.NaN, createdMs: Number.NaN };
    const whole = new ByteSink();
    const pieces = new ByteSink();
    const taken: Buffer[] = [];
    for (const sink of [whole, pieces]) {
      const writer = createWriter(expositionFormat(kind), sink);
      for (let family = 0; family < 2; family++) {
        writer.beginFamily(header);
        for (const [i, text] of labels.entries()) {
          writer.number(text, i, times);
          if (sink === pieces && sink.ready >= sink.chunkBytes) {
            for (const chunk of sink.take()) {
              taken.push(Buffer.from(chunk));
              sink.recycle(chunk);
            }
          }
        }
        writer.endFamily();
      }
      writer.end();
    }
    taken.push(...pieces.take());
    expect(Buffer.concat(taken).equals(Buffer.concat(whole.take()))).toBe(true);
    expect(taken.length).toBeGreaterThan(3);
  });

  it('holds a family back in protobuf until its length is known', () => {
    const sink = new ByteSink();
    const writer = createWriter(expositionFormat('protobuf'), sink);
    writer.beginFamily({ name: 'm', type: 'gauge' });
    writer.number('', 1, { timestampMs: Number.NaN, createdMs: Number.NaN });
    expect([sink.ready, sink.take()]).toEqual([0, []]);
    writer.endFamily();
    expect(sink.ready).toBeGreaterThan(0);
  });

  it('takes labels as bytes, too', () => {
    for (const kind of ['text', 'openmetrics', 'json', 'protobuf'] as const) {
      for (const escaping of ['underscores', 'allow-utf-8'] as const) {
        const outputs = [true, false].map((asBytes) => {
          const sink = new ByteSink();
          const writer = createWriter(expositionFormat(kind, '', escaping), sink);
          writer.beginFamily({ name: 'm.x', type: 'gauge' });
          for (const labels of ['', 'a="é"', '"a.b"="x",c="d"']) {
            const bytes = Buffer.from(`--${labels}--`);
            const kept = { buffer: bytes, start: 2, end: bytes.length - 2, hasQuotedNames: labels.startsWith('"') };
            writer.number(asBytes ? kept : labels, 1, { timestampMs: 5, createdMs: Number.NaN });
          }
          writer.endFamily();
          writer.end();
          return Buffer.concat(sink.take()).toString('latin1');
        });
        expect(outputs[0]).toBe(outputs[1]);
      }
    }
  });
});

describe('Encoded labels', () => {
  it('are sorted, escaped, and joined when they have the same name', () => {
    expect(
      encodeLabels([
        ['b', '"\\\n'],
        ['a.b', 'é'],
        ['a', '1'],
        ['a', '2'],
        ['c', ''],
      ]),
    ).toBe('a="1;2","a.b"="é",b="\\"\\\\\\n",c=""');
  });

  it('can be decoded again', () => {
    const labels = [
      ['a', ''],
      ['a"\\.b', '\\"'],
      ['b', '\\'],
      ['c', '","d="'],
    ] as const;
    expect(decodeLabels(encodeLabels(labels))).toEqual(labels);
    expect(decodeLabels('')).toEqual([]);
  });
});
