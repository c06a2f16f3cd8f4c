import { describe, expect, it } from '@jest/globals';
import {
  type ClientStats,
  Concentrator,
  type ConcentratorOptions,
  type DatadogSpan,
  decodeStats,
  encodeStats,
  encodeStatsRequests,
  type GroupedStats,
  peerTagKeys,
  StatsMapper,
  type StatsMapperOptions,
  type StatsPayload,
  type StatsSource,
} from '../src/index.ts';
import { decodeDurations, decodeMsgpack } from './decode.ts';
import { attributes, type Value, withBatch } from './map.ts';

const second = 1_000_000_000n;
const start = 1_790_000_000n * second;

const source: StatsSource = {
  env: 'prod',
  hostname: 'h',
  version: '1',
  containerId: 'c',
  lang: '',
  gitCommitSha: '',
  imageTag: '',
  containerTags: ['a:b'],
};

function span(
  fields: Partial<DatadogSpan> = {},
  meta: Record<string, string> = {},
  metrics: Record<string, number> = { _top_level: 1 },
): DatadogSpan {
  return {
    service: 's',
    name: 'n',
    resource: 'r',
    type: 'web',
    traceId: 1n,
    spanId: 2n,
    parentId: 0n,
    start,
    duration: 1_000_000n,
    error: 0,
    ...fields,
    meta: new Map(Object.entries(meta)),
    metrics: new Map(Object.entries(metrics)),
  };
}

function concentrator(options: Partial<ConcentratorOptions> = {}): Concentrator {
  return new Concentrator({
    computeStatsBySpanKind: true,
    peerTags: peerTagKeys(true, []),
    bucketNanos: 10n * second,
    nowNanos: () => start,
    ...options,
  });
}

const groupsOf = (stats: readonly ClientStats[]): GroupedStats[] => stats.flatMap(({ buckets }) => buckets.flatMap(({ groups }) => groups));
const counted = (...spans: readonly DatadogSpan[]): GroupedStats[] => {
  const stats = concentrator();
  for (const each of spans) stats.add(each, source);
  return groupsOf(stats.flush(start, true));
};

