import { describe, expect, it } from '@jest/globals';
import { BatchBuilder, ByteWriter, createBatch, key, keyPrefixes, keySet, noClient, setHashSeed, walk } from '@millrace/wire';
import type {
  AttributesView,
  ByteRange,
  DataPointView,
  ListView,
  LogView,
  Plain,
  ResourceView,
  ScopeView,
  SpanView,
  ValueView,
  Visitor,
} from '@millrace/wire';
import { expectSame, signals } from './meaning.ts';
import type { TestSignal } from './meaning.ts';
import { decode } from './reference.ts';
import type { PlainMessage } from './reference.ts';
import { Random, RandomRequest, keyTexts, pool, toBatch, walked } from './walk-harness.ts';

/** Every item with what it is in, in one shape for both readers. */
type Read = Record<string, unknown>;

const hex = (bytes: unknown): string => Buffer.from((bytes as Uint8Array | undefined) ?? []).toString('hex');
const rangeHex = ({ buffer, start, end }: ByteRange): string => buffer.toString('hex', start, end);
const list = (value: unknown): PlainMessage[] => (value as PlainMessage[] | undefined) ?? [];
const message = (value: unknown): PlainMessage => (value as PlainMessage | undefined) ?? {};

// ---- as the reference decodes it

function plain(value: PlainMessage): Plain {
  for (const [name, of] of Object.entries(value)) {
    if (name === 'arrayValue') return list(message(of)['values']).map(plain);
    if (name === 'kvlistValue')
      return Object.fromEntries(list(message(of)['values']).map((kv) => [kv['key'] ?? '', plain(message(kv['value']))]));
    if (name === 'bytesValue') return `bytes ${hex(of)}`;
    if (name !== '$unknown') return of as Plain;
  }
  return undefined;
}

const attributesOf = (value: unknown): unknown => list(value).map((kv) => [kv['key'] ?? '', plain(message(kv['value']))]);

const resourceOf = (group: PlainMessage): Read => {
  const resource = message(group['resource']);
  return {
    attributes: attributesOf(resource['attributes']),
    dropped: resource['droppedAttributesCount'] ?? 0,
    schemaUrl: group['schemaUrl'] ?? '',
    entities: list(resource['entityRefs']).map((e) => [
      e['schemaUrl'] ?? '',
      e['type'] ?? '',
      e['idKeys'] ?? [],
      e['descriptionKeys'] ?? [],
    ]),
  };
};

const scopeOf = (group: PlainMessage): Read => {
  const scope = message(group['scope']);
  return {
    name: scope['name'] ?? '',
    version: scope['version'] ?? '',
    attributes: attributesOf(scope['attributes']),
    dropped: scope['droppedAttributesCount'] ?? 0,
    schemaUrl: group['schemaUrl'] ?? '',
  };
};

const spanOf = (s: PlainMessage): Read => ({
  ids: [hex(s['traceId']), hex(s['spanId']), hex(s['parentSpanId'])],
  texts: [s['name'] ?? '', s['traceState'] ?? '', message(s['status'])['message'] ?? ''],
  numbers: [s['kind'] ?? 0, s['flags'] ?? 0, message(s['status'])['code'] ?? 0],
  times: [s['startTimeUnixNano'] ?? 0n, s['endTimeUnixNano'] ?? 0n],
  duration: Number(((s['endTimeUnixNano'] as bigint) ?? 0n) - ((s['startTimeUnixNano'] as bigint) ?? 0n)),
  dropped: [s['droppedAttributesCount'] ?? 0, s['droppedEventsCount'] ?? 0, s['droppedLinksCount'] ?? 0],
  attributes: attributesOf(s['attributes']),
  events: list(s['events']).map((e) => [
    e['name'] ?? '',
    e['timeUnixNano'] ?? 0n,
    attributesOf(e['attributes']),
    e['droppedAttributesCount'] ?? 0,
  ]),
  links: list(s['links']).map((l) => [
    hex(l['traceId']),
    hex(l['spanId']),
    l['traceState'] ?? '',
    l['flags'] ?? 0,
    attributesOf(l['attributes']),
    l['droppedAttributesCount'] ?? 0,
  ]),
});

