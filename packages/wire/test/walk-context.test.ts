import { describe, expect, it } from '@jest/globals';
import { admitBytes, BatchBuilder, key, keySet, noClient, walk } from '@millrace/wire';
import type { Batch, Client, Plain, Visitor } from '@millrace/wire';
import { pool } from './walk-harness.ts';

const fail = (_: number, error: unknown): never => {
  throw error;
};

function run(batch: Batch, ...visitors: Visitor[]): void {
  const result = walk(visitors, fail).run(batch);
  if (result !== batch) result?.release();
  batch.release();
}

function spans(names: readonly string[], client: Client = noClient): Batch {
  const builder = new BatchBuilder('traces', pool);
  const scope = builder.resource({ host: 'h' }).scope('lib');
  for (const name of names) scope.span({ name, attributes: { list: ['a', 1n], text: name } });
  return builder.finish(client)!;
}

describe('a visitor', () => {
  it('sees who sent the batch', () => {
    const client: Client = { metadata: new Map([['x-tenant', ['acme']]]), address: '10.0.0.1' };
    const seen: Client[] = [];
    const visitor: Visitor = {
      onResource: (resource) => void seen.push(resource.client),
      onSpan: (span) => void seen.push(span.resource.client),
    };
    run(spans(['a'], client), visitor);
    expect(seen).toEqual([client, client]);
  });

  it('compares the name of a span with many names at once', () => {
    const seen: boolean[] = [];
    const names = keySet(['a', 'ccc', '']);
    run(spans(['a', 'b', 'ccc', '']), { onSpan: (span) => void seen.push(span.nameIn(names)) });
    expect(seen).toEqual([true, false, true, true]);
  });

  it('copies a value from one attribute to another, byte for byte', () => {
    const seen: Plain[] = [];
    const copy: Visitor = {
      onResource: ({ attributes }) => attributes.setFrom(key('copy'), attributes.find(key('host'))),
      onSpan: ({ attributes }) => {
        attributes.setFrom(key('copy'), attributes.find(key('list')));
        attributes.setFrom(key('text'), attributes.find(key('list')));
        attributes.setFrom(key('copy'), attributes.find(key('copy')));
      },
    };
    const read: Visitor = {
      onResource: ({ attributes }) => void seen.push(attributes.toPlain()),
      onSpan: ({ attributes }) => void seen.push(attributes.toPlain()),
    };
    const result = walk([copy], fail).run(spans(['a']))!;
    run(result, read);
    expect(seen).toEqual([
      { host: 'h', copy: 'h' },
      { list: ['a', 1n], text: ['a', 1n], copy: ['a', 1n] },
    ]);
  });

  it('hears at the end of a batch how many items it dropped, in containers too', () => {
    const ends: [number, number, number][] = [];
    const counting = (index: number, visitor: Visitor): Visitor => ({
      ...visitor,
      onBatchEnd: (reached, dropped) => void ends.push([index, reached, dropped]),
    });
    const builder = new BatchBuilder('traces', pool);
    for (const resource of ['x', 'y']) for (const name of ['a', 'b', 'c']) builder.resource({ name: resource }).scope().span({ name });
    run(
      builder.finish()!,
      counting(0, { onSpan: (span) => (span.name === 'a' ? 'drop' : undefined) }),
      counting(1, { onResource: ({ attributes }) => (attributes.string(key('name')) === 'x' ? 'drop' : undefined) }),
    );
    expect(ends).toEqual([
      [0, 6, 2],
      [1, 4, 2],
    ]);
  });

  it('that reads ahead finds attributes of data points of every type from their metric, and is the first in its walk', () => {
    const builder = new BatchBuilder('metrics', pool);
    const scope = builder.resource().scope();
    const last = { attributes: { wanted: 'yes' } };
    const first = { attributes: { other: 1n } };
    for (const type of ['gauge', 'sum'] as const) {
      const metric = scope.metric({ name: type, type });
      for (const point of [first, last, { attributes: { wanted: 'later' } }]) metric.point({ ...point, asInt: 1n });
    }
    for (const type of ['histogram', 'exponentialHistogram', 'summary'] as const) {
      const metric = scope.metric({ name: type, type });
      for (const point of [first, last]) metric.point({ ...point, count: 1n });
    }
    const seen: unknown[] = [];
    const visitor: Visitor = {
      traits: { readsAhead: true },
      onMetric: (metric) => void seen.push([metric.pointAttribute(key('wanted'))?.string(), metric.pointAttribute(key('none'))]),
    };
    run(builder.finish()!, visitor, {});
    expect(seen).toEqual(Array.from({ length: 5 }, () => ['yes', undefined]));
    expect(() => walk([{}, visitor], fail)).toThrow('a visitor that reads ahead must be the first in its walk');
  });
});