describe('The concentrator', () => {
  it('counts spans by group, errors apart', () => {
    const [group, ...rest] = counted(span(), span({ error: 1 }), span({ duration: 0n }, {}, { '_dd.measured': 1 }));
    expect(rest).toEqual([]);
    expect(group).toMatchObject({
      service: 's',
      name: 'n',
      resource: 'r',
      type: 'web',
      hits: 3n,
      errors: 1n,
      topLevelHits: 2n,
      duration: 2_000_000n,
      isTraceRoot: 1,
    });
    const ok = decodeDurations(group!.okSummary);
    expect(ok.zeroes).toBe(1);
    expect(ok.gamma).toBeCloseTo(1.0202, 4);
    const [[index, count]] = [...ok.counts] as [[number, number]];
    expect(count).toBe(1);
    expect(ok.gamma ** (index + 0.5)).toBeGreaterThan(980_000);
    expect(ok.gamma ** (index + 0.5)).toBeLessThan(1_020_000);
    expect([...decodeDurations(group!.errorSummary).counts.values()]).toEqual([1]);
  });

  it('counts top-level and measured spans, and those of kinds that cross a border', () => {
    expect(counted(span({}, {}, {}))).toEqual([]);
    expect(counted(span({}, { 'span.kind': 'internal' }, {}))).toEqual([]);
    expect(counted(span({}, { 'span.kind': 'client' }, {}))).toHaveLength(1);
    expect(counted(span({}, {}, { '_dd.top_level': 1 }))).toHaveLength(1);
    expect(counted(span({}, {}, { _top_level: 1, '_dd.partial_version': 3 }))).toEqual([]);
    const stats = concentrator({ computeStatsBySpanKind: false });
    stats.add(span({}, { 'span.kind': 'client' }, {}), source);
    expect(stats.size).toBe(0);
  });

  it('keeps apart what differs', () => {
    const spans = [
      span(),
      span({ resource: 'other' }),
      span({ parentId: 9n }),
      span({}, { 'span.kind': 'server' }),
      span({}, { 'http.status_code': '404' }),
      span({}, {}, { _top_level: 1, 'http.status_code': 500 }),
      span({}, { 'rpc.grpc.status_code': 'UNAVAILABLE' }),
    ];
    const groups = counted(...spans, span());
    expect(groups.map(({ hits }) => hits)).toEqual([2n, 1n, 1n, 1n, 1n, 1n, 1n]);
    expect(groups.map(({ httpStatusCode }) => httpStatusCode)).toEqual([0, 0, 0, 0, 404, 500, 0]);
    expect(groups.at(-1)!.grpcStatusCode).toBe('14');
    const stats = concentrator();
    stats.add(span(), source, 'synthetics-browser');
    stats.add(span(), { ...source, env: 'qa', containerId: '' }, '', 4);
    expect(
      stats.flush(start, true).map(({ env, tags, buckets }) => [env, tags, buckets[0]!.groups[0]!.hits, buckets[0]!.groups[0]!.synthetics]),
    ).toEqual([
      ['prod', ['a:b'], 1n, true],
      ['qa', [], 4n, false],
    ]);
  });

  it.each([
    [{ 'rpc.grpc.status_code': '4' }, {}, '4'],
    [{ 'grpc.code': 'StatusCode.NotFound' }, {}, '5'],
    [{ 'grpc.status.code': 'DEADLINE_EXCEEDED' }, {}, '4'],
    [{ 'grpc.code': 'nonsense' }, { 'grpc.code': 3 }, ''],
    [{}, { 'rpc.grpc.status_code': 14 }, '14'],
  ])('reads the gRPC status of %j and %j as %j', (meta, metrics, status) => {
    expect(counted(span({}, meta as Record<string, string>, { _top_level: 1, ...metrics }))[0]!.grpcStatusCode).toBe(status);
  });

  it.each([
    ['client', { 'peer.service': 'pay', 'db.name': 'main' }, ['db.name:main', 'peer.service:pay']],
    ['server', { 'peer.service': 'pay' }, []],
    ['internal', { '_dd.base_service': 'base', 'peer.service': 'pay' }, ['_dd.base_service:base']],
    ['client', { 'server.address': '10.1.2.3:443' }, ['server.address:blocked-ip-address:443']],
    ['client', { 'server.address': 'ip-10-1-2-3.ec2.internal' }, ['server.address:ip-blocked-ip-address.ec2.internal']],
    ['client', { 'server.address': '[2001:db8::1]:80' }, ['server.address:blocked-ip-address:80']],
    ['client', { 'server.address': 'https://10.1.2.3,https://10.1.2.4' }, ['server.address:https://blocked-ip-address']],
    ['client', { 'server.address': '127.0.0.1' }, ['server.address:127.0.0.1']],
    ['client', { 'server.address': 'db-1.2.3.local' }, ['server.address:db-1.2.3.local']],
    ['client', { 'server.address': '999.1.1.1' }, ['server.address:999.1.1.1']],
  ])('of a %s with %j tells peers by %j', (kind, meta, tags) => {
    expect(counted(span({}, { 'span.kind': kind, ...meta }))[0]!.peerTags).toEqual(tags);
  });

  it('flushes buckets that are over, and counts late spans into the oldest open one', () => {
    const stats = concentrator();
    stats.add(span({ start: start - 100n * second }), source);
    stats.add(span({ start: start + 10n * second }), source);
    expect(stats.flush(start + 19n * second)).toEqual([]);
    const [first] = stats.flush(start + 20n * second);
    expect(first!.buckets).toMatchObject([{ start, duration: 10n * second, groups: [{ hits: 1n }] }]);
    stats.add(span(), source);
    const [rest] = stats.flush(start + 20n * second, true);
    expect(rest!.buckets).toMatchObject([{ start: start + 10n * second, groups: [{ hits: 2n }] }]);
    expect(stats.size).toBe(0);
  });

  it('counts resources beyond a bound together', () => {
    const stats = concentrator();
    for (let i = 0; i < 10_010; i++) stats.add(span({ resource: `r${i}` }), source);
    const groups = groupsOf(stats.flush(start, true));
    expect(groups).toHaveLength(10_001);
    expect(groups.at(-1)).toMatchObject({ resource: '[overflow]', hits: 10n });
  });

  it('counts services beyond twice that bound, and sources beyond a thousand, together', () => {
    const stats = concentrator();
    for (let i = 0; i < 20_010; i++) stats.add(span({ service: `s${i}` }), source);
    const groups = groupsOf(stats.flush(start, true));
    expect(groups).toHaveLength(20_001);
    expect(groups.at(-1)).toMatchObject({ service: '[overflow]', name: '[overflow]', hits: 10n });

    for (let i = 0; i < 1010; i++) stats.add(span(), { ...source, hostname: `h${i}` });
    const clients = stats.flush(start, true);
    expect(clients).toHaveLength(1001);
    expect(clients.at(-1)).toMatchObject({ hostname: '', env: 'none', buckets: [{ groups: [{ hits: 10n }] }] });
  });

  it('keeps no more than sixty buckets of the future', () => {
    const stats = concentrator();
    for (let i = 0; i < 1000; i++) stats.add(span({ start: start + BigInt(i) * 100n * second }), source);
    expect(stats.flush(start, true)[0]!.buckets.length).toBeLessThan(62);
  });
});