const logOf = (l: PlainMessage): Read => ({
  body: plain(message(l['body'])),
  severity: [l['severityNumber'] ?? 0, l['severityText'] ?? ''],
  times: [l['timeUnixNano'] ?? 0n, l['observedTimeUnixNano'] ?? 0n],
  ids: [hex(l['traceId']), hex(l['spanId'])],
  rest: [l['eventName'] ?? '', l['flags'] ?? 0, l['droppedAttributesCount'] ?? 0],
  attributes: attributesOf(l['attributes']),
});

const numberOf = (p: PlainMessage): unknown[] => {
  const isInt = p['asInt'] !== undefined;
  return [isInt, isInt ? Number(p['asInt']) : (p['asDouble'] ?? 0), p['asInt'] ?? 0n];
};

const bucketsOf = (value: unknown): unknown[] => [message(value)['offset'] ?? 0, message(value)['bucketCounts'] ?? []];

function pointOf(metric: PlainMessage, type: string, p: PlainMessage): Read {
  const data = message(metric[type]);
  const isNumber = type === 'gauge' || type === 'sum';
  return {
    metric: [metric['name'] ?? '', metric['description'] ?? '', metric['unit'] ?? '', type, list(data['dataPoints']).length],
    kind: [data['aggregationTemporality'] ?? 0, data['isMonotonic'] ?? false, attributesOf(metric['metadata'])],
    times: [p['timeUnixNano'] ?? 0n, p['startTimeUnixNano'] ?? 0n, p['flags'] ?? 0],
    nanos: [Number(p['timeUnixNano'] ?? 0n), Number(p['startTimeUnixNano'] ?? 0n)],
    value: isNumber ? [p['asInt'] !== undefined || p['asDouble'] !== undefined, ...numberOf(p)] : [false, false, 0, 0n],
    sums: [p['count'] ?? 0n, p['sum'] ?? (type === 'summary' ? 0 : undefined), p['min'], p['max']],
    histogram: type === 'histogram' ? [p['bucketCounts'] ?? [], p['explicitBounds'] ?? []] : [[], []],
    exponential: [p['scale'] ?? 0, p['zeroCount'] ?? 0n, p['zeroThreshold'] ?? 0, bucketsOf(p['positive']), bucketsOf(p['negative'])],
    quantiles: list(p['quantileValues']).map((q) => [q['quantile'] ?? 0, q['value'] ?? 0]),
    exemplars: list(p['exemplars']).map((e) => [
      e['timeUnixNano'] ?? 0n,
      ...numberOf(e),
      hex(e['traceId']),
      hex(e['spanId']),
      attributesOf(e['filteredAttributes']),
    ]),
    attributes: attributesOf(p['attributes']),
  };
}

function expectedItems(signal: TestSignal, bytes: Uint8Array): Read[] {
  const items: Read[] = [];
  const request = decode(signal, bytes);
  for (const group of list(request[signal === 'traces' ? 'resourceSpans' : signal === 'logs' ? 'resourceLogs' : 'resourceMetrics'])) {
    for (const scoped of list(group['scopeSpans'] ?? group['scopeLogs'] ?? group['scopeMetrics'])) {
      const add = (item: Read): unknown => items.push({ resource: resourceOf(group), scope: scopeOf(scoped), ...item });
      list(scoped['spans']).forEach((span) => add(spanOf(span)));
      list(scoped['logRecords']).forEach((log) => add(logOf(log)));
      for (const metric of list(scoped['metrics'])) {
        for (const type of ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']) {
          for (const point of list(message(metric[type])['dataPoints'])) add(pointOf(metric, type, point));
        }
      }
    }
  }
  return items;
}

// ---- as the views show it

const all = <V, R>(views: ListView<V>, read: (view: V) => R): R[] => Array.from({ length: views.size }, (_, i) => read(views.at(i)));