describe('a search for an attribute', () => {
  const field = (tag: number, content: Uint8Array): Buffer => Buffer.concat([Buffer.of(tag), length(content.length), content]);
  const length = (n: number): Buffer => (n < 0x80 ? Buffer.of(n) : Buffer.of((n & 0x7f) | 0x80, n >> 7));
  const text = (value: string): Buffer => Buffer.from(value);
  const any = (value: string): Buffer => field(0x12, field(0x0a, text(value)));
  const long = 'k'.repeat(200);
  const wide = 'w'.repeat(127);
  /** KeyValues as no encoder but a strange one writes them: with unknown fields, without a key, without anything. */
  const strange: readonly (readonly [string, Buffer])[] = [
    ['plain', Buffer.concat([field(0x0a, text('plain')), any('1')])],
    ['unknown first', Buffer.concat([field(0x7a, text('x')), field(0x0a, text('unknown first')), any('2')])],
    [long, Buffer.concat([field(0x0a, text(long)), any('3')])],
    [wide, Buffer.concat([field(0x0a, text(wide)), any('4')])],
    ['key only', field(0x0a, text('key only'))],
    ['', any('5')],
  ];

  const spanOf = (keyValues: readonly Uint8Array[]): Buffer =>
    field(0x0a, field(0x12, field(0x12, Buffer.concat(keyValues.map((keyValue) => field(0x4a, keyValue))))));

  it.each(strange.map(([name]) => name))('finds %j however it is written, and only what is there', (wanted) => {
    const orders = [strange, strange.toReversed(), strange.filter(([name]) => name === wanted)];
    for (const order of orders) {
      for (const missing of ['none', 'x'.repeat(wanted.length), 'y'.repeat(300)]) {
        const seen: boolean[] = [];
        run(
          admitBytes('traces', spanOf(order.map(([, keyValue]) => keyValue)), noClient, pool),
          { onSpan: ({ attributes }) => void seen.push(attributes.has(key(missing)), attributes.has(key(wanted))) },
          {
            onSpan: ({ attributes }) => {
              attributes.setString(key('new'), 'n');
              seen.push(attributes.has(key('new')), attributes.has(key(missing)), attributes.has(key(wanted)));
              attributes.delete(key(wanted));
            },
          },
          {
            onSpan: ({ attributes }) =>
              void seen.push(attributes.has(key('new')), attributes.has(key(wanted)), attributes.size === order.length),
          },
        );
        expect(seen).toEqual([missing === wanted, true, true, missing === wanted, true, true, false, true]);
      }
    }
  });

  it('finds nothing where there is nothing', () => {
    const seen: boolean[] = [];
    run(admitBytes('traces', spanOf([Buffer.alloc(0), Buffer.alloc(0)]), noClient, pool), {
      onSpan: ({ attributes }) => void seen.push(attributes.has(key('plain')), attributes.has(key(''))),
    });
    expect(seen).toEqual([false, true]);
  });
});

describe('a builder', () => {
  it('copies items under headers like those of others', () => {
    const moved = [key('host'), key('zone')];
    const builder = new BatchBuilder('traces', pool);
    const source = new BatchBuilder('traces', pool);
    const lib = source.resource({ host: 'h0', service: 'shop' }, 'https://r').scope('lib', '1', { s: 1n }, 'https://s');
    lib.span({ name: 'a', attributes: { host: 'h1', zone: true, k: 'v' } });
    lib.span({ name: 'b' });
    const out: unknown[] = [];
    run(source.finish()!, {
      onSpan: (span) => {
        builder.resourceWith(span.resource, span, moved).scopeLike(span.scope).copy(span);
        return 'drop';
      },
    });
    run(builder.finish()!, {
      onSpan: (span) => {
        const { resource, scope } = span;
        out.push([resource.attributes.toPlain(), resource.schemaUrl, scope.name, scope.version, scope.attributes.toPlain(), span.name]);
      },
    });
    expect(out).toEqual([
      [{ service: 'shop', host: 'h1', zone: true }, '', 'lib', '1', { s: 1n }, 'a'],
      [{ host: 'h0', service: 'shop' }, '', 'lib', '1', { s: 1n }, 'b'],
    ]);
  });

  it('copies data points under a metric like theirs, and only items of its signal', () => {
    const source = new BatchBuilder('metrics', pool);
    const sum = { name: 's', unit: 'By', type: 'sum', temporality: 1, isMonotonic: true } as const;
    for (const asInt of [1n, 2n]) source.resource().scope().metric(sum).point({ asInt });
    const builder = new BatchBuilder('metrics', pool);
    const traces = new BatchBuilder('traces', pool);
    const out: unknown[] = [];
    run(source.finish()!, {
      onDataPoint: (point) => {
        const scope = builder.resourceWith(point.resource, point, []).scopeLike(point.scope);
        scope.metricLike(point).copy(point);
        expect(() =>
          traces
            .resource()
            .scope()
            .copy(point as never),
        ).toThrow('a builder of traces takes no metrics');
        expect(() => scope.copy({} as never)).toThrow('not an item of metrics');
      },
    });
    run(builder.finish()!, {
      onDataPoint: ({ metric, int }) =>
        void out.push([metric.name, metric.unit, metric.type, metric.temporality, metric.isMonotonic, metric.size, int]),
    });
    expect(out).toEqual([
      ['s', 'By', 'sum', 1, true, 2, 1n],
      ['s', 'By', 'sum', 1, true, 2, 2n],
    ]);
  });
});
