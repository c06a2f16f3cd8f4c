import { describe, expect, it } from '@jest/globals';
import { BatchBuilder, ByteWriter, key, walk } from '@millrace/wire';
import type { Batch, SpanView, Visitor } from '@millrace/wire';
import { expectSame, meaning, signals } from './meaning.ts';
import type { TestSignal } from './meaning.ts';
import { decode, encode } from './reference.ts';
import type { PlainMessage } from './reference.ts';
import { Random, RandomRequest, expectAdmissible, pool, toBatch } from './walk-harness.ts';

const fail = (_: number, error: unknown): never => {
  throw error;
};

/** Copies the items that `wants` wants, as a visitor after `before` sees them. */
function copyItems(signal: TestSignal, bytes: Uint8Array, wants: (n: number) => boolean, before: Visitor = {}): Batch | undefined {
  using batch = toBatch(signal, bytes);
  const builder = new BatchBuilder(signal, pool);
  let n = 0;
  const copier: Visitor = {
    onSpan: (span) => (wants(n++) ? builder.copy(span) : undefined),
    onLog: (log) => (wants(n++) ? builder.copy(log) : undefined),
    onDataPoint: (point) => (wants(n++) ? builder.copy(point) : undefined),
  };
  const result = walk([before, copier], fail).run(batch);
  if (result !== batch) result?.release();
  const built = builder.finish(batch.client);
  if (built !== undefined) expectAdmissible(signal, built.bytes, built.items);
  return built;
}

