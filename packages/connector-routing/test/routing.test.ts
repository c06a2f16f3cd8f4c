import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import type { Consumed, Signal } from '@millrace/api';
import { configOf, connectorContract, Sink, testContext, testHost } from '@millrace/api/testing';
import { admitJson, noClient } from '@millrace/wire';
import type { Client } from '@millrace/wire';
import { decode } from '../../wire/test/reference.ts';
import { factory } from '../src/index.ts';

connectorContract({ describe, it, expect }, factory, {
  config: configOf(factory, { table: [] }),
});

type Json = Record<string, unknown>;
/** Any message of a request. */
type Tree = {
  readonly [
    Name in
      | 'resource'
      | 'attributes'
      | 'stringValue'
      | 'scopeSpans'
      | 'scopeLogs'
      | 'scopeMetrics'
      | 'spans'
      | 'logRecords'
      | 'metrics'
      | 'name'
      | 'body'
      | 'gauge'
      | 'dataPoints'
      | 'asInt'
      | 'resourceSpans'
      | 'resourceLogs'
      | 'resourceMetrics'
  ]: Tree & Tree[] & string;
};

type Routed = Exclude<Signal, 'profiles'>;

const text = (attributes: Json): Json[] => Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }));

/** Resources named by their attribute `r`, with items named as given. */
function request(signal: Routed, resources: Readonly<Record<string, readonly string[]>>): Json {
  const groups = Object.entries(resources).map(([r, names]) => {
    const resource = { attributes: text({ r }) };
    if (signal === 'traces') return { resource, scopeSpans: [{ spans: names.map((name) => ({ name, attributes: text({ n: name }) })) }] };
    if (signal === 'logs') return { resource, scopeLogs: [{ logRecords: names.map((name) => ({ body: { stringValue: name } })) }] };
    const metrics = names.map((name) => ({ name, gauge: { dataPoints: [{ asInt: '1' }, { asInt: '2', attributes: text({ n: name }) }] } }));
    return { resource, scopeMetrics: [{ metrics }] };
  });
  return { [{ traces: 'resourceSpans', logs: 'resourceLogs', metrics: 'resourceMetrics' }[signal]]: groups };
}

/** What a sink got: `RESOURCE/ITEM`, points as `METRIC=VALUE`, with the attributes of items that have some. */
function received(signal: Routed, sink: Sink): string[] {
  const result: string[] = [];
  for (const bytes of sink.requests) {
    const plain = decode(signal, bytes) as unknown as Tree;
    for (const group of plain.resourceSpans ?? plain.resourceLogs ?? plain.resourceMetrics) {
      const r = ((group.resource.attributes ?? []) as unknown as { value: Tree }[]).map(({ value }) => value.stringValue).join() || '-';
      for (const scope of group.scopeSpans ?? group.scopeLogs ?? group.scopeMetrics) {
        for (const item of scope.spans ?? scope.logRecords ?? scope.metrics) {
          if (signal === 'traces') result.push(`${r}/${item.name}${(item.attributes ?? []).length > 0 ? '+' : ''}`);
          else if (signal === 'logs') result.push(`${r}/${item.body.stringValue}`);
          else for (const point of item.gauge.dataPoints) result.push(`${r}/${item.name}=${Number(point.asInt)}`);
        }
      }
    }
  }
  return result;
}

async function route(signal: Routed, settings: object, resources: Readonly<Record<string, readonly string[]>>, client: Client = noClient) {
  const sinks: Record<string, Sink> = { a: new Sink(), b: new Sink(), rest: new Sink() };
  const context = testContext({ kind: 'connector', signal });
  const stage = factory.create(configOf(factory, settings), { all: new Sink(), byPipeline: new Map(Object.entries(sinks)) }, context);
  const body = Buffer.from(JSON.stringify(request(signal, resources)));
  const lease = testHost().pool.lease(body.length);
  lease.buffer.set(body);
  using batch = admitJson(signal, lease, 0, body.length, client);
  await stage.consume(batch);
  const parts = Object.fromEntries(Object.entries(sinks).map(([name, sink]) => [name, received(signal, sink)]));
  return { ...parts, context, sinks } as unknown as { a: string[]; b: string[]; rest: string[] } & {
    context: typeof context;
    sinks: typeof sinks;
  };
}