function value(view: ValueView): Plain {
  switch (view.type) {
    case 'array':
      return Array.from({ length: view.size }, (_, i) => value(view.at(i)));
    case 'kvlist':
      return Object.fromEntries(attributes(view.entries) as [string, Plain][]);
    case 'bytes':
      return `bytes ${rangeHex(view.range())}`;
    case 'string':
      expect(rangeHex(view.range())).toBe(Buffer.from(view.string()).toString('hex'));
      return view.string();
    case 'int':
      expect(view.number()).toBe(Number(view.bigint()));
      return view.bigint();
    case 'double':
      return view.number();
    case 'bool':
      return view.boolean();
    default:
      return undefined;
  }
}

function attributes(view: AttributesView): unknown {
  const read: [string, Plain][] = [];
  for (let slot = view.first(); slot >= 0; slot = view.next(slot)) {
    expect(rangeHex(view.keyRangeAt(slot))).toBe(Buffer.from(view.keyAt(slot)).toString('hex'));
    read.push([view.keyAt(slot), value(view.valueAt(slot))]);
  }
  expect(view.size).toBe(read.length);
  return read;
}

const resource = (r: ResourceView): Read => ({
  attributes: attributes(r.attributes),
  dropped: r.droppedAttributesCount,
  schemaUrl: r.schemaUrl,
  entities: all(r.entityRefs, (e) => [e.schemaUrl, e.type, e.idKeys, e.descriptionKeys]),
});

const scope = (s: ScopeView): Read => ({
  name: s.name,
  version: s.version,
  attributes: attributes(s.attributes),
  dropped: s.droppedAttributesCount,
  schemaUrl: s.schemaUrl,
});

class Reader implements Visitor {
  readonly items: Read[] = [];

  onSpan(s: SpanView): void {
    expect([rangeHex(s.traceId()), rangeHex(s.spanId()), rangeHex(s.parentSpanId())]).toEqual([
      s.traceIdHex,
      s.spanIdHex,
      s.parentSpanIdHex,
    ]);
    expect(rangeHex(s.nameRange())).toBe(Buffer.from(s.name).toString('hex'));
    expect(s.nameEquals(key(s.name))).toBe(true);
    expect(s.nameEquals(key(`${s.name}.`))).toBe(false);
    this.items.push({
      resource: resource(s.resource),
      scope: scope(s.scope),
      ids: [s.traceIdHex, s.spanIdHex, s.parentSpanIdHex],
      texts: [s.name, s.traceState, s.statusMessage],
      numbers: [s.kind, s.flags, s.statusCode],
      times: [s.startTimeUnixNano, s.endTimeUnixNano],
      duration: s.durationNanos,
      dropped: [s.droppedAttributesCount, s.droppedEventsCount, s.droppedLinksCount],
      attributes: attributes(s.attributes),
      events: all(s.events, (e) => [e.name, e.timeUnixNano, attributes(e.attributes), e.droppedAttributesCount]),
      links: all(s.links, (l) => {
        expect([rangeHex(l.traceId()), rangeHex(l.spanId())]).toEqual([l.traceIdHex, l.spanIdHex]);
        return [l.traceIdHex, l.spanIdHex, l.traceState, l.flags, attributes(l.attributes), l.droppedAttributesCount];
      }),
    });
  }

  onLog(l: LogView): void {
    expect([rangeHex(l.traceId()), rangeHex(l.spanId())]).toEqual([l.traceIdHex, l.spanIdHex]);
    this.items.push({
      resource: resource(l.resource),
      scope: scope(l.scope),
      body: value(l.body),
      severity: [l.severityNumber, l.severityText],
      times: [l.timeUnixNano, l.observedTimeUnixNano],
      ids: [l.traceIdHex, l.spanIdHex],
      rest: [l.eventName, l.flags, l.droppedAttributesCount],
      attributes: attributes(l.attributes),
    });
  }

