import { describe, expect, it } from '@jest/globals';
import { type DatadogSpan, encodeTraces, TraceMapper, type TraceOptions, type TracerPayload } from '../src/index.ts';
import { decodeTraces } from './decode.ts';
import { attributes, type Value, withBatch } from './map.ts';

const traceId = '0123456789abcdef00000000000000a1';
const startNano = 1_790_000_000_000_000_000n;
const [server, client, producer, consumer] = [2, 3, 4, 5];

interface Span {
  readonly name?: string;
  readonly kind?: number;
  readonly attributes?: Readonly<Record<string, Value>>;
  readonly [field: string]: unknown;
}

const defaults: TraceOptions = {
  hostname: 'fallback',
  spanNameAsResourceName: false,
  spanNameRemappings: new Map(),
  computeTopLevelBySpanKind: false,
  ignores: () => false,
  now: () => startNano,
};

function spanJson({ attributes: values = {}, ...span }: Span, index: number): object {
  return {
    traceId,
    spanId: (index + 1).toString(16).padStart(16, '0'),
    name: 'a span',
    startTimeUnixNano: String(startNano),
    endTimeUnixNano: String(startNano + 1000n),
    attributes: attributes(values),
    ...span,
  };
}

function map(spans: readonly Span[], resource: Readonly<Record<string, Value>> = {}, options: Partial<TraceOptions> = {}) {
  const mapper = new TraceMapper({ ...defaults, ...options });
  const scope = { name: 'lib', version: '1.0', attributes: attributes({ scoped: 'yes' }) };
  const request = {
    resourceSpans: [{ resource: { attributes: attributes(resource) }, scopeSpans: [{ scope, spans: spans.map(spanJson) }] }],
  };
  return withBatch('traces', request, (batch) => mapper.map(batch));
}

const spansOf = (payloads: readonly TracerPayload[]): DatadogSpan[] =>
  payloads.flatMap(({ chunks }) => chunks.flatMap(({ spans }) => spans));
const one = (span: Span, resource: Readonly<Record<string, Value>> = {}, options: Partial<TraceOptions> = {}): DatadogSpan =>
  spansOf(map([span], resource, options).payloads)[0]!;

describe('The operation of a span', () => {
  it.each<[number, Record<string, Value>, string]>([
    [server, { 'operation.name': 'My Op' }, 'my_op'],
    [server, { 'http.request.method': 'GET' }, 'http.server.request'],
    [client, { 'http.method': 'GET' }, 'http.client.request'],
    [client, { 'db.system': 'PostgreSQL' }, 'postgresql.query'],
    [server, { 'db.system': 'postgresql' }, 'server.request'],
    [consumer, { 'messaging.system': 'kafka', 'messaging.operation': 'receive' }, 'kafka.receive'],
    [1, { 'messaging.system': 'kafka', 'messaging.operation': 'receive' }, 'Internal'],
    [client, { 'rpc.system': 'aws-api' }, 'aws.client.request'],
    [client, { 'rpc.system': 'aws-api', 'rpc.service': 'S3' }, 'aws.s3.request'],
    [client, { 'rpc.system': 'grpc' }, 'grpc.client.request'],
    [server, { 'rpc.system': 'grpc' }, 'grpc.server.request'],
    [client, { 'faas.invoked_provider': 'aws', 'faas.invoked_name': 'f' }, 'aws.f.invoke'],
    [server, { 'faas.trigger': 'timer' }, 'timer.invoke'],
    [1, { 'graphql.operation.type': 'query' }, 'graphql.server.request'],
    [server, { 'network.protocol.name': 'amqp' }, 'amqp.server.request'],
    [client, { 'network.protocol.name': 'amqp' }, 'amqp.client.request'],
    [client, {}, 'client.request'],
    [producer, {}, 'Producer'],
    [0, {}, 'Internal'],
    [99, {}, 'unnamed_operation'],
  ])('of kind %i with %j is %s', (kind, values, name) => {
    expect(one({ kind, attributes: values }).name).toBe(name);
  });

  it.each<[Partial<TraceOptions>, string]>([
    [{ spanNameAsResourceName: true }, 'a_span'],
    [{ spanNameRemappings: new Map([['lib.server', 'web']]) }, 'web'],
    [{ spanNameRemappings: new Map([['other', 'web']]) }, 'lib.server'],
  ])('by the older rules, with %j, is %s', (options, name) => {
    expect(one({ kind: server }, {}, options).name).toBe(name);
  });
});