describe('Statistics', () => {
  const payload = (groups: number): StatsPayload => {
    const stats = concentrator();
    for (let i = 0; i < groups; i++)
      stats.add(span({ resource: `r${i}` }, { 'span.kind': 'client', 'peer.service': 'p' }), { ...source, env: i % 2 === 0 ? 'a' : 'b' });
    return {
      agentHostname: 'h',
      agentEnv: 'none',
      agentVersion: 'v',
      clientComputed: true,
      splitPayload: false,
      stats: stats.flush(start, true),
    };
  };

  it('are the same after encoding and decoding', () => {
    const original = payload(3);
    Object.assign(original.stats[0]!, {
      lang: 'go',
      tracerVersion: 't',
      runtimeId: 'id',
      sequence: 2n ** 63n,
      agentAggregation: 'x',
      service: 's',
    });
    Object.assign(original.stats[0]!, { gitCommitSha: 'sha', imageTag: 'i', processTagsHash: 7n, processTags: 'p' });
    Object.assign(original.stats[0]!.buckets[0]!, { agentTimeShift: 5n });
    Object.assign(original.stats[0]!.buckets[0]!.groups[0]!, {
      dbType: 'd',
      synthetics: true,
      grpcStatusCode: '1',
      httpMethod: 'GET',
      httpEndpoint: '/x',
    });
    original.splitPayload = true;
    expect(decodeStats(encodeStats(original))).toEqual(original);
  });

  it('that are no protobuf are refused', () => {
    const bytes = encodeStats(payload(1));
    for (const length of [1, 5, bytes.length - 1]) expect(() => decodeStats(bytes.subarray(0, length))).toThrow(RangeError);
    expect(() => decodeStats(Buffer.from([0x08, 0x01]))).toThrow('field 1 has wire type 0, not 2');
    expect(() => decodeStats(Buffer.alloc(12, 0xff))).toThrow('too long');
    // Unknown fields of every wire type are skipped.
    const unknown = Buffer.from([0x78, 0x01, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 0x01, 0x00, 0x7d, 1, 2, 3, 4]);
    expect(decodeStats(unknown).stats).toEqual([]);
  });

  it('are sent in requests of four thousand groups', () => {
    const requests = encodeStatsRequests(payload(9000));
    expect(requests.map(({ items }) => items)).toEqual([4000, 4000, 1000]);
    const decoded = requests.map(
      ({ bytes }) =>
        decodeMsgpack(bytes) as { SplitPayload: boolean; Stats: { Env: string; Stats: { Stats: { Resource: string }[] }[] }[] },
    );
    expect(decoded.map(({ SplitPayload }) => SplitPayload)).toEqual([true, true, true]);
    const resources = decoded.flatMap(({ Stats }) =>
      Stats.flatMap((client) => client.Stats.flatMap((bucket) => bucket.Stats.map(({ Resource }) => Resource))),
    );
    expect(new Set(resources).size).toBe(9000);
    const [half] = requests[2]!.halves();
    expect(decodeMsgpack(half!.bytes)).toMatchObject({ AgentHostname: 'h', AgentEnv: 'none', AgentVersion: 'v', ClientComputed: true });
    expect(half!.items).toBe(500);
    expect(encodeStatsRequests(payload(1))[0]!.halves()).toEqual([]);
  });
});