  onDataPoint(p: DataPointView): void {
    const m = p.metric;
    expect(m.nameIn(keySet([m.name]))).toBe(true);
    expect([scope(m.scope), resource(m.resource)]).toEqual([scope(p.scope), resource(p.resource)]);
    this.items.push({
      resource: resource(p.resource),
      scope: scope(p.scope),
      metric: [m.name, m.description, m.unit, m.type, m.size],
      kind: [m.temporality, m.isMonotonic, attributes(m.metadata)],
      times: [p.timeUnixNano, p.startTimeUnixNano, p.flags],
      nanos: [p.timeNanos, p.startTimeNanos],
      value: [p.hasValue, p.isInt, p.number, p.int],
      sums: [p.count, p.sum, p.min, p.max],
      histogram: [
        Array.from({ length: p.bucketCounts }, (_, i) => p.bucketCount(i)),
        Array.from({ length: p.bounds }, (_, i) => p.bound(i)),
      ],
      exponential: [
        p.scale,
        p.zeroCount,
        p.zeroThreshold,
        ...[p.positive, p.negative].map((b) => [b.offset, Array.from({ length: b.size }, (_, i) => b.at(i))]),
      ],
      quantiles: all(p.quantiles, (q) => [q.quantile, q.value]),
      exemplars: all(p.exemplars, (e) => {
        expect([rangeHex(e.traceId()), rangeHex(e.spanId())]).toEqual([e.traceIdHex, e.spanIdHex]);
        return [e.timeUnixNano, e.isInt, e.number, e.int, e.traceIdHex, e.spanIdHex, attributes(e.attributes)];
      }),
      attributes: attributes(p.attributes),
    });
  }
}

