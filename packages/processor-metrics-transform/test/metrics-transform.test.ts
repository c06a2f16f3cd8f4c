import { describe, expect, it } from '@jest/globals';
import { configOf, FakeClock, processorContract, Sink, testContext, testHost } from '@millrace/api/testing';

import { admitBytes, noClient } from '@millrace/wire';
import { decode, encode } from '../../wire/test/reference.ts';
import { factory } from '../src/index.ts';

const rename = { include: 'cpu', action: 'update', new_name: 'system.cpu' };

processorContract({ describe, it, expect }, factory, { config: configOf(factory, { transforms: [rename] }) });

type Transform = Readonly<Record<string, unknown>>;

const label = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const point = (value: number, ...attributes: object[]): object => ({ asDouble: value, timeUnixNano: 5n, attributes });
const gauge = (name: string, ...dataPoints: object[]): object => ({ name, gauge: { dataPoints } });

function setUp(...transforms: Transform[]) {
  const clock = new FakeClock();
  const context = testContext({ signal: 'metrics', clock, program: { name: 'millrace', version: '1.2.3' } });
  const sink = new Sink();
  const stage = factory.create!(configOf(factory, { transforms }), sink, context);
  const { pool } = testHost();
  const sendBytes = async (bytes: Uint8Array): Promise<void> => {
    using batch = admitBytes('metrics', bytes, noClient, pool);
    await stage.consume(batch);
  };
  return {
    clock,
    context,
    sink,
    sendBytes,
    send: (...metrics: object[]) => sendBytes(encode('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })),
    /** The metrics that came out last, as text. */
    last(): string {
      const request = sink.requests.at(-1);
      return request === undefined
        ? ''
        : JSON.stringify(decode('metrics', request), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    },
  };
}

describe('metrics_transform', () => {
  it('passes a batch as it is when no transform is about its metrics', async () => {
    const { send, sendBytes, sink, context } = setUp(rename, { include: '^disk\\.', match_type: 'regexp', action: 'update' });
    // Field 1000 is not in the schema.
    const foreign = Buffer.concat([
      encode('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [gauge('mem', point(1))] }] }] }),
      Buffer.from('c23e03616263', 'hex'),
    ]);
    await sendBytes(foreign);
    expect(sink.requests[0]!.equals(foreign)).toBe(true);
    await send();
    expect(sink.requests).toHaveLength(2);
    expect(context.items).toMatchObject({ created: 0, absorbed: 0, dropped: {} });
  });

  it('passes a metric whose name matches as it is when its points do not', async () => {
    const { sendBytes, sink } = setUp({ ...rename, experimental_match_labels: { host: 'a' } });
    const bytes = encode('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [gauge('cpu', point(1))] }] }] });
    await sendBytes(bytes);
    expect(sink.requests[0]!.equals(bytes)).toBe(true);
  });

  it('changes nothing but the name of a metric that is only renamed', async () => {
    const { sendBytes, sink } = setUp(rename, { include: 'system.cpu', action: 'update', new_name: 'ü'.repeat(100) });
    // A metric of name, unit, name again, and field 1000, which is not in the schema.
    const metric = (name: string, again: string): Buffer => {
      const field = (tag: string, content: Uint8Array): Buffer =>
        Buffer.concat([
          Buffer.from(tag, 'hex'),
          Uint8Array.from(content.length < 128 ? [content.length] : [(content.length & 127) | 128, content.length >> 7]),
          content,
        ]);
      const parts = [name, again].map((text) => (text === '' ? Buffer.alloc(0) : field('0a', Buffer.from(text))));
      const content = Buffer.concat([
        parts[0]!,
        field('1a', Buffer.from('By')),
        parts[1]!,
        field('2a', field('0a', field('3a', Buffer.alloc(0)))),
        field('c23e', Buffer.from('abc')),
      ]);
      return field('0a', field('12', field('12', content)));
    };
    await sendBytes(metric('old', 'cpu'));
    expect(sink.requests[0]!.equals(metric('ü'.repeat(100), ''))).toBe(true);
  });

  it('replaces {{version}} by the version of the program', async () => {
    const { send, last } = setUp({
      ...rename,
      operations: [
        { action: 'add_label', new_label: 'by', new_value: 'millrace {{version}}' },
        { action: 'update_label', label: 'host', value_actions: [{ value: 'a', new_value: 'a-{{version}}' }] },
        { action: 'aggregate_label_values', label: 'zone', aggregated_values: ['z'], new_value: 'z{{version}}', aggregation_type: 'sum' },
      ],
    });
    await send(gauge('cpu', point(1, label('host', 'a'), label('zone', 'z'))));
    for (const text of ['millrace 1.2.3', 'a-1.2.3', 'z1.2.3']) expect(last()).toContain(`"${text}"`);
  });

  it.each<[string, Transform, { created?: number; absorbed?: number; dropped?: Record<string, number> }]>([
    ['points that are made', { include: 'cpu', action: 'insert', new_name: 'copy' }, { created: 3 }],
    [
      'points that are merged',
      { include: 'cpu', action: 'update', operations: [{ action: 'aggregate_labels', aggregation_type: 'sum' }] },
      { absorbed: 2 },
    ],
    [
      'points that are deleted',
      { include: 'cpu', action: 'update', operations: [{ action: 'delete_label_value', label: 'host', label_value: 'a' }] },
      { dropped: { delete_label_value: 2 } },
    ],
    [
      'points of a copy that are deleted',
      {
        include: 'cpu',
        action: 'insert',
        new_name: 'copy',
        operations: [{ action: 'delete_label_value', label: 'host', label_value: 'a' }],
      },
      { created: 3, dropped: { delete_label_value: 2 } },
    ],
    [
      'points that a combination leaves behind',
      { include: 'cpu', action: 'combine', new_name: 'all', aggregation_type: 'sum', experimental_match_labels: { host: 'a' } },
      { absorbed: 1, dropped: { not_matched: 1 } },
    ],
    [
      'points that a group leaves behind',
      { include: 'cpu', action: 'group', group_resource_labels: {}, experimental_match_labels: { host: 'a' } },
      { dropped: { not_matched: 1 } },
    ],
    [
      'summaries that are merged',
      { include: 'old', action: 'update', operations: [{ action: 'aggregate_labels' }] },
      { dropped: { summary: 1 } },
    ],
    [
      'summaries that are combined',
      { include: 'old', action: 'combine', new_name: 'all', aggregation_type: 'sum' },
      { dropped: { summary: 1 } },
    ],
  ])('books %s', async (_, transform, booked) => {
    const { send, sink, context } = setUp(transform);
    await send(gauge('cpu', point(1, label('host', 'a')), point(2, label('host', 'a')), point(3, label('host', 'b'))), {
      name: 'old',
      summary: { dataPoints: [{ timeUnixNano: 5n, count: 1n, sum: 1 }] },
    });
    const { created, absorbed, dropped } = context.items;
    expect({ created, absorbed, dropped }).toEqual({ created: 0, absorbed: 0, dropped: {}, ...booked });
    expect(sink.items).toBe(4 + created - absorbed - Object.values(dropped).reduce((sum, items) => sum + items, 0));
  });

  it('sends nothing when nothing is left', async () => {
    const { send, sink, context } = setUp({
      ...rename,
      operations: [{ action: 'delete_label_value', label: 'host', label_value: 'a' }],
    });
    await send(gauge('cpu', point(1, label('host', 'a'))));
    expect(sink.requests).toEqual([]);
    expect(context.items.dropped).toEqual({ delete_label_value: 1 });
  });

  it('says once a minute why metrics cannot be combined', async () => {
    const { send, context, clock } = setUp({
      include: '^cpu',
      match_type: 'regexp',
      action: 'combine',
      new_name: 'all',
      aggregation_type: 'sum',
    });
    const unlike = [gauge('cpu.a', point(1, label('host', 'a'), label('b', 'c'))), gauge('cpu.b', point(1))];
    await send(...unlike);
    await send(...unlike);
    const why = 'metrics cannot be combined as they have different attributes: cpu.a (map[b:{} host:{}]) and cpu.b (map[])';
    expect(context.lines.map(({ level, attributes }) => [level, attributes])).toEqual([['warn', { error: why }]]);
    await clock.advance(60_000);
    await send(...unlike);
    expect(context.lines).toHaveLength(2);
  });

  it('keeps the metrics of a scope as they were when it fails', async () => {
    const { sendBytes, sink, context } = setUp(
      { include: 'h', action: 'update', operations: [{ action: 'aggregate_labels' }] },
      { ...rename, include: 'g' },
    );
    const full = { timeUnixNano: 5n, count: 2n ** 64n - 1n, bucketCounts: [2n ** 64n - 1n] };
    const histogram = { name: 'h', histogram: { dataPoints: [full, full] } };
    const bytes = encode('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [gauge('g', point(1)), histogram] }] }] });
    await sendBytes(bytes);
    expect(sink.requests[0]!.equals(bytes)).toBe(true);
    expect(context.lines).toMatchObject([{ level: 'error', attributes: { error: expect.stringContaining('out of range') as unknown } }]);
    expect(context.items).toMatchObject({ created: 0, absorbed: 0, dropped: {} });
  });
});

describe('The settings of metrics_transform', () => {
  const operation = (settings: object): Transform => ({ include: 'm', action: 'update', operations: [settings] });
  it.each<[Transform, string]>([
    [{}, 'missing required field "include"'],
    [{ include: 'm', match_type: 'x' }, '"match_type" must be in ["strict" "regexp"]'],
    [{ include: '(', match_type: 'regexp' }, '"include", error parsing regexp: missing closing ): `(`'],
    [{ include: 'm', match_type: 'regexp', experimental_match_labels: { a: '[' } }, 'error parsing regexp: missing closing ]: `[`'],
    [{ include: 'm' }, '"action" must be in ["insert" "update" "combine" "group"]'],
    [{ include: 'm', action: 'insert' }, 'missing required field "new_name" while "action" is insert'],
    [{ include: 'm', action: 'combine' }, 'missing required field "new_name" while "action" is combine'],
    [{ include: 'm', action: 'combine', new_name: 'n' }, 'missing required field "aggregation_type" while "action" is combine'],
    [{ include: 'm', action: 'group' }, 'missing required field "group_resource_labels" while "action" is group'],
    [
      { include: 'm', action: 'update', aggregation_type: 'x' },
      '"aggregation_type" must be in ["sum" "mean" "min" "max" "median" "count"]',
    ],
    [{ include: 'm', action: 'update', submatch_case: 'x' }, '"submatch_case" must be in ["lower" "upper"]'],
    [
      operation({ action: 'x' }),
      'operation 1: "action" must be in ["add_label" "update_label" "delete_label_value" "toggle_scalar_data_type" "experimental_scale_value" "aggregate_labels" "aggregate_label_values"]',
    ],
    [operation({ action: 'update_label' }), 'operation 1: missing required field "label" while "action" is update_label'],
    [operation({ action: 'add_label' }), 'operation 1: missing required field "new_label" while "action" is add_label'],
    [operation({ action: 'add_label', new_label: 'a' }), 'operation 1: missing required field "new_value" while "action" is add_label'],
    [
      operation({ action: 'experimental_scale_value' }),
      'operation 1: missing required field "experimental_scale" while "action" is experimental_scale_value',
    ],
    [
      operation({ action: 'aggregate_labels', aggregation_type: 'x' }),
      'operation 1: "aggregation_type" must be in ["sum" "mean" "min" "max" "median" "count"]',
    ],
  ])('%j are refused', (transform, problem) => {
    expect(factory.validateConfig!(configOf(factory, { transforms: [rename, transform] }))).toEqual([problem]);
  });
});