describe('routing', () => {
  it('gives whole resources to the first route that takes them, the rest to the default pipelines', async () => {
    const table = [
      { condition: 'attributes["r"] == "x"', pipelines: ['a'] },
      { condition: 'attributes["r"] == "x" or attributes["r"] == "y"', pipelines: ['b'] },
    ];
    const { a, b, rest, context } = await route('traces', { table, default_pipelines: ['rest'] }, { x: ['1', '2'], y: ['3'], z: ['4'] });
    expect({ a, b, rest }).toEqual({ a: ['x/1+', 'x/2+'], b: ['y/3+'], rest: ['z/4+'] });
    expect(context.items).toMatchObject({ dropped: {}, created: 0 });
  });

  it('drops and counts what no route takes when there are no default pipelines', async () => {
    const { a, rest, context } = await route(
      'logs',
      { table: [{ condition: 'attributes["r"] == "x"', pipelines: ['a'] }] },
      { x: ['1'], y: ['2', '3'] },
    );
    expect({ a, rest, dropped: context.items.dropped }).toEqual({ a: ['x/1'], rest: [], dropped: { no_route: 2 } });
  });

  it('routes single spans, log records and data points', async () => {
    const settings = (context: string, condition: string): object => ({
      table: [{ context, condition, pipelines: ['a'] }],
      default_pipelines: ['rest'],
    });
    const spans = await route('traces', settings('span', 'name == "2"'), { x: ['1', '2'], y: ['2'] });
    expect([spans.a, spans.rest]).toEqual([['x/2+', 'y/2+'], ['x/1+']]);
    const logs = await route('logs', settings('log', 'body == "2"'), { x: ['1', '2'] });
    expect([logs.a, logs.rest]).toEqual([['x/2'], ['x/1']]);
    const points = await route('metrics', settings('datapoint', 'value_int == 2'), { x: ['m'] });
    expect([points.a, points.rest]).toEqual([['x/m=2'], ['x/m=1']]);
  });

  it('routes whole metrics', async () => {
    const table = [{ context: 'metric', condition: 'name == "m"', pipelines: ['a'] }];
    const { a, rest } = await route('metrics', { table, default_pipelines: ['rest'] }, { x: ['m', 'n'] });
    expect([a, rest]).toEqual([
      ['x/m=1', 'x/m=2'],
      ['x/n=1', 'x/n=2'],
    ]);
  });

  it('routes requests by what the sender said', async () => {
    const table = [
      { context: 'request', condition: 'request["X-Tenant"] == "acme"', pipelines: ['a'] },
      { context: 'request', condition: 'request["X-Tenant"] != "beta"', pipelines: ['b'] },
    ];
    const client = (tenant: string): Client => ({ ...noClient, metadata: new Map([['x-tenant', ['other', tenant]]]) });
    const settings = { table, default_pipelines: ['rest'] };
    expect(await route('logs', settings, { x: ['1'] }, client('acme'))).toMatchObject({ a: ['x/1'], b: [], rest: [] });
    expect(await route('logs', settings, { x: ['1'] }, client('gamma'))).toMatchObject({ a: [], b: ['x/1'], rest: [] });
    expect(await route('logs', settings, { x: ['1'] }, client('beta'))).toMatchObject({ a: [], b: [], rest: ['x/1'] });
  });

  it('mixes contexts in the order of the table', async () => {
    const table = [
      { context: 'span', condition: 'name == "2"', pipelines: ['a'] },
      { context: 'resource', condition: 'attributes["r"] == "x"', pipelines: ['b'] },
    ];
    const { a, b, rest } = await route('traces', { table, default_pipelines: ['rest'] }, { x: ['1', '2'], y: ['2', '3'] });
    expect({ a, b, rest }).toEqual({ a: ['x/2+', 'y/2+'], b: ['x/1+'], rest: ['y/3+'] });
  });

  it('gives a route with several pipelines everything, and counts the copies', async () => {
    const { a, b, context } = await route('logs', { table: [{ condition: 'true', pipelines: ['a', 'b'] }] }, { x: ['1', '2'] });
    expect([a, b, context.items.created]).toEqual([['x/1', 'x/2'], ['x/1', 'x/2'], 2]);
  });

  it('copies what a later route may take too', async () => {
    const table = [
      { context: 'log', condition: 'body == "1"', action: 'copy', pipelines: ['a'] },
      { condition: 'attributes["r"] == "x"', pipelines: ['b'] },
    ];
    const { a, b, rest, context } = await route('logs', { table, default_pipelines: ['rest'] }, { x: ['1', '2'], y: ['1'] });
    expect({ a, b, rest, created: context.items.created }).toEqual({ a: ['x/1', 'y/1'], b: ['x/1', 'x/2'], rest: ['y/1'], created: 2 });
  });

  it('hands a batch that goes one way on as it is', async () => {
    const { sinks } = await route('traces', { table: [{ condition: 'true', pipelines: ['a'] }] }, { x: ['1'] });
    const body = sinks['a']!.requests[0]!;
    expect(received('traces', sinks['a']!)).toEqual(['x/1+']);
    expect(body.length).toBeGreaterThan(0);
  });

  it('takes statements, which may delete attributes of what they take', async () => {
    const table = [
      { statement: 'route() where attributes["r"] == "y"', pipelines: ['b'] },
      { statement: 'delete_key(attributes, "r") where attributes["r"] == "x"', pipelines: ['a'] },
      { context: 'span', statement: 'delete_matching_keys(attributes, "^n$") where name == "4"', pipelines: ['b'] },
    ];
    const { a, b, rest } = await route('traces', { table, default_pipelines: ['rest'] }, { x: ['1'], y: ['2'], z: ['3', '4'] });
    expect({ a, b, rest }).toEqual({ a: ['-/1+'], b: ['y/2+', 'z/4'], rest: ['z/3+'] });
  });

  it('changes what is above the items of a route', async () => {
    const table = [{ context: 'span', statement: 'delete_key(resource.attributes, "r") where name == "1"', pipelines: ['a'] }];
    const { a, rest } = await route('traces', { table, default_pipelines: ['rest'] }, { x: ['1', '2'] });
    expect([a, rest]).toEqual([['-/1+'], ['x/2+']]);
    const metrics = [{ context: 'metric', statement: 'delete_key(resource.attributes, "r") where name == "m"', pipelines: ['a'] }];
    expect(await route('metrics', { table: metrics, default_pipelines: ['rest'] }, { x: ['m', 'n'] })).toMatchObject({
      a: ['-/m=1', '-/m=2'],
    });
  });

  it.each([
    ['ignore', 1],
    ['silent', 0],
  ])('sends what a condition fails on to the default pipelines in error_mode %s', async (mode, lines) => {
    const table = [{ context: 'span', condition: 'Substring(name, 0, 2) == "ab"', pipelines: ['a'] }];
    const { a, rest, context } = await route('traces', { table, default_pipelines: ['rest'], error_mode: mode }, { x: ['abc', 'q'] });
    expect([a, rest]).toEqual([['x/abc+'], ['x/q+']]);
    expect(context.lines).toHaveLength(lines);
  });

  it('refuses a batch on which a condition fails in error_mode propagate', async () => {
    const table = [{ context: 'span', condition: 'Substring(name, 0, 2) == "ab"', pipelines: ['a'] }];
    await expect(route('traces', { table }, { x: ['q'] })).rejects.toMatchObject({ name: 'PipelineError', kind: 'permanent' });
  });

  it('refuses a batch that one of the pipelines refuses', async () => {
    const refusal = new PipelineError('full', { kind: 'retryable' });
    const settings = configOf(factory, {
      table: [{ context: 'log', condition: 'body == "1"', pipelines: ['a'] }],
      default_pipelines: ['rest'],
    });
    const refuse = (how: () => Consumed): Sink => Object.assign(new Sink(), { before: how, refusing: () => refusal });
    for (const how of [
      () => {
        throw refusal;
      },
      () => Promise.reject(refusal),
    ]) {
      const rest = new Sink();
      const byPipeline = new Map([
        ['a', refuse(how)],
        ['rest', rest],
      ]);
      const stage = factory.create(settings, { all: rest, byPipeline }, testContext({ kind: 'connector', signal: 'logs' }));
      const body = Buffer.from(JSON.stringify(request('logs', { x: ['1', '2'] })));
      const lease = testHost().pool.lease(body.length);
      lease.buffer.set(body);
      using batch = admitJson('logs', lease, 0, body.length, noClient);
      await expect((async () => stage.consume(batch))()).rejects.toBe(refusal);
      expect(rest.items).toBe(1);
      expect(stage.refusing?.()).toBe(refusal);
    }
  });

  it.each([
    [{}, 'invalid routing table: the routing table is empty'],
    [{ table: [{ pipelines: ['a'] }] }, 'table::0: invalid route: no statement or condition provided'],
    [{ table: [{ condition: 'true' }] }, 'table::0: invalid route: no pipelines defined'],
    [
      { table: [{ condition: 'true', statement: 'route()', pipelines: ['a'] }] },
      'table::0: invalid route: both condition and statement provided',
    ],
    [{ table: [{ context: 'request', pipelines: ['a'] }] }, `table::0: "request" context requires a 'condition'`],
    [
      { table: [{ context: 'request', statement: 'route()', pipelines: ['a'] }] },
      `table::0: "request" context does not support 'statement'`,
    ],
    [{ table: [{ context: 'request', condition: 'x', pipelines: ['a'] }] }, 'table::0: condition must have format'],
    [{ table: [{ condition: 'attributes["a"] ==', pipelines: ['a'] }] }, 'table::0: condition has invalid syntax'],
    [{ table: [{ statement: 'set(attributes["a"], 1)', pipelines: ['a'] }] }, 'undefined function "set"'],
  ])('says what is wrong with %j', (settings, problem) => {
    expect(factory.validateConfig!(configOf(factory, settings))).toEqual([expect.stringContaining(problem)]);
  });

  it('knows its pipelines, and what its signal has', async () => {
    await expect(route('logs', { table: [{ condition: 'true', pipelines: ['x'] }] }, {})).rejects.toThrow('pipeline not found: "x"');
    await expect(route('logs', { table: [{ context: 'span', condition: 'true', pipelines: ['a'] }] }, {})).rejects.toThrow(
      'context "span" is not there in logs',
    );
  });
});
