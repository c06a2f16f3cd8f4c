/** OTLP/JSON requests that touch every rule of the conversion to Datadog; timed relative to a start in milliseconds. */
export function datadogInput(startMs: number): { readonly traces: object; readonly metrics: readonly object[]; readonly logs: object } {
  const nano = (ms: number): string => String(BigInt(startMs + ms) * 1_000_000n);
  return { traces: traces(nano), metrics: metrics(nano), logs: logs(nano) };
}

type Nano = (ms: number) => string;
type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

function anyValue(value: Value): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: attributes(value as Record<string, Value>) } };
}

function attributes(values: Readonly<Record<string, Value>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

const resources = {
  shop: {
    'service.name': 'Shop Front',
    'service.version': '1.4.2',
    'deployment.environment.name': 'Prod EU',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': '2.1.0',
    'host.name': 'web-1',
    'container.id': 'c0ffee',
    'k8s.pod.name': 'shop-7d9f',
    'k8s.namespace.name': 'shop',
    'datadog.container.tag.team': 'checkout',
    'process.executable.name': 'node',
    'os.type': 'linux',
    nested: { a: [1, 'x', true], b: 'y<z' },
  },
  orders: { 'service.name': 'orders', 'cloud.provider': 'aws', 'host.id': 'i-0abc', 'deployment.environment': 'staging' },
  nameless: { custom: 7 },
} as const;

const traceA = '0123456789abcdef00000000000000a1';
const traceB = '0123456789abcdef00000000000000b2';
const id = (n: number): string => n.toString(16).padStart(16, '0');

function traces(nano: Nano): object {
  const span = (n: number, parent: number, name: string, kind: number, values: Record<string, Value>, more: object = {}): object => ({
    traceId: traceA,
    spanId: id(n),
    parentSpanId: parent === 0 ? '' : id(parent),
    name,
    kind,
    startTimeUnixNano: nano(n),
    endTimeUnixNano: nano(n + 100 + n * 7),
    attributes: attributes(values),
    ...more,
  });
  const shop = [
    span(1, 0, 'GET /cart', 2, {
      'http.request.method': 'GET',
      'http.route': '/cart/{id}',
      'http.response.status_code': 200,
      'url.full': 'https://user:secret@shop.example/cart/7?x=1',
      'user_agent.original': 'Mozilla/5.0',
      'client.address': '10.1.2.3',
      'http.request.header.accept': ['text/html', '*/*'],
      weight: 0.25,
      flagged: true,
    }),
    span(2, 1, 'select', 3, {
      'db.system': 'postgresql',
      'db.statement': "SELECT a, b AS c FROM users u WHERE id = 42 AND name IN ('x', 'y', 'z') -- find\n AND t > -1.5 LIMIT 10",
      'server.address': '10.9.8.7',
      'db.namespace': 'main',
    }),
    span(3, 1, 'redis', 3, { 'db.system': 'redis', 'db.statement': 'SET key value\nGET  key\nCONFIG SET x 1\nDEL k' }),
    span(
      4,
      1,
      'POST',
      3,
      { 'http.method': 'POST', 'http.status_code': 503, 'peer.service': 'Pay Gate!', 'net.peer.name': 'ip-10-1-2-3.ec2.internal' },
      {
        status: { code: 2 },
        events: [
          { timeUnixNano: nano(5), name: 'exception', attributes: attributes({ 'exception.type': 'Timeout', tries: 3, ok: false }) },
          { timeUnixNano: nano(6), name: 'retry <now>', droppedAttributesCount: 2 },
        ],
      },
    ),
    span(5, 1, 'publish', 4, { 'messaging.system': 'kafka', 'messaging.operation': 'publish', 'messaging.destination.name': 'orders.new' }),
    span(
      6,
      1,
      'grpc',
      3,
      { 'rpc.system': 'grpc', 'rpc.method': 'Charge', 'rpc.service': 'pay.Gate', 'rpc.grpc.status_code': 14 },
      {
        status: { code: 2, message: 'unavailable' },
        links: [{ traceId: traceB, spanId: id(77), traceState: 'a=b', attributes: attributes({ why: 'retry' }) }],
        traceState: 'dd=s:1',
      },
    ),
    span(7, 1, 'compute', 1, { 'operation.name': 'Heavy-Work 9', 'resource.name': 'matrix', 'span.type': 'worker', '_dd.measured': '1' }),
    span(8, 1, 'gql', 2, { 'graphql.operation.type': 'query', 'graphql.operation.name': 'Cart' }),
    span(9, 1, 'aws', 3, { 'rpc.system': 'aws-api', 'rpc.service': 'S3', 'rpc.method': 'PutObject' }),
    span(10, 1, 'fn', 3, { 'faas.invoked_provider': 'aws', 'faas.invoked_name': 'resize' }),
    span(11, 1, 'timer', 2, { 'faas.trigger': 'timer' }),
    span(12, 1, 'proto', 3, { 'network.protocol.name': 'amqp' }),
    span(13, 1, 'consume', 5, {}),
    span(14, 1, 'kindless', 0, { 'analytics.event': 'true' }),
    span(15, 1, 'mongo', 3, { 'db.system': 'mongodb', 'db.query.text': '{"find":"x"}' }),
    span(16, 1, 'other', 2, { 'http.request.method': '_OTHER', 'http.response.status_code': 99 }),
  ];
  const orders = [
    span(20, 1, 'store', 2, { 'http.request.method': 'PUT' }),
    span(21, 20, 'insert', 3, { 'db.system': 'mysql', 'db.query.text': 'INSERT INTO t (a, b) VALUES (1, "two"), (3, NULL)' }),
    span(22, 20, 'broken sql', 3, { 'db.system': 'mysql', 'db.query.text': "SELECT 'open" }),
    { ...span(23, 0, 'other trace', 2, { 'sampling.priority': 2, 'service.name': 'Overridden' }), traceId: traceB },
  ];
  const nameless = [{ ...span(30, 29, 'lost', 1, {}), traceId: '0123456789abcdef00000000000000c3' }];
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes(resources.shop) },
        scopeSpans: [{ scope: { name: 'http-lib', version: '0.9', attributes: attributes({ lib: 'yes' }) }, spans: shop }],
      },
      { resource: { attributes: attributes(resources.orders) }, scopeSpans: [{ scope: {}, spans: orders }] },
      { resource: { attributes: attributes(resources.nameless) }, scopeSpans: [{ spans: nameless }] },
    ],
  };
}