describe('views', () => {
  it.each(signals)('show what an independent decoder reads: %s', (signal) => {
    const requests = new RandomRequest(new Random(11));
    let items = 0;
    for (let i = 0; i < 60; i++) {
      const bytes = requests.bytes(signal);
      const reader = new Reader();
      expect(walked(signal, bytes, reader)?.equals(bytes)).toBe(true);
      expectSame(reader.items, expectedItems(signal, bytes));
      items += reader.items.length;
    }
    expect(items).toBeGreaterThan(100);
  });

  it('look attributes up by key with the type asked for', () => {
    const requests = new RandomRequest(new Random(12));
    const seen = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const bytes = requests.bytes('logs');
      const expected = expectedItems('logs', bytes).map((item) => new Map((item['attributes'] as [string, Plain][]).toReversed()));
      let next = 0;
      walked('logs', bytes, {
        onLog: ({ attributes: a }) => {
          const want = expected[next++]!;
          for (const text of [...keyTexts, 'absent']) {
            const k = key(text);
            const is = want.get(text);
            const view = a.value(k);
            expect(a.has(k)).toBe(want.has(text));
            expect(view === undefined ? undefined : value(view)).toEqual(is);
            const slot = a.find(k);
            if (slot < 0) continue;
            const type = a.typeAt(slot);
            seen.add(type);
            expect(a.string(k)).toBe(type === 'string' ? is : undefined);
            expect(a.number(k)).toBe(type === 'int' || type === 'double' ? Number(is) : undefined);
            expect(a.bigint(k)).toBe(type === 'int' ? is : undefined);
            expect(a.boolean(k)).toBe(type === 'bool' ? is : undefined);
            const copy = new ByteWriter();
            a.copyAt(slot, copy, 0x32);
            const record = decode('LogRecord', copy.buffer.subarray(0, copy.position));
            expect(attributesOf(record['attributes'])).toEqual([[text, is]]);
            expect(a.keyIn(slot, keySet([text, 'other']))).toBe(true);
            expect(a.keyIn(slot, keySet(['other']))).toBe(false);
            if (type === 'string') {
              expect(a.equals(k, key(is as string))).toBe(true);
              expect(a.equals(k, key(`${is as string}!`))).toBe(false);
              expect(rangeHex(a.rangeAt(slot))).toBe(Buffer.from(is as string).toString('hex'));
            }
          }
        },
      });
    }
    expect([...seen].toSorted()).toEqual(['array', 'bool', 'bytes', 'double', 'empty', 'int', 'kvlist', 'string']);
  });

  it('tell whether a key begins with a prefix, before attributes are taken apart, after that, and after edits', () => {
    const requests = new RandomRequest(new Random(13));
    const seen = new Set<boolean>();
    const prefixes = keyTexts.filter((text) => text !== '').map((text) => text.slice(0, 2));
    for (let i = 0; i < 40; i++) {
      const bytes = requests.bytes('logs');
      const expected = expectedItems('logs', bytes).map((item) => (item['attributes'] as [string, Plain][]).map(([name]) => name));
      let next = 0;
      walked('logs', bytes, {
        onLog: ({ attributes: a }) => {
          const names = expected[next++]!;
          const prefix = prefixes[i % prefixes.length]!;
          const asked = keyPrefixes([prefix, 'none']);
          const is = names.some((name) => name.startsWith(prefix));
          seen.add(is);
          expect(a.hasPrefix(asked)).toBe(is);
          if (a.first() >= 0) expect(a.hasPrefix(asked)).toBe(is);
          a.setString(key(`${prefix}new`), 'x');
          expect(a.hasPrefix(asked)).toBe(true);
          for (let slot = a.first(); slot >= 0; slot = a.next(slot)) if (a.keyAt(slot).startsWith(prefix)) a.deleteAt(slot);
          expect(a.hasPrefix(asked)).toBe(false);
        },
      });
    }
    expect(seen.size).toBe(2);
  });

  it('turn single values into plain ones', () => {
    const wanted = {
      text: 'a',
      int: -5n,
      double: 0.5,
      flag: true,
      list: ['x', undefined, [1n]],
      map: { deep: { deeper: 'y' } },
      none: undefined,
    };
    const builder = new BatchBuilder('logs', pool);
    builder
      .resource()
      .scope()
      .log({ attributes: wanted, body: { ...wanted, bytes: Uint8Array.of(1, 2) } });
    using batch = builder.finish()!;
    let calls = 0;
    const visitor: Visitor = {
      onLog: (log) => {
        calls++;
        expect(log.attributes.toPlain()).toEqual(wanted);
        expect(log.body.toPlain()).toEqual({ ...wanted, bytes: Uint8Array.of(1, 2) });
        expect(log.body.entries.size).toBe(8);
        expect(log.body.entries.value(key('map'))?.entries.value(key('deep'))?.entries.string(key('deeper'))).toBe('y');
        const text = log.attributes.value(key('text'))!;
        expect([text.number(), text.bigint(), text.boolean(), text.size, text.entries.size]).toEqual([NaN, 0n, false, 0, 0]);
        expect(() => text.at(0)).toThrow(RangeError);
        expect(log.attributes.value(key('int'))!.string()).toBe('');
      },
      onDataPoint: () => expect(true).toBe(false),
    };
    expect(walk([visitor], (_, error) => expect(error).toBeUndefined()).run(batch)).toBe(batch);
    expect(calls).toBe(1);
  });

  it('throw for list entries and elements that are not there', () => {
    const bytes = new RandomRequest(new Random(5)).large('traces');
    walked('traces', bytes, {
      onSpan: (span) => {
        expect(() => span.events.at(span.events.size)).toThrow(RangeError);
        expect(() => span.links.at(-1)).toThrow(RangeError);
        span.attributes.setPlain(key('list'), [1n, 'two']);
        const view = span.attributes.value(key('list'));
        expect(view?.at(1).string()).toBe('two');
        expect(view?.at(0).bigint()).toBe(1n);
        expect(() => view?.at(2)).toThrow(RangeError);
      },
    });
  });

  it('hash equal sets of attributes alike, in any order, edited or not, and differently under another seed', () => {
    const hashes = (names: readonly string[]): string[] => {
      const bytes = new RandomRequest(new Random(3)).large('traces');
      const found: string[] = [];
      const into = new Uint32Array(2);
      const visitor: Visitor = {
        onSpan: (span) => {
          for (let slot = span.attributes.first(); slot >= 0; slot = span.attributes.next(slot)) span.attributes.deleteAt(slot);
          for (const name of names) span.attributes.setString(key(name), `value of ${name}`);
          span.attributes.hash64(into);
          found.push(into.join(' '));
        },
      };
      const once = walked('traces', bytes, visitor)!;
      // The same from the bytes that the edits became.
      walked('traces', once, {
        onSpan: (span) => {
          span.attributes.hash64(into);
          found.push(into.join(' '));
        },
      });
      expect(found.length).toBeGreaterThan(2);
      return [...new Set(found)];
    };
    setHashSeed(1, 2);
    const [hash, ...others] = hashes(['first', 'second', 'third']);
    expect(others).toEqual([]);
    expect(hashes(['third', 'first', 'second'])).toEqual([hash]);
    expect(hashes(['third', 'first'])).not.toEqual([hash]);
    setHashSeed(1, 3);
    expect(hashes(['first', 'second', 'third'])).not.toEqual([hash]);
  });

  it('hash different attributes differently', () => {
    const builder = new BatchBuilder('logs', pool);
    const scope = builder.resource().scope();
    for (let i = 0; i < 5000; i++) {
      scope.log({ attributes: { user: `user-${i}`, n: 1n } });
      scope.log({ attributes: { user: 'user', n: BigInt(i) } });
      // The same bytes, shared out differently between two attributes.
      scope.log({ attributes: { a: `${i}x`, b: 'y' } });
      scope.log({ attributes: { a: `${i}`, b: 'xy' } });
    }
    using batch = builder.finish()!;
    const into = new Uint32Array(2);
    const hashes = new Set<string>();
    const halves = new Set<number>();
    walk(
      [
        {
          onLog: (log) => {
            log.attributes.hash64(into);
            hashes.add(into.join(' '));
            halves.add(into[0]!);
          },
        },
      ],
      () => {},
    ).run(batch);
    expect(hashes.size).toBe(20_000);
    // By chance about 20,000² / 2^33 of 32-bit hashes coincide.
    expect(halves.size).toBeGreaterThan(19_990);
  });
});

