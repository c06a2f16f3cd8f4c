import { describe, expect, it } from '@jest/globals';
import { walk } from '@millrace/wire';
import type { MetricEdit, Visitor } from '@millrace/wire';
import { decode, encode } from './reference.ts';
import type { PlainMessage } from './reference.ts';
import { toBatch, walked } from './walk-harness.ts';

const spanRequest = (span: PlainMessage): Buffer =>
  Buffer.from(
    encode('traces', {
      resourceSpans: [{ schemaUrl: 'r', resource: {}, scopeSpans: [{ schemaUrl: 's', scope: { name: 'lib' }, spans: [span] }] }],
    }),
  );

function first(message: PlainMessage, ...names: string[]): PlainMessage {
  return names.reduce((of, name) => (of[name] as PlainMessage[])[0]!, message);
}

function editedSpan(span: PlainMessage, ...visitors: Visitor[]): PlainMessage {
  const request = decode('traces', walked('traces', spanRequest(span), ...visitors)!);
  return first(request, 'resourceSpans', 'scopeSpans', 'spans');
}

const metricRequest = (metrics: PlainMessage[]): Buffer =>
  Buffer.from(encode('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }));

function editedMetrics(metrics: PlainMessage[], ...visitors: Visitor[]): PlainMessage[] {
  const request = decode('metrics', walked('metrics', metricRequest(metrics), ...visitors)!);
  return first(request, 'resourceMetrics', 'scopeMetrics')['metrics'] as PlainMessage[];
}

const point = { asInt: 1n, attributes: [{ key: 'a', value: { stringValue: 'b' } }] };

describe('Fields of an item that are set by their number', () => {
  it('replaces what is there, adds what is not, and removes', () => {
    const span = editedSpan(
      { name: 'a', kind: 2, startTimeUnixNano: 5n, spanId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), droppedEventsCount: 3 },
      {
        onSpan({ fields }) {
          fields.setVarint(6, 3);
          fields.setFixed64(7, 9n);
          fields.setFixed32(16, 257);
          fields.setBytes(1, Buffer.alloc(16, 1));
          fields.setVarint(10, 300);
          fields.remove(2, 2);
          fields.remove(14, 0);
        },
      },
    );
    expect(span).toMatchObject({
      name: 'a',
      kind: 3,
      startTimeUnixNano: 9n,
      flags: 257,
      droppedAttributesCount: 300,
      droppedEventsCount: 3,
    });
    expect([(span['spanId'] as Uint8Array | undefined)?.length ?? 0, span['droppedLinksCount']]).toEqual([0, undefined]);
  });

  it('shows flags that a data point did not have', () => {
    const seen: number[] = [];
    editedMetrics([{ name: 'm', gauge: { dataPoints: [point] } }], {
      onDataPoint(view) {
        seen.push(view.flags);
        view.fields.setVarint(8, 1);
        seen.push(view.flags);
      },
    });
    expect(seen).toEqual([0, 1]);
  });

  it('shows the change to later reads, and the last value counts', () => {
    editedSpan(
      { name: 'a', kind: 2 },
      {
        onSpan(view) {
          view.fields.setVarint(6, 3);
          view.fields.setVarint(6, 4);
          view.fields.setFixed64(8, 7n);
          view.fields.setBytes(2, Buffer.alloc(8, 2));
          view.fields.setVarint(12, 6);
          expect([view.kind, view.endTimeUnixNano, view.spanIdHex, view.droppedEventsCount]).toEqual([4, 7n, '02'.repeat(8), 6]);
        },
      },
      { onSpan: (view) => expect([view.kind, view.droppedEventsCount]).toEqual([4, 6]) },
    );
  });

  it('takes the change back when the hook throws', () => {
    using batch = toBatch('traces', spanRequest({ name: 'a', kind: 2 }));
    const result = walk(
      [
        {
          onSpan(view) {
            view.fields.setVarint(6, 3);
            view.fields.setFixed64(7, 3n);
            throw new Error('no');
          },
        },
        { onSpan: (view) => expect([view.kind, view.startTimeUnixNano]).toEqual([2, 0n]) },
      ],
      () => {},
    ).run(batch);
    expect(result).toBe(batch);
  });

  it('edits events', () => {
    const span = editedSpan(
      { events: [{ name: 'e', timeUnixNano: 1n }] },
      {
        onSpan({ events }) {
          events.at(0).fields.setFixed64(1, 8n);
          events.at(0).fields.setVarint(4, 2);
          expect([events.at(0).timeUnixNano, events.at(0).droppedAttributesCount]).toEqual([8n, 2]);
        },
      },
    );
    expect(first(span, 'events')).toMatchObject({ name: 'e', timeUnixNano: 8n, droppedAttributesCount: 2 });
  });

  it('edits resources and scopes and their schema URLs, wherever these stand', () => {
    const request = decode(
      'traces',
      walked('traces', spanRequest({ name: 'a' }), {
        onResource(view) {
          view.fields.setVarint(2, 7);
          view.setSchemaUrl('new');
          expect([view.droppedAttributesCount, view.schemaUrl]).toEqual([7, 'new']);
        },
        onScope(view) {
          view.fields.setVarint(4, 8);
          view.setSchemaUrl('newer');
        },
      })!,
    );
    const group = first(request, 'resourceSpans');
    expect(group).toMatchObject({ schemaUrl: 'new', resource: { droppedAttributesCount: 7 } });
    expect(first(group, 'scopeSpans')).toMatchObject({ schemaUrl: 'newer', scope: { name: 'lib', droppedAttributesCount: 8 } });
  });

  it('writes maps in their order', () => {
    const span = editedSpan(
      { name: 'a' },
      {
        onSpan: ({ attributes }) =>
          attributes.setPlain(
            { text: 'm', bytes: Buffer.from('m') },
            new Map([
              ['2', 1n],
              ['1', 2n],
            ]),
          ),
      },
    );
    expect(JSON.stringify(first(span, 'attributes'), (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))).toMatch(
      /"2".*"1"/,
    );
  });
});

describe('A metric', () => {
  const change = (metric: MetricEdit): void => {
    metric.setTemporality(1);
    metric.setMonotonic(false);
    metric.setMetadata(new Map([['k', 'v']]));
    expect([metric.temporality, metric.isMonotonic, metric.metadata.size]).toEqual([1, false, 1]);
  };
  const sum = {
    name: 'm',
    metadata: [{ key: 'old', value: {} }],
    sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point, point] },
  };
  const expected = { name: 'm', metadata: [{ key: 'k', value: { stringValue: 'v' } }] };

  it.each([
    ['before its points', { onMetric: change }],
    ['from its points', { traits: { editsUpward: true }, onDataPoint: ({ metric }) => change(metric as MetricEdit) }],
  ] as readonly (readonly [string, Visitor])[])('gets another temporality and metadata %s', (_, visitor) => {
    const [metric] = editedMetrics([sum], visitor);
    expect(metric).toMatchObject(expected);
    expect(metric!['sum']).toMatchObject({ aggregationTemporality: 1 });
    expect((metric!['sum'] as PlainMessage)['isMonotonic'] ?? false).toBe(false);
    expect((metric!['sum'] as PlainMessage)['dataPoints']).toHaveLength(2);
  });

  it('takes them back when the hook throws', () => {
    using batch = toBatch('metrics', metricRequest([sum]));
    const result = walk(
      [
        {
          onMetric(metric) {
            change(metric);
            throw new Error('no');
          },
        },
      ],
      () => {},
    ).run(batch);
    expect(result).toBe(batch);
  });

  it('is encoded with its edits, and replaced by others', () => {
    const visitor: Visitor = {
      traits: { editsUpward: true },
      onMetric(metric) {
        metric.setName('renamed');
        change(metric);
        const message = metric.message();
        metric.append(message);
        metric.append(message);
        return 'drop';
      },
    };
    const metrics = editedMetrics([sum], visitor);
    expect(metrics).toHaveLength(2);
    expect(metrics[1]).toMatchObject({ ...expected, name: 'renamed' });
    using batch = toBatch('metrics', metricRequest([sum, sum]));
    const one = walk([visitor], () => {});
    using result = one.run(batch)!;
    expect(result.items).toBe(8);
    expect([...one.counters]).toEqual([4, 4, 8]);
  });

  it('takes others behind it only from a visitor that edits upward', () => {
    using batch = toBatch('metrics', metricRequest([sum]));
    const errors: unknown[] = [];
    walk([{ onMetric: (metric) => metric.append(metric.message()) }], (_, error) => errors.push(error)).run(batch);
    expect(errors).toEqual([new Error('only a visitor with the trait editsUpward can append metrics')]);
  });
});