function metrics(nano: Nano): object[] {
  const number = (value: number, at: number, values: Record<string, Value> = {}): object => ({
    startTimeUnixNano: nano(0),
    timeUnixNano: nano(at),
    attributes: attributes(values),
    ...(Number.isInteger(value) ? { asInt: String(value) } : { asDouble: value }),
  });
  const histogram = (at: number, count: number, sum: number, buckets: readonly number[], more: object = {}): object => ({
    startTimeUnixNano: nano(0),
    timeUnixNano: nano(at),
    attributes: attributes({ route: '/cart' }),
    count: String(count),
    sum,
    bucketCounts: buckets.map(String),
    explicitBounds: [0, 5, 10, 25, 100],
    ...more,
  });
  const exponential = (at: number, more: object): object => ({
    startTimeUnixNano: nano(0),
    timeUnixNano: nano(at),
    attributes: [],
    ...more,
  });
  const request = (at: number, factor: number): object => ({
    resourceMetrics: [
      {
        resource: { attributes: attributes(resources.shop) },
        scopeMetrics: [
          {
            scope: {
              name: 'github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver/cpu',
              version: '',
              attributes: attributes({ part: 'cpu' }),
            },
            metrics: [
              {
                name: 'system.load',
                unit: '1',
                gauge: { dataPoints: [number(0.5 * factor, at), number(7, at, { cpu: 'cpu0', empty: '' })] },
              },
              {
                name: 'requests',
                unit: '{request}',
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: true,
                  dataPoints: [number(10 * factor, at, { code: 200, ok: true }), number(2.5 * factor, at, { code: 500 })],
                },
              },
              { name: 'delta.count', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [number(4 * factor, at)] } },
              { name: 'in.flight', unit: 'By', sum: { aggregationTemporality: 2, dataPoints: [number(3 * factor, at)] } },
              {
                name: 'latency',
                unit: 'ms',
                histogram: {
                  aggregationTemporality: 1,
                  dataPoints: [
                    histogram(at, 12, 260.5, [0, 3, 5, 2, 1, 1], { min: 0.5, max: 180.25 }),
                    histogram(at, 5, 31, [1, 2, 1, 1, 0, 0]),
                  ],
                },
              },
              {
                name: 'latency.total',
                unit: 'ms',
                histogram: {
                  aggregationTemporality: 2,
                  dataPoints: [
                    histogram(at, 12 * factor, 100 * factor, [0, 3 * factor, 5 * factor, 2 * factor, factor, factor], {
                      min: 0.5,
                      max: 180,
                    }),
                  ],
                },
              },
              {
                name: 'unbucketed',
                histogram: {
                  aggregationTemporality: 1,
                  dataPoints: [{ ...histogram(at, 4, 40, []), explicitBounds: [], min: 5, max: 15 }],
                },
              },
              {
                name: 'sizes',
                exponentialHistogram: {
                  aggregationTemporality: 1,
                  dataPoints: [
                    exponential(at, {
                      count: '15',
                      sum: 1234.5,
                      scale: 2,
                      zeroCount: '2',
                      positive: { offset: 3, bucketCounts: ['1', '4', '0', '5'] },
                      negative: { offset: 1, bucketCounts: ['2', '1'] },
                    }),
                    exponential(at, { count: '1', sum: 7, scale: 4, positive: { offset: 44, bucketCounts: ['1'] } }),
                    exponential(at, {
                      count: '3',
                      sum: 3.3,
                      scale: 0,
                      min: 0.9,
                      max: 1.3,
                      positive: { offset: -1, bucketCounts: ['1', '2'] },
                    }),
                  ],
                },
              },
              {
                name: 'rpc.summary',
                unit: 's',
                summary: {
                  dataPoints: [
                    {
                      startTimeUnixNano: nano(0),
                      timeUnixNano: nano(at),
                      count: String(8 * factor),
                      sum: 3.5 * factor,
                      quantileValues: [
                        { quantile: 0.5, value: 0.25 },
                        { quantile: 0.999, value: 1.75 },
                        { quantile: 1, value: 2 },
                      ],
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
      {
        resource: { attributes: attributes(resources.nameless) },
        scopeMetrics: [{ scope: { name: 'own', version: '3' }, metrics: [{ name: 'plain', gauge: { dataPoints: [number(1, at)] } }] }],
      },
    ],
  });
  return [request(10_000, 1), request(20_000, 3)];
}

function logs(nano: Nano): object {
  const record = (at: number, body: Value, values: Record<string, Value>, more: object = {}): object => ({
    timeUnixNano: nano(at),
    body: anyValue(body),
    attributes: attributes(values),
    ...more,
  });
  return {
    resourceLogs: [
      {
        resource: { attributes: attributes(resources.shop) },
        scopeLogs: [
          {
            scope: { name: 'log-lib', attributes: attributes({ lib: 'yes' }) },
            logRecords: [
              record(
                1,
                'plain text',
                { code: 7, ratio: 0.5, deep: { a: { b: ['x', { c: 1 }] } }, list: [1, 2] },
                { severityNumber: 9, severityText: 'Information' },
              ),
              record(2, { event: 'login', ok: true }, { level: 'WARN' }, { traceId: traceA, spanId: id(1), severityNumber: 17 }),
              record(3, 'ignored', { msg: 'from an attribute', trace_id: traceB, span_id: id(5), ddtags: 'a:b,c:d' }),
              record(4, 'observed <only>', {}, { timeUnixNano: '0', observedTimeUnixNano: nano(4), eventName: 'seen' }),
            ],
          },
        ],
      },
      {
        resource: { attributes: attributes({ ...resources.nameless, hostname: 'h', service: 's', 'datadog.log.source': 'nginx' }) },
        scopeLogs: [
          { logRecords: [record(5, 'no host', {}), record(6, 'named', { 'host.name': 'log-host', 'service.name': 'log-service' })] },
        ],
      },
    ],
  };
}