describe('The resource of a span', () => {
  const rows: [number, Record<string, Value>, string, string][] = [
    [server, { 'resource.name': 'own' }, 'own', 'own'],
    [server, { 'http.request.method': 'GET', 'http.route': '/x' }, 'GET /x', 'GET /x'],
    [client, { 'http.request.method': 'GET', 'http.route': '/x' }, 'GET', 'GET /x'],
    [server, { 'http.request.method': '_OTHER' }, 'HTTP', '_OTHER'],
    [consumer, { 'messaging.operation': 'receive', 'messaging.destination': 'q' }, 'receive q', 'receive q'],
    [client, { 'rpc.method': 'Get', 'rpc.service': 'S' }, 'Get S', 'Get S'],
    [client, { 'rpc.method': 'Get' }, 'Get', 'Get '],
    [1, { 'graphql.operation.type': 'query', 'graphql.operation.name': 'Q' }, 'query Q', 'query Q'],
    [client, { 'db.system': 'mongodb', 'db.query.text': 'find' }, 'find', 'a span'],
    [client, {}, 'a span', 'a span'],
  ];
  it.each(rows)('of kind %i with %j is %s, by the older rules %s', (kind, values, name, old) => {
    expect(one({ kind, attributes: values }).resource).toBe(name);
    expect(one({ kind, attributes: values }, {}, { spanNameAsResourceName: true }).resource).toBe(old);
  });

  it('has at most 5000 bytes', () => {
    expect(Buffer.byteLength(one({ name: 'ä'.repeat(3000) }).resource)).toBe(5000);
  });
});

describe('The type of a span', () => {
  it.each<[number, Record<string, Value>, string]>([
    [server, {}, 'web'],
    [client, {}, 'http'],
    [1, {}, 'custom'],
    [client, { 'db.system': 'mysql' }, 'sql'],
    [client, { 'db.system': 'redis' }, 'redis'],
    [client, { 'db.system': 'neo4j' }, 'db'],
    [client, { 'span.type': 'worker' }, 'worker'],
  ])('of kind %i with %j is %s', (kind, values, type) => {
    expect(one({ kind, attributes: values }).type).toBe(type);
  });
});

describe('The service of a span', () => {
  it.each([
    ['Shop Front!', 'shop_front'],
    ['ÄPFEL 2_0__x', 'äpfel_2_0_x'],
    ['', 'otlpresourcenoservicename'],
    ['***', 'unnamed-service'],
    ['x'.repeat(150), 'x'.repeat(100)],
  ])('%s becomes %s', (name, service) => {
    expect(one({}, { 'service.name': name }).service).toBe(service);
  });
});