/** A message whose parts are put together by equal headers, and without empty containers. */
function grouped(request: PlainMessage): PlainMessage {
  const lists: Record<string, string> = {
    resourceSpans: 'scopeSpans',
    resourceLogs: 'scopeLogs',
    resourceMetrics: 'scopeMetrics',
    scopeSpans: 'spans',
    scopeLogs: 'logRecords',
    scopeMetrics: 'metrics',
  };
  const dataTypes = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
  const merge = (parts: PlainMessage[], inner: string): PlainMessage[] => {
    const found = new Map<string, PlainMessage>();
    for (const one of parts) {
      const { [inner]: children, ...header } = one;
      const name = JSON.stringify(header, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
      const group = found.get(name) ?? { ...header, [inner]: [] };
      found.set(name, group);
      (group[inner] as unknown[]).push(...((children as unknown[] | undefined) ?? []));
    }
    return [...found.values()];
  };
  const inMetrics = (metrics: PlainMessage[]): PlainMessage[] => {
    const flat = metrics.flatMap((metric) => {
      const type = dataTypes.find((name) => metric[name] !== undefined);
      if (type === undefined) return [];
      const { dataPoints, ...data } = metric[type] as PlainMessage;
      return [{ ...metric, [type]: data, dataPoints, type }];
    });
    return merge(flat, 'dataPoints').flatMap(({ type, dataPoints, ...metric }) => {
      const data = metric[type as string] as PlainMessage;
      return (dataPoints as unknown[]).length === 0 ? [] : [{ ...metric, [type as string]: { ...data, dataPoints } }];
    });
  };
  const walkLists = (name: string, parts: PlainMessage[]): PlainMessage[] => {
    const inner = lists[name];
    if (inner === undefined) return name === 'metrics' ? inMetrics(parts) : parts;
    return merge(parts, inner).flatMap((part) => {
      const children = walkLists(inner, part[inner] as PlainMessage[]);
      return children.length === 0 ? [] : [{ ...part, [inner]: children }];
    });
  };
  return Object.fromEntries(
    Object.entries(request).flatMap(([name, parts]) => {
      if (lists[name] === undefined) return [];
      const kept = walkLists(name, parts as PlainMessage[]);
      return kept.length === 0 ? [] : [[name, kept]];
    }),
  );
}

describe('a builder', () => {
  it.each(signals)('puts copied items together under equal headers: %s', (signal) => {
    const requests = new RandomRequest(new Random(8));
    for (let i = 0; i < 30; i++) {
      const bytes = requests.bytes(signal);
      const twice = Buffer.concat([bytes, bytes]);
      const expected = grouped(meaning(signal, twice));
      using built = copyItems(signal, twice, () => true);
      expectSame(built === undefined ? {} : meaning(signal, built.bytes), expected);
    }
  });

  it('copies items and headers as the visitors before left them', () => {
    const bytes = new RandomRequest(new Random(9)).large('traces');
    const before: Visitor = {
      onResource: (r) => {
        r.attributes.setString(key('tenant'), 'one');
        r.addSchemaUrl(key('https://added'));
      },
      onScope: (s) => s.setName('scope'),
      onSpan: (s) => {
        s.setName('edited');
        for (let i = 0; i < s.events.size; i++) s.events.at(i).attributes.setInt(key('n'), i);
      },
    };
    using built = copyItems('traces', bytes, (n) => n % 2 === 0, before);
    using batch = toBatch('traces', bytes);
    let n = 0;
    using expected = walk([before, { onSpan: () => (n++ % 2 === 0 ? undefined : 'drop') }], fail).run(batch)!;
    expectSame(meaning('traces', built!.bytes), grouped(meaning('traces', expected.bytes)));
  });

  it('splits a batch by a key into batches that have all items between them', () => {
    const bytes = new RandomRequest(new Random(10)).large('logs');
    using batch = toBatch('logs', bytes);
    const builders = [new BatchBuilder('logs', pool), new BatchBuilder('logs', pool)];
    const visitor: Visitor = { onLog: (log) => builders[log.severityNumber % 2]!.copy(log) };
    walk([visitor], fail).run(batch);
    const parts = builders.map((builder) => builder.finish());
    expect(parts.reduce((sum, part) => sum + (part?.items ?? 0), 0)).toBe(batch.items);
    parts.forEach((part) => part?.release());
  });

  it('makes new spans, log records and data points', () => {
    const traces = new BatchBuilder('traces', pool);
    const scope = traces.resource({ 'service.name': 'shop' }, 'https://schema').scope('lib', '1.0', { a: 1n });
    const span = {
      traceId: '000102030405060708090a0b0c0d0e0f',
      spanId: Buffer.from('0001020304050607', 'hex'),
      name: 'GET',
      kind: 2,
      startTimeUnixNano: 1n,
      endTimeUnixNano: 2n ** 63n,
      attributes: { text: 'x', int: -1n, double: 0.5, flag: false, list: [1n], map: { deep: Uint8Array.of(1) }, none: undefined },
      events: [{ name: 'event', timeUnixNano: 3n, attributes: { e: 1n } }],
      links: [{ spanId: '0001020304050607', flags: 1 }],
      status: { code: 2, message: 'no' },
      flags: 257,
    };
    scope.span(span);
    scope.span({});
    // The same headers are the same groups; a resource without items is not written.
    traces.resource({ 'service.name': 'shop' }, 'https://schema').scope('lib', '1.0', { a: 1n }).span({ name: 'third' });
    traces.resource({ unused: true }).scope('unused');
    expect(traces.items).toBe(3);
    using batch = traces.finish()!;
    expectAdmissible('traces', batch.bytes, 3);
    const id = Uint8Array.from({ length: 16 }, (_, i) => i);
    const kv = (name: string, value?: PlainMessage): PlainMessage => ({ key: name, value: value ?? {} });
    expectSame(
      meaning('traces', batch.bytes),
      meaning(
        'traces',
        encode('traces', {
          resourceSpans: [
            {
              resource: { attributes: [kv('service.name', { stringValue: 'shop' })] },
              schemaUrl: 'https://schema',
              scopeSpans: [
                {
                  scope: { name: 'lib', version: '1.0', attributes: [kv('a', { intValue: 1n })] },
                  spans: [
                    {
                      ...span,
                      traceId: id,
                      spanId: id.subarray(0, 8),
                      attributes: [
                        kv('text', { stringValue: 'x' }),
                        kv('int', { intValue: -1n }),
                        kv('double', { doubleValue: 0.5 }),
                        kv('flag', { boolValue: false }),
                        kv('list', { arrayValue: { values: [{ intValue: 1n }] } }),
                        kv('map', { kvlistValue: { values: [kv('deep', { bytesValue: Uint8Array.of(1) })] } }),
                        kv('none'),
                      ],
                      events: [{ name: 'event', timeUnixNano: 3n, attributes: [kv('e', { intValue: 1n })] }],
                      links: [{ spanId: id.subarray(0, 8), flags: 1 }],
                    },
                    {},
                    { name: 'third' },
                  ],
                },
              ],
            },
          ],
        }),
      ),
    );

    const logs = new BatchBuilder('logs', pool);
    logs
      .resource()
      .scope()
      .log({ body: { a: [true] }, severityNumber: 9, timeUnixNano: 5n });
    using logBatch = logs.finish()!;
    expectAdmissible('logs', logBatch.bytes, 1);
    expect(decode('logs', logBatch.bytes)).toEqual({
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                {
                  timeUnixNano: 5n,
                  severityNumber: 9,
                  body: { kvlistValue: { values: [{ key: 'a', value: { arrayValue: { values: [{ boolValue: true }] } } }] } },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('takes a span as its bytes, and only as one of its signal', () => {
    using builder = new BatchBuilder('traces', pool);
    const span = new ByteWriter();
    span.bytes(Uint8Array.of(0x2a, 1, 0x6e));
    const scope = builder.resource({ r: 1 }).scope('s');
    scope.spanBytes(span);
    scope.span({ name: 'm' });
    using batch = builder.finish()!;
    expectAdmissible('traces', batch.bytes, 2);
    const names: string[] = [];
    using same = walk([{ onSpan: (each: SpanView) => void names.push(each.name) }], fail).run(batch)!;
    expect([same, names]).toEqual([batch, ['n', 'm']]);
    using logs = new BatchBuilder('logs', pool);
    expect(() => logs.resource().scope().spanBytes(span)).toThrow('a builder of logs takes no traces');
  });

  it('takes a data point as its bytes', () => {
    using builder = new BatchBuilder('metrics', pool);
    const point = new ByteWriter();
    point.bytes(Uint8Array.of(0x31, 7, 0, 0, 0, 0, 0, 0, 0));
    const metric = builder.resource().scope().metric({ name: 'm', type: 'gauge' });
    metric.pointBytes(point);
    metric.point({ asInt: 8n });
    using batch = builder.finish()!;
    expectAdmissible('metrics', batch.bytes, 2);
    const values: bigint[] = [];
    walk([{ onDataPoint: (each) => void values.push(each.int) }], fail).run(batch);
    expect(values).toEqual([7n, 8n]);
  });

  it('makes new data points of every type', () => {
    const builder = new BatchBuilder('metrics', pool);
    const scope = builder.resource({ r: 'r' }).scope('s');
    const sum = scope.metric({ name: 'requests', unit: '1', type: 'sum', temporality: 2, isMonotonic: true, metadata: { m: 'm' } });
    sum.point({ asInt: 5n, timeUnixNano: 1n, attributes: { k: 'v' }, exemplars: [{ asDouble: 0, filteredAttributes: { f: 1n } }] });
    sum.point({ asDouble: 0 });
    scope.metric({ name: 'g', type: 'gauge' }).point({ asInt: -1n });
    scope
      .metric({ name: 'h', type: 'histogram', temporality: 1 })
      .point({ count: 3n, sum: 0, min: -1, max: 2, bucketCounts: [1n, 2n], explicitBounds: [0.5], flags: 1 });
    scope
      .metric({ name: 'e', type: 'exponentialHistogram' })
      .point({ count: 1n, scale: -3, positive: { offset: -2, bucketCounts: [300n] } });
    scope.metric({ name: 'q', type: 'summary' }).point({ count: 1n, sum: 2, quantileValues: [{ quantile: 0.5, value: 2 }] });
    scope.metric({ name: 'no points', type: 'gauge' });
    using batch = builder.finish()!;
    expectAdmissible('metrics', batch.bytes, 6);
    const text = (name: string, value: string): PlainMessage => ({ key: name, value: { stringValue: value } });
    const exemplars = [{ asDouble: 0, filteredAttributes: [{ key: 'f', value: { intValue: 1n } }] }];
    expectSame(decode('metrics', batch.bytes), {
      resourceMetrics: [
        {
          resource: { attributes: [text('r', 'r')] },
          scopeMetrics: [
            {
              scope: { name: 's' },
              metrics: [
                {
                  name: 'requests',
                  unit: '1',
                  sum: {
                    dataPoints: [{ timeUnixNano: 1n, exemplars, asInt: 5n, attributes: [text('k', 'v')] }, { asDouble: 0 }],
                    aggregationTemporality: 2,
                    isMonotonic: true,
                  },
                  metadata: [text('m', 'm')],
                },
                { name: 'g', gauge: { dataPoints: [{ asInt: -1n }] } },
                {
                  name: 'h',
                  histogram: {
                    dataPoints: [{ count: 3n, sum: 0, bucketCounts: [1n, 2n], explicitBounds: [0.5], flags: 1, min: -1, max: 2 }],
                    aggregationTemporality: 1,
                  },
                },
                {
                  name: 'e',
                  exponentialHistogram: { dataPoints: [{ count: 1n, scale: -3, positive: { offset: -2, bucketCounts: [300n] } }] },
                },
                { name: 'q', summary: { dataPoints: [{ count: 1n, sum: 2, quantileValues: [{ quantile: 0.5, value: 2 }] }] } },
              ],
            },
          ],
        },
      ],
    });
  });

  it('refuses inputs that no field can hold, and adds nothing then', () => {
    const builder = new BatchBuilder('traces', pool);
    const scope = builder.resource().scope('s');
    scope.span({ name: 'good' });
    expect(() => scope.span({ traceId: 'abc' })).toThrow('traceId takes 16 bytes');
    expect(() => scope.span({ spanId: 'zz02030405060708' })).toThrow('spanId takes 8 bytes');
    expect(() => scope.span({ startTimeUnixNano: -1n })).toThrow(RangeError);
    expect(() => scope.span({ flags: 2 ** 32 })).toThrow(RangeError);
    expect(() => scope.span({ kind: 0.5 })).toThrow(RangeError);
    expect(() => scope.span({ attributes: { big: 2n ** 64n } })).toThrow(RangeError);
    expect(() => builder.resource({ big: 2n ** 64n })).toThrow(RangeError);
    expect(() => scope.log({})).toThrow('a builder of traces takes no logs');
    expect(() => scope.metric({ name: 'm', type: 'gauge' })).toThrow('takes no metrics');
    using batch = builder.finish()!;
    expect(decode('traces', batch.bytes)).toEqual({
      resourceSpans: [{ scopeSpans: [{ scope: { name: 's' }, spans: [{ name: 'good' }] }] }],
    });
    const metrics = new BatchBuilder('metrics', pool);
    expect(() =>
      metrics
        .resource()
        .scope()
        .metric({ name: 'm', type: 'none' as 'gauge' }),
    ).toThrow('none is no type of metrics');
    const gauge = metrics.resource().scope().metric({ name: 'm', type: 'gauge' });
    expect(() => gauge.point({ asInt: 1n, asDouble: 1 })).toThrow('only one of asDouble and asInt');
    metrics[Symbol.dispose]();
  });

  it('is empty after finish, refuses its old headers, and keeps no memory', () => {
    const { accounted } = pool.ledger;
    const builder = new BatchBuilder('traces', pool);
    expect(builder.finish()).toBeUndefined();
    const scope = builder.resource().scope();
    scope.span({});
    builder.finish()?.release();
    expect([builder.items, builder.sizeBytes]).toEqual([0, 0]);
    expect(() => scope.span({})).toThrow('is finished');
    builder.resource().scope().span({});
    builder[Symbol.dispose]();
    expect(builder.finish()).toBeUndefined();
    expect(() => builder.copy({} as SpanView)).toThrow('not an item of traces');
    expect(pool.ledger.accounted).toBe(accounted);
  });
});