describe('Spans for statistics', () => {
  const defaults: StatsMapperOptions = {
    spanNameAsResourceName: false,
    spanNameRemappings: new Map(),
    computeTopLevelBySpanKind: false,
    peerTags: peerTagKeys(true, []),
    ignoredResources: new Set(),
    containerTagKeys: [],
  };
  const traceId = '0123456789abcdef00000000000000a1';
  const json = (index: number, more: object = {}): object => ({
    traceId,
    spanId: index.toString(16).padStart(16, '0'),
    name: `span ${index}`,
    kind: 2,
    ...more,
  });
  const map = (
    spans: readonly object[],
    resource: Record<string, Value> = {},
    options: Partial<StatsMapperOptions> = {},
  ): [DatadogSpan, StatsSource][] => {
    const seen: [DatadogSpan, StatsSource][] = [];
    const mapper = new StatsMapper({ ...defaults, ...options }, (each, from) => void seen.push([each, from]));
    const request = {
      resourceSpans: [{ resource: { attributes: attributes(resource) }, scopeSpans: [{ scope: { name: 'lib' }, spans }] }],
    };
    withBatch('traces', request, (batch) => mapper.map(batch));
    return seen;
  };

  it('come with their source', () => {
    const resource = {
      'service.name': 'shop',
      'service.version': '2',
      'deployment.environment': 'Prod',
      'host.name': 'web',
      'container.id': 'c1',
      'k8s.pod.name': 'p',
      team: 'T',
    };
    const [[first, from]] = map([json(1)], resource, { containerTagKeys: ['team', 'k8s.pod.name', 'missing'] }) as [
      [DatadogSpan, StatsSource],
    ];
    expect(first).toMatchObject({ service: 'shop', name: 'server.request', resource: 'span 1' });
    expect(from).toMatchObject({ env: 'prod', hostname: 'web', version: '2', containerId: 'c1', containerTags: ['pod_name:p', 'team:t'] });
    expect(map([json(1)])[0]![1]).toMatchObject({ env: 'none', hostname: '', containerTags: [] });
  });

  it('are top-level by the service of their parent, wherever it stands', () => {
    const child = json(2, { parentSpanId: '0000000000000001' });
    const foreign = json(3, { parentSpanId: '0000000000000001', attributes: attributes({ 'service.name': 'other' }) });
    const lost = json(4, { parentSpanId: 'ffffffffffffffff' });
    const tops = (options: Partial<StatsMapperOptions>): unknown[] =>
      map([child, foreign, lost, json(1)], {}, options).map(([{ metrics }]) => metrics.get('_top_level'));
    expect(tops({})).toEqual([undefined, 1, 1, 1]);
    expect(tops({ computeTopLevelBySpanKind: true })).toEqual([1, 1, 1, 1]);
  });

  it('without ids or of ignored resources are left out', () => {
    expect(
      map([json(1, { traceId: '' }), json(2), json(3)], {}, { ignoredResources: new Set(['span 2']) }).map(([{ resource }]) => resource),
    ).toEqual(['span 3']);
  });

  it('hide literals and keep peer tags', () => {
    const values = attributes({ 'db.system': 'mysql', 'db.statement': 'SELECT 1', 'peer.service': 'db' });
    const [[first]] = map([json(1, { kind: 3, attributes: values })]) as [[DatadogSpan, StatsSource]];
    expect(first.resource).toBe('SELECT ?');
    expect(first.meta.get('peer.service')).toBe('db');
  });
});