describe('Attributes', () => {
  it('become meta entries and metrics, those of HTTP under Datadog’s names', () => {
    const { meta, metrics } = one({
      kind: server,
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 404,
        'url.full': 'https://me:secret@host/p',
        'http.request.header.x-id': 'a',
        count: 3,
        ratio: 0.5,
        on: true,
        list: [1, 'a<b'],
        bytes: new Uint8Array([1, 2]),
      },
    });
    expect(Object.fromEntries(metrics)).toMatchObject({ 'http.status_code': 404, count: 3, ratio: 0.5, _top_level: 1 });
    expect(Object.fromEntries(meta)).toMatchObject({
      'span.kind': 'server',
      'http.method': 'GET',
      'http.url': 'https://host/p',
      'http.request.headers.x-id': 'a',
      on: 'true',
      list: '[1,"a<b"]',
      bytes: 'AQI=',
      scoped: 'yes',
      'otel.library.name': 'lib',
      'otel.library.version': '1.0',
      'otel.trace_id': traceId,
      'otel.status_code': 'Unset',
      '_dd.p.dm': '-9',
    });
  });

  it('of the span win over those of the resource', () => {
    const { meta } = one(
      { attributes: { both: 'span' } },
      { both: 'resource', only: 1, 'service.version': '7', 'deployment.environment': 'QA 1' },
    );
    expect(Object.fromEntries(meta)).toMatchObject({ both: 'span', only: '1', version: '7', env: 'qa_1' });
  });

  it('with long keys and values are cut', () => {
    const { meta, metrics } = one({
      attributes: { ['k'.repeat(300)]: 'v'.repeat(30_000), ['m'.repeat(300)]: 1, '_dd.x.json': 'j'.repeat(26_000) },
    });
    expect(meta.get(`${'k'.repeat(200)}...`)).toBe(`${'v'.repeat(25_000)}...`);
    expect(metrics.get(`${'m'.repeat(200)}...`)).toBe(1);
    expect(meta.get('_dd.x.json')).toHaveLength(26_000);
  });

  it('that mark analytics set their rate', () => {
    expect(one({ attributes: { 'analytics.event': true } }).metrics.get('_dd.analyzed')).toBe(1);
    expect(one({ attributes: { 'analytics.event': false } }).metrics.get('_dd1.sr.eausr')).toBe(0);
  });

  it('that are no valid HTTP status are dropped', () => {
    expect(one({ attributes: { 'http.status_code': '99' } }).meta.has('http.status_code')).toBe(false);
    expect(one({ attributes: { 'http.status_code': '204' } }).meta.get('http.status_code')).toBe('204');
  });
});

describe('Errors', () => {
  it.each<[Span, string | undefined]>([
    [{ status: { code: 2, message: 'broken' } }, 'broken'],
    [{ status: { code: 2 }, attributes: { 'http.status_code': '503' } }, '503 Service Unavailable'],
    [{ status: { code: 2 }, attributes: { 'http.response.status_code': '599' } }, '599'],
    [{ status: { code: 2 }, attributes: { 'error.msg': 'own' } }, 'own'],
    [{ status: { code: 2 } }, undefined],
  ])('of %j say %s', (span, message) => {
    const { error, meta } = one(span);
    expect([error, meta.get('error.msg')]).toEqual([1, message]);
  });
});

describe('Events and links', () => {
  it('become JSON in the meta', () => {
    const { meta } = one({
      events: [
        { timeUnixNano: '5', name: 'exception', attributes: attributes({ n: 1, 'a<b': ['x'] }), droppedAttributesCount: 2 },
        { name: 'second' },
      ],
      links: [
        { traceId, spanId: '00000000000000ff', traceState: 'a=b', attributes: attributes({ why: 'retry' }), droppedAttributesCount: 1 },
      ],
      traceState: 'dd=1',
    });
    expect(meta.get('events')).toBe(
      '[{"time_unix_nano":5,"name":"exception","attributes":{"n":1,"a\\u003cb":["x"]},"dropped_attributes_count":2},{"name":"second"}]',
    );
    expect(JSON.parse(meta.get('_dd.span_links')!)).toEqual([
      { trace_id: traceId, span_id: '00000000000000ff', tracestate: 'a=b', attributes: { why: 'retry' }, dropped_attributes_count: 1 },
    ]);
    expect(meta.get('_dd.span_events.has_exception')).toBe('true');
    expect(meta.get('w3c.tracestate')).toBe('dd=1');
  });
});

