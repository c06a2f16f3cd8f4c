import { FakeClock } from '@millrace/api/testing';
import { announceStats } from '@millrace/datadog-format';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeTraces } from '../../datadog-format/test/decode.ts';
import { Intake } from './intake.ts';
import { start } from './start.ts';

let intake: Intake;
beforeEach(async () => {
  intake = await new Intake().listen();
});
afterEach(() => intake.close());

const traceId = '0123456789abcdef00000000000000a1';
const now = 1_790_000_000_000;

function span(id: number, more: object = {}): object {
  return {
    traceId,
    spanId: id.toString(16).padStart(16, '0'),
    name: `span ${id}`,
    kind: 2,
    startTimeUnixNano: `${now}000000`,
    endTimeUnixNano: `${now}500000`,
    ...more,
  };
}

const request = (spans: readonly object[], resource: object[] = []): object => ({
  resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope: { name: 'lib' }, spans }] }],
});
const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

describe('Traces', () => {
  it('go to the trace intake with the key, as the agent’s payload', async () => {
    const exporter = await start(intake.settings, 'traces');
    await exporter.send(request([span(1)], [text('service.name', 'shop'), text('host.name', 'web-1')]));
    await exporter.stop();
    const [taken] = intake.taken.filter(({ path }) => path === '/api/v0.2/traces');
    expect(taken!.headers).toMatchObject({ 'dd-api-key': 'f00d', 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' });
    const payload = decodeTraces(taken!.body);
    expect(payload).toMatchObject({ hostName: 'here', env: 'none', agentVersion: 'datadogexporter-millrace-1.2.3' });
    expect(payload.tracerPayloads).toMatchObject([
      { hostname: 'web-1', chunks: [{ priority: 1, spans: [{ service: 'shop', resource: 'span 1' }] }] },
    ]);
  });

  it('belong to `hostname` when they name no host', async () => {
    const exporter = await start({ ...intake.settings, hostname: 'fallback' }, 'traces');
    await exporter.send(request([span(1)]));
    await exporter.stop();
    expect(decodeTraces(intake.bodies('/api/v0.2/traces')[0]!).tracerPayloads[0]!.hostname).toBe('fallback');
  });

  it('are left out by `ignore_resources`, which asks the root', async () => {
    const exporter = await start({ ...intake.settings, traces: { endpoint: intake.url, ignore_resources: ['(?i)^HEALTH'] } }, 'traces');
    await exporter.send(request([span(1, { name: 'healthz' }), span(2, { parentSpanId: '0000000000000001', name: 'kept with it' })]));
    await exporter.send(request([span(3)]));
    await exporter.stop();
    expect(intake.spans.map(({ resource }) => resource)).toEqual(['span 3']);
    expect(exporter.context.items).toMatchObject({ absorbed: 3, dropped: {} });
  });

  it.each([
    [{}, 'server.request'],
    [{ span_name_as_resource_name: true }, 'span_1'],
    [{ span_name_remappings: { 'lib.server': 'renamed' } }, 'renamed'],
  ])('with %j have the operation %s', async (settings, name) => {
    const exporter = await start({ ...intake.settings, traces: { endpoint: intake.url, ...settings } }, 'traces');
    await exporter.send(request([span(1)]));
    await exporter.stop();
    expect(intake.spans.map((each) => each.name)).toEqual([name]);
  });

  it.each([
    [false, { _top_level: 1 }, {}],
    [true, {}, { '_dd.measured': 1 }],
  ])('with `compute_top_level_by_span_kind: %s` have top-level spans', async (byKind, orphan, client) => {
    const exporter = await start(
      { ...intake.settings, traces: { endpoint: intake.url, compute_top_level_by_span_kind: byKind } },
      'traces',
    );
    await exporter.send(
      request([span(1, { kind: 1, parentSpanId: 'ffffffffffffffff' }), span(2, { kind: 3, parentSpanId: '0000000000000001' })]),
    );
    await exporter.stop();
    expect(intake.spans.map(({ metrics }) => metrics)).toEqual([orphan, client]);
  });

  it('without ids are counted as rejected', async () => {
    const exporter = await start(intake.settings, 'traces');
    await exporter.send(request([span(1), { ...span(2), traceId: '' }]));
    await exporter.stop();
    expect(exporter.context.items).toMatchObject({ absorbed: 1, dropped: { partial_success: 1 } });
  });

  it('that are too many for one request are sent in halves, and a trace that is too large alone is rejected', async () => {
    intake.maxBytes = 900;
    const exporter = await start(intake.settings, 'traces');
    const spans = Array.from({ length: 8 }, (_, i) => ({ ...span(i + 1), traceId: `${'0'.repeat(31)}${i + 1}` }));
    const large = { ...span(9, { attributes: [text('long', 'x'.repeat(2000))] }), traceId: `${'0'.repeat(31)}9` };
    await exporter.send(request([...spans, large]));
    await exporter.stop();
    expect(intake.spans.map(({ resource }) => resource).sort()).toEqual(spans.map((_, i) => `span ${i + 1}`));
    expect(exporter.context.items).toMatchObject({ absorbed: 8, dropped: { partial_success: 1 } });
  });
});

describe('Statistics', () => {
  it('are computed when no connector does, and sent when their time is over', async () => {
    const clock = new FakeClock(now);
    const exporter = await start(intake.settings, 'traces', clock);
    await exporter.send(request([span(1), span(2, { kind: 3, parentSpanId: '0000000000000001', status: { code: 2 } })]));
    expect(intake.stats).toEqual([]);
    await clock.advance(30_000);
    await intake.until(() => intake.stats.length > 0);
    const groups = (intake.stats as unknown as { Stats: { Stats: { Stats: object[] }[] }[] }[])[0]!.Stats[0]!.Stats[0]!.Stats;
    expect(groups).toMatchObject([
      { Resource: 'span 1', SpanKind: 'server', Hits: 1n, TopLevelHits: 1n, Errors: 0n, Duration: 500_000n, IsTraceRoot: 1 },
      { Resource: 'span 2', SpanKind: 'client', Hits: 1n, TopLevelHits: 0n, Errors: 1n, Duration: 500_000n, IsTraceRoot: 2 },
    ]);
    await exporter.stop();
    expect(intake.stats).toHaveLength(1);
    expect(exporter.host.memory.accounted).toBe(0);
  });

  it('are sent before the exporter ends', async () => {
    const exporter = await start(intake.settings, 'traces');
    await exporter.send(request([span(1)]));
    await exporter.stop();
    expect(intake.stats).toMatchObject([{ AgentHostname: 'here', AgentEnv: 'none', ClientComputed: false }]);
  });

  it.each([
    ['compute_stats_by_span_kind', false, ['span 1']],
    ['compute_stats_by_span_kind', true, ['span 1', 'span 2']],
  ])('with `%s: %s` count %j', async (setting, value, resources) => {
    const exporter = await start({ ...intake.settings, traces: { endpoint: intake.url, [setting]: value } }, 'traces');
    await exporter.send(request([span(1), span(2, { kind: 3, parentSpanId: '0000000000000001' })]));
    await exporter.stop();
    const groups = (intake.stats as unknown as { Stats: { Stats: { Stats: { Resource: string }[] }[] }[] }[])[0]!.Stats[0]!.Stats[0]!.Stats;
    expect(groups.map(({ Resource }) => Resource)).toEqual(resources);
  });

  it.each([
    [{}, ['peer.service:pay']],
    [{ peer_tags: ['region'] }, ['peer.service:pay', 'region:eu']],
    [{ peer_tags_aggregation: false }, []],
  ])('with %j are kept apart by %j', async (settings, tags) => {
    const exporter = await start({ ...intake.settings, traces: { endpoint: intake.url, ...settings } }, 'traces');
    await exporter.send(request([span(1, { kind: 3, attributes: [text('peer.service', 'pay'), text('region', 'eu')] })]));
    await exporter.stop();
    const groups = (intake.stats as unknown as { Stats: { Stats: { Stats: { PeerTags: string[] }[] }[] }[] }[])[0]!.Stats[0]!.Stats[0]!
      .Stats;
    expect(groups.map(({ PeerTags }) => PeerTags)).toEqual([tags]);
  });

  it('are left to a connector', async () => {
    const retract = announceStats();
    const exporter = await start(intake.settings, 'traces');
    await exporter.send(request([span(1)]));
    await exporter.stop();
    retract();
    expect(intake.spans).toHaveLength(1);
    expect(intake.stats).toEqual([]);
  });

  it('that the intake does not take are sent again with the next ones', async () => {
    const clock = new FakeClock(now);
    intake.refusals = [{ path: '/api/v0.2/stats', status: 503 }];
    const exporter = await start(intake.settings, 'traces', clock);
    await exporter.send(request([span(1)]));
    const before = intake.requests;
    await clock.advance(30_000);
    await intake.until(() => intake.requests > before);
    await clock.advance(10_000);
    await exporter.stop();
    expect(intake.stats).toHaveLength(1);
  });

  it('that the intake refuses are dropped with a log line', async () => {
    intake.refusals = [{ path: '/api/v0.2/stats', status: 400 }];
    const exporter = await start(intake.settings, 'traces');
    await exporter.send(request([span(1)]));
    await exporter.stop();
    expect(exporter.context.lines.map(({ message }) => message)).toContain('Statistics of traces are dropped.');
  });
});