describe('a walk', () => {
  it('returns the batch itself when nothing changes and leases nothing', () => {
    const bytes = new RandomRequest(new Random(1)).large('traces');
    const batch = toBatch('traces', bytes);
    const { accounted } = batch.pool.ledger;
    const during: number[] = [];
    const run = walk([{ onSpan: () => void during.push(batch.pool.ledger.accounted) }], () => {});
    expect(run.run(batch)).toBe(batch);
    expect(new Set(during)).toEqual(new Set([accounted]));
    batch.release();
  });

  it('passes profiles on unseen and counts them', () => {
    const group = walk([{ onResource: () => 'drop' }], () => {});
    const lease = pool.lease(4);
    using profiles = createBatch('profiles', lease, 0, 4, 7, noClient);
    expect(group.run(profiles)).toBe(profiles);
    expect([...group.counters]).toEqual([7, 0, 0]);
  });

  it('takes at most 31 visitors, an upward visitor only alone, and is not entered twice', () => {
    const none = (): void => {};
    expect(() =>
      walk(
        Array.from({ length: 32 }, () => ({})),
        none,
      ),
    ).toThrow('at most 31');
    expect(() => walk([{}, { traits: { editsUpward: true } }], none)).toThrow('must be alone');
    const bytes = new RandomRequest(new Random(1)).large('traces');
    using batch = toBatch('traces', bytes);
    const errors: unknown[] = [];
    const group = walk([{ onResource: () => void group.run(batch) }], (_, error) => errors.push(error));
    expect(group.run(batch)).toBe(batch);
    expect(errors[0]).toEqual(new Error('a walk was started by one of its own hooks'));
  });
});