describe('Statements', () => {
  const obfuscated = (statement: string): string =>
    one({ kind: client, attributes: { 'db.system': 'mysql', 'db.statement': statement } }).resource;
  it.each([
    ["SELECT * FROM t WHERE a = 'x''y' AND b=-12.5e3", 'SELECT * FROM t WHERE a = ? AND b = ?'],
    ['INSERT INTO t VALUES (1, 2), (3, 4)', 'INSERT INTO t VALUES ( ? )'],
    ['SELECT a AS b, c FROM t AS u -- note\nLIMIT 5;', 'SELECT a, c FROM t LIMIT ?'],
    ['SELECT /* hint */ `a b`, "c" FROM t WHERE d = "secret"', 'SELECT a b, c FROM t WHERE d = ?'],
    ['SELECT $1, ?, %s, %(id)s, :name FROM t', 'SELECT ? :name FROM t'],
    ['SELECT x::text, NULL, TRUE FROM t', 'SELECT x :: text, ? FROM t'],
    ['SELECT * FROM t WHERE a IN (SELECT b FROM u WHERE c IN (1,2))', 'SELECT * FROM t WHERE a IN ( SELECT b FROM u WHERE c IN ( ? ) )'],
    ['SAVEPOINT s1', 'SAVEPOINT ?'],
    ['SELECT $tag$a literal$tag$', 'SELECT ?'],
    ["SELECT 'open", 'Non-parsable SQL query'],
    ['SELECT a AS [two words] FROM t', 'SELECT a FROM t'],
    ['-- nothing', 'Non-parsable SQL query'],
  ])('%s is sent as %s', (statement, expected) => {
    expect(obfuscated(statement)).toBe(expected);
  });

  it.each([
    ['SET key secret', 'SET'],
    ['GET a\n\nCONFIG  get b\nDEL c\nDEL d', 'GET CONFIG GET DEL ...'],
    ['CONFIG se...', '...'],
    ['ver...', '...'],
    ['CONFIG', 'CONFIG'],
  ])('of Redis %j are sent as %s', (command, expected) => {
    expect(one({ kind: client, attributes: { 'db.system': 'redis', 'db.statement': command } }).resource).toBe(expected);
  });
});

