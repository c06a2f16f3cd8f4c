import type { MetricFamily } from '@millrace/prometheus-format';

/** Something of everything. */
export const example: readonly MetricFamily[] = [
  {
    name: 'http_requests_total',
    type: 'counter',
    help: 'Help with "quotes", \\ and\na line.',
    unit: 'requests',
    samples: [
      {
        labels: [
          ['path', '/a "b" \\ c\nd'],
          ['code', '200'],
        ],
        value: 1_234_567,
        exemplar: { labels: [['trace_id', 'abc']], value: 0.5, timestampMs: 1_700_000_000_123 },
        timestampMs: 1_700_000_000_123,
        createdMs: 1_600_000_000_000.5,
      },
      { labels: [['code', '500']], value: 0, exemplar: { labels: [], value: 1 } },
    ],
  },
  {
    name: 'latency_seconds',
    type: 'histogram',
    help: '',
    unit: 'seconds',
    samples: [
      {
        labels: [['route', '/é']],
        createdMs: 1_600_000_000_000,
        value: {
          count: 6,
          sum: 10.5,
          bounds: [0.5, 1],
          counts: [1, 3],
          exemplars: [undefined, { labels: [['span_id', 'x']], value: 0.7 }, { labels: [['span_id', 'y']], value: 9, timestampMs: 5_000 }],
        },
      },
      { labels: [], value: { count: 0, sum: 0, bounds: [], counts: [] } },
    ],
  },
  {
    name: 'native_seconds',
    type: 'histogram',
    samples: [
      {
        labels: [['a', 'b']],
        timestampMs: -5,
        value: {
          count: 12,
          sum: -3,
          bounds: [],
          counts: [],
          native: {
            schema: -2,
            zeroThreshold: 1e-128,
            zeroCount: 2,
            positive: { spans: [-3, 2, 5, 1], counts: [1, 4, 2] },
            negative: { spans: [7, 1], counts: [3] },
            exemplars: [{ labels: [['trace_id', 'n']], value: 2, timestampMs: 1_500 }],
          },
        },
      },
      {
        labels: [['a', 'bare']],
        value: {
          count: 0,
          sum: 0,
          bounds: [],
          counts: [],
          native: { schema: 0, zeroThreshold: 0, zeroCount: 0, positive: { spans: [], counts: [] }, negative: { spans: [], counts: [] } },
        },
      },
    ],
  },
  {
    name: 'rpc.latency',
    type: 'summary',
    samples: [
      { labels: [['x', '']], value: { count: 5, sum: 2.5, quantiles: [0.5, 0.99], values: [1, Number.NaN] }, createdMs: 1_600_000_000_000 },
      { labels: [['rpc.method', 'm']], value: { count: 5, sum: 2.5, quantiles: [], values: [] } },
    ],
  },
  { name: 'queue_size', type: 'gaugehistogram', samples: [{ labels: [], value: { count: 3, sum: 4, bounds: [2], counts: [1] } }] },
  { name: 'target_info', type: 'info', help: 'Target metadata', samples: [{ labels: [['host_name', 'h']], value: 1 }] },
  { name: 'state', type: 'stateset', samples: [{ labels: [['state', 'a']], value: 1 }] },
  { name: 'temperature', type: 'gauge', unit: 'celsius', samples: [{ labels: [], value: -Infinity }] },
  { name: 'odd', type: 'counter', samples: [{ labels: [], value: 7 }] },
  { name: 'whatever', type: 'unknown', samples: [{ labels: [], value: 1e21 }] },
  { name: 'nothing', type: 'gauge', samples: [] },
];