describe('Traces', () => {
  it('carry what their resource says', () => {
    const { payloads } = map([{}], {
      'host.name': 'web-1',
      'container.id': 'C0',
      'k8s.pod.name': 'p',
      'datadog.container.tag.team': 't',
      'datadog.container.tag.pod_name': 'loses',
      'telemetry.sdk.language': 'go',
      'telemetry.sdk.version': '1',
      'deployment.environment.name': 'Prod',
      'service.version': 'v2',
    });
    expect(payloads).toMatchObject([
      { hostname: 'web-1', containerId: 'c0', language: 'go', tracerVersion: 'otlp-1', env: 'prod', appVersion: 'v2' },
    ]);
    expect([...payloads[0]!.tags]).toEqual([['_dd.tags.container', 'container_id:C0,pod_name:p,team:t']]);
  });

  it('on Fargate have a task instead of a host', () => {
    const { payloads } = map([{ attributes: { '_dd.hostname': 'from-span' } }], {
      'aws.ecs.launchtype': 'fargate',
      'aws.ecs.task.arn': 'arn',
    });
    expect(payloads[0]!.hostname).toBe('from-span');
    expect(payloads[0]!.tags.get('_dd.tags.container')).toBe('task_arn:arn,task_arn:arn');
  });

  it('are one chunk each, with the sampling decision of their spans', () => {
    const other = '0123456789abcdef00000000000000b2';
    const { payloads } = map([
      { attributes: { '_dd.origin': 'rum', _sample_rate: 0.5, '_dd.apm_mode': 'Edge' } },
      { traceId: other, attributes: { 'sampling.priority': 2 } },
    ]);
    const [first, second] = payloads[0]!.chunks;
    expect(first).toMatchObject({ priority: 1, origin: 'rum' });
    expect(first!.spans[0]!.metrics.get('_dd1.sr.rcusr')).toBe(0.5);
    expect(first!.spans[0]!.metrics.get('_sampling_priority_rate_v1')).toBe(1);
    expect([...second!.tags]).toEqual([
      ['_dd.otlp_sr', '1.00'],
      ['_dd.p.dm', '-4'],
    ]);
    expect(second!.priority).toBe(2);
    expect(payloads[0]!.tags.get('_dd.apm_mode')).toBe('Edge');
  });

  it.each<[string, Record<string, Value>, Span, number]>([
    ['dropped by their user', { 'sampling.priority': -1 }, {}, 0],
    ['dropped by a sampler', { 'sampling.priority': 0 }, {}, 0],
    ['dropped by a sampler but erroneous', { 'sampling.priority': 0 }, { status: { code: 2 } }, 1],
    ['dropped but for single spans', { 'sampling.priority': -1, '_dd.span_sampling.mechanism': 8 }, {}, 1],
  ])('that are %s are sent or not', (_name, values, span, sent) => {
    const { payloads, dropped } = map([{ attributes: values, ...span }]);
    expect(spansOf(payloads)).toHaveLength(sent);
    expect(dropped.get('sampling_priority') ?? 0).toBe(1 - sent);
  });

  it('without ids, or of two traces in one, are dropped', () => {
    expect(map([{ traceId: '' }]).dropped).toEqual(new Map([['invalid_trace', 1]]));
    expect(map([{ spanId: '' }, {}]).dropped).toEqual(new Map([['invalid_trace', 2]]));
    expect(map([{ attributes: { '_dd.p.tid': 'a' } }, { attributes: { '_dd.p.tid': 'b' } }]).dropped).toEqual(
      new Map([['invalid_trace', 2]]),
    );
  });

  it('have impossible times repaired', () => {
    expect(one({ startTimeUnixNano: '5', endTimeUnixNano: '1005' })).toMatchObject({ start: startNano - 1000n, duration: 1000n });
    expect(one({ endTimeUnixNano: String(startNano - 5n) }).duration).toBe(0n);
  });

  it('mark top-level spans by service', () => {
    const spans = spansOf(
      map([
        { kind: server },
        { parentSpanId: '0000000000000001' },
        { parentSpanId: '0000000000000001', attributes: { 'service.name': 'other' } },
        { parentSpanId: '00000000000000ff' },
      ]).payloads,
    );
    expect(spans.map(({ metrics }) => metrics.get('_top_level'))).toEqual([1, undefined, 1, 1]);
  });

  it('mark top-level and measured spans by kind', () => {
    const spans = spansOf(
      map(
        [
          { kind: 1 },
          { parentSpanId: '0000000000000001', kind: consumer },
          { parentSpanId: '0000000000000001', kind: producer },
          { parentSpanId: '0000000000000001', attributes: { '_dd.top_level': 1, '_dd.measured': '1' } },
        ],
        {},
        {
          computeTopLevelBySpanKind: true,
        },
      ).payloads,
    );
    expect(spans.map(({ metrics }) => [metrics.get('_top_level'), metrics.get('_dd.measured')])).toEqual([
      [1, undefined],
      [1, undefined],
      [undefined, 1],
      [1, 1],
    ]);
  });

  it('are encoded as the agent’s payload, in requests of three megabytes', () => {
    const spans = Array.from({ length: 200 }, (_, i) => ({
      traceId: `${'0'.repeat(28)}${(i + 1).toString(16).padStart(4, '0')}`,
      attributes: { long: 'x'.repeat(20_000) },
    }));
    const { payloads } = map(spans);
    const requests = encodeTraces(payloads, { hostname: 'h', env: 'none', version: 'v' });
    expect(requests.length).toBeGreaterThan(1);
    expect(requests.reduce((sum, { items }) => sum + items, 0)).toBe(200);
    for (const { bytes } of requests) expect(bytes.length).toBeLessThan(3_200_000);
    const ids = requests.flatMap(({ bytes }) =>
      decodeTraces(bytes).tracerPayloads.flatMap(({ chunks }) => chunks.map((chunk) => chunk.spans[0]!.traceID)),
    );
    expect(ids).toEqual(spans.map((_, i) => String(i + 1)));
    expect(encodeTraces([], { hostname: '', env: '', version: '' })).toEqual([]);
  });
});
