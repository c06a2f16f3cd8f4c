import { describe, expect, it } from '@jest/globals';
import { ByteWriter, key, walk } from '@millrace/wire';
import type { AttributesEdit, Plain, ResourceEdit, ScopeEdit, Visitor } from '@millrace/wire';
import { expectSame, meaning, signals } from './meaning.ts';
import type { TestSignal } from './meaning.ts';
import { decode, encode } from './reference.ts';
import type { PlainMessage } from './reference.ts';
import { Random, RandomRequest, expectAdmissible, pool, toBatch, walked } from './walk-harness.ts';

type Edit = [what: string, signal: TestSignal, visitor: Visitor, change: (request: PlainMessage) => void];

// ---- the same edits on decoded objects

const list = (value: unknown): PlainMessage[] => (value as PlainMessage[] | undefined) ?? [];
const message = (value: unknown): PlainMessage => (value as PlainMessage | undefined) ?? {};
const dataTypes = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
const groupNames = { traces: 'resourceSpans', logs: 'resourceLogs', metrics: 'resourceMetrics' };
const scopeNames = { traces: 'scopeSpans', logs: 'scopeLogs', metrics: 'scopeMetrics' };
const childNames = { traces: 'spans', logs: 'logRecords', metrics: 'metrics' };

const groups = (signal: TestSignal, request: PlainMessage): PlainMessage[] => list(request[groupNames[signal]]);
const scopes = (signal: TestSignal, request: PlainMessage): PlainMessage[] =>
  groups(signal, request).flatMap((g) => list(g[scopeNames[signal]]));
const children = (signal: TestSignal, request: PlainMessage): PlainMessage[] =>
  scopes(signal, request).flatMap((s) => list(s[childNames[signal]]));
const dataOf = (metric: PlainMessage): PlainMessage => message(metric[dataTypes.find((type) => metric[type] !== undefined) ?? '']);
const points = (request: PlainMessage): PlainMessage[] => children('metrics', request).flatMap((m) => list(dataOf(m)['dataPoints']));
const part = (of: PlainMessage, name: string, create = true): PlainMessage => {
  if (create) of[name] ??= {};
  return message(of[name]);
};

function any(value: Plain): PlainMessage {
  if (value === undefined) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: value };
  if (typeof value === 'number') return { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: (value as Plain[]).map(any) } };
  return { kvlistValue: { values: Object.entries(value).map(([name, one]) => ({ key: name, value: any(one) })) } };
}

function set(of: PlainMessage, name: string, value: Plain, field = 'attributes'): void {
  const attributes = (of[field] ??= []) as PlainMessage[];
  const found = attributes.find((kv) => (kv['key'] ?? '') === name);
  if (found === undefined) attributes.push({ key: name, value: any(value) });
  else found['value'] = any(value);
}

function remove(of: PlainMessage, name: string, field = 'attributes'): void {
  const attributes = list(of[field]);
  const at = attributes.findIndex((kv) => (kv['key'] ?? '') === name);
  if (at >= 0) attributes.splice(at, 1);
}

/** Keeps what `keep` says and removes parents that lost everything. */
function filter(signal: TestSignal, request: PlainMessage, keep: (item: PlainMessage) => boolean): void {
  const without = (of: PlainMessage, name: string, keepChild: (child: PlainMessage) => boolean): boolean => {
    const before = list(of[name]);
    of[name] = before.filter((child) => keepChild(child));
    return before.length === 0 || list(of[name]).length > 0;
  };
  const keepMetric = (metric: PlainMessage): boolean => without(dataOf(metric), 'dataPoints', keep);
  without(request, groupNames[signal], (group) =>
    without(group, scopeNames[signal], (scope) => without(scope, childNames[signal], signal === 'metrics' ? keepMetric : keep)),
  );
}

// ---- edits

const nested: Plain = { text: 'a', list: [1n, 2.5, true, undefined, { deep: ['x'.repeat(200)] }], bytes: Uint8Array.of(1, 2, 3) };
const long = 'long '.repeat(60);

/** Every way to set an attribute. */
const values: [how: string, edit: (a: AttributesEdit) => void, name: string, value: Plain][] = [
  ['setString', (a) => a.setString(key('a'), 'new'), 'a', 'new'],
  ['setString of a long text', (a) => a.setString(key('b'), long), 'b', long],
  ['setString of a literal', (a) => a.setString(key('http.route'), key('/ключ')), 'http.route', '/ключ'],
  ['setString of nothing', (a) => a.setString(key('a'), ''), 'a', ''],
  ['setInt', (a) => a.setInt(key('a'), 300), 'a', 300n],
  ['setInt of a negative', (a) => a.setInt(key('a'), -7), 'a', -7n],
  ['setInt beyond 32 bits', (a) => a.setInt(key('a'), 2 ** 40), 'a', 2n ** 40n],
  ['setInt of the least bigint', (a) => a.setInt(key('a'), -(2n ** 63n)), 'a', -(2n ** 63n)],
  ['setInt of the largest bigint', (a) => a.setInt(key('a'), 2n ** 63n - 1n), 'a', 2n ** 63n - 1n],
  ['setDouble', (a) => a.setDouble(key('a'), -0.5), 'a', -0.5],
  ['setBoolean', (a) => a.setBoolean(key('a'), false), 'a', false],
  ['setPlain', (a) => a.setPlain(key('a'), nested), 'a', nested],
  ['setPlain of nothing', (a) => a.setPlain(key('a'), undefined), 'a', undefined],
  ['setPlain of a new key', (a) => a.setPlain(key('brand new'), []), 'brand new', []],
];

const onAttributes: Record<
  string,
  [TestSignal, (edit: (a: AttributesEdit) => void) => Visitor, (request: PlainMessage, create: boolean) => PlainMessage[], string?]
> = {
  'a resource': [
    'traces',
    (edit) => ({ onResource: (r) => edit(r.attributes) }),
    (request, create) => groups('traces', request).map((g) => part(g, 'resource', create)),
  ],
  'a scope': [
    'logs',
    (edit) => ({ onScope: (s) => edit(s.attributes) }),
    (request, create) => scopes('logs', request).map((s) => part(s, 'scope', create)),
  ],
  'a span': ['traces', (edit) => ({ onSpan: (s) => edit(s.attributes) }), (request) => children('traces', request)],
  'an event': [
    'traces',
    (edit) => ({
      onSpan: ({ events }) => {
        for (let i = 0; i < events.size; i++) edit(events.at(i).attributes);
      },
    }),
    (request) => children('traces', request).flatMap((span) => list(span['events'])),
  ],
  'a link': [
    'traces',
    (edit) => ({
      onSpan: ({ links }) => {
        for (let i = links.size - 1; i >= 0; i--) edit(links.at(i).attributes);
      },
    }),
    (request) => children('traces', request).flatMap((span) => list(span['links'])),
  ],
  'a log record': ['logs', (edit) => ({ onLog: (l) => edit(l.attributes) }), (request) => children('logs', request)],
  'a data point': ['metrics', (edit) => ({ onDataPoint: (p) => edit(p.attributes) }), points],
  'an exemplar': [
    'metrics',
    (edit) => ({
      onDataPoint: ({ exemplars }) => {
        for (let i = 0; i < exemplars.size; i++) edit(exemplars.at(i).attributes);
      },
    }),
    (request) => points(request).flatMap((point) => list(point['exemplars'])),
    'filteredAttributes',
  ],
};

const attributeEdits = Object.entries(onAttributes).flatMap(([where, [signal, visitor, owners, field]]): Edit[] => [
  ...values.map(([how, edit, name, value]): Edit => [
    `${how} on ${where}`,
    signal,
    visitor(edit),
    (request) => owners(request, true).forEach((owner) => set(owner, name, value, field)),
  ]),
  [
    `delete and set again on ${where}`,
    signal,
    visitor((a) => {
      a.delete(key('a'));
      expect(a.delete(key('a'))).toBe(false);
      expect(a.has(key('a'))).toBe(false);
      a.setInt(key('a'), 1);
      expect(a.number(key('a'))).toBe(1);
      a.setString(key('later'), 'x');
      a.delete(key('later'));
      a.delete(key('b'));
    }),
    (request) =>
      owners(request, true).forEach((owner) => {
        remove(owner, 'a', field);
        set(owner, 'a', 1n, field);
        remove(owner, 'b', field);
      }),
  ],
  [
    `edits by slot on ${where}`,
    signal,
    visitor((a) => {
      const first = a.first();
      if (first < 0) return;
      a.setStringAt(first, 'first');
      const second = a.next(first);
      if (second < 0) return;
      a.setPlainAt(second, nested);
      const third = a.next(second);
      if (third >= 0) a.deleteAt(third);
      expect(a.size).toBeGreaterThanOrEqual(2);
    }),
    (request) =>
      owners(request, false).forEach((owner) => {
        const attributes = list(owner[field ?? 'attributes']);
        if (attributes[0] !== undefined) attributes[0]['value'] = any('first');
        if (attributes[1] !== undefined) attributes[1]['value'] = any(nested);
        attributes.splice(2, 1);
      }),
  ],
]);

const isShort = (text: unknown): boolean => ((text as string | undefined) ?? '').length < 2;
const isNumber = (metric: PlainMessage): boolean => metric['gauge'] !== undefined || metric['sum'] !== undefined;

const fieldEdits: Edit[] = [
  [
    'span name and trace state',
    'traces',
    {
      onSpan: (s) => {
        s.setName(long);
        s.setTraceState('k=v');
        expect([s.name, s.traceState]).toEqual([long, 'k=v']);
      },
    },
    (request) => children('traces', request).forEach((s) => Object.assign(s, { name: long, traceState: 'k=v' })),
  ],
  [
    'span status with a message',
    'traces',
    {
      onSpan: (s) => {
        s.setStatus(2, 'broken');
        expect([s.statusCode, s.statusMessage]).toEqual([2, 'broken']);
      },
    },
    (request) => children('traces', request).forEach((s) => Object.assign(part(s, 'status'), { code: 2, message: 'broken' })),
  ],
  [
    'span status without a message',
    'traces',
    { onSpan: (s) => s.setStatus(1) },
    (request) => children('traces', request).forEach((s) => Object.assign(part(s, 'status'), { code: 1 })),
  ],
  [
    'event names and dropped events and links',
    'traces',
    {
      onSpan: ({ events, links }) => {
        for (let i = 0; i < events.size; i++) events.at(i).setName(`event ${i}`);
        if (events.size > 1) events.drop(1);
        for (let i = 0; i < links.size; i++) links.drop(i);
        for (let i = 0; i < events.size; i++) expect([events.at(i).name, events.isDropped(i)]).toEqual([`event ${i}`, i === 1]);
      },
    },
    (request) =>
      children('traces', request).forEach((span) => {
        list(span['events']).forEach((event, i) => (event['name'] = `event ${i}`));
        list(span['events']).splice(1, 1);
        span['links'] = [];
      }),
  ],
  [
    'dropped spans',
    'traces',
    { onSpan: (s) => (isShort(s.name) ? 'drop' : undefined) },
    (r) => filter('traces', r, (s) => !isShort(s['name'])),
  ],
  [
    'log body and severity',
    'logs',
    {
      onLog: (l) => {
        l.setBody(nested);
        l.setSeverity(17, 'ERROR');
        expect(l.body.entries.string(key('text'))).toBe('a');
        expect([l.severityNumber, l.severityText]).toEqual([17, 'ERROR']);
      },
    },
    (request) =>
      children('logs', request).forEach((l) => Object.assign(l, { body: any(nested), severityNumber: 17, severityText: 'ERROR' })),
  ],
  [
    'log severity number alone, and an empty body',
    'logs',
    {
      onLog: (l) => {
        l.setSeverity(0);
        l.setBody(undefined);
      },
    },
    (request) => children('logs', request).forEach((l) => Object.assign(l, { severityNumber: 0, body: {} })),
  ],
  [
    'dropped log records',
    'logs',
    { onLog: (l) => (l.severityNumber < 12 ? 'drop' : undefined) },
    (r) => filter('logs', r, (l) => Number(l['severityNumber'] ?? 0) >= 12),
  ],
  [
    'scope name and version',
    'metrics',
    {
      onScope: (s) => {
        s.setName('scope');
        s.setVersion(long);
      },
    },
    (request) => scopes('metrics', request).forEach((s) => Object.assign(part(s, 'scope'), { name: 'scope', version: long })),
  ],
  ...signals.map((signal): Edit => [
    `schema URLs of ${signal}`,
    signal,
    {
      onResource: (r) => {
        const before = r.schemaUrl;
        r.addSchemaUrl(key('https://added'));
        r.addSchemaUrl(key('https://too-late'));
        expect(r.schemaUrl).toBe(before === '' ? 'https://added' : before);
      },
    },
    (request) =>
      groups(signal, request).forEach((group) => {
        if ((group['schemaUrl'] ?? '') === '') group['schemaUrl'] = 'https://added';
      }),
  ]),
  [
    'metric name, unit and description',
    'metrics',
    {
      onMetric: (m) => {
        m.setName('metric');
        m.setUnit('By');
        m.setDescription(long);
        expect([m.name, m.unit, m.description]).toEqual(['metric', 'By', long]);
      },
    },
    (request) => children('metrics', request).forEach((m) => Object.assign(m, { name: 'metric', unit: 'By', description: long })),
  ],
  [
    'values of number points',
    'metrics',
    {
      onDataPoint: (p) => {
        if (p.metric.type === 'gauge') {
          p.setInt(-5n);
          expect([p.int, p.number, p.isInt]).toEqual([-5n, -5, true]);
        }
        if (p.metric.type === 'sum') {
          p.setDouble(2.5);
          expect([p.int, p.number, p.isInt]).toEqual([0n, 2.5, false]);
        }
        if (p.metric.type === 'histogram') expect(() => p.setInt(1n)).toThrow(TypeError);
      },
    },
    (request) =>
      children('metrics', request)
        .filter(isNumber)
        .forEach((m) =>
          list(dataOf(m)['dataPoints']).forEach((p) => {
            delete p['asInt'];
            delete p['asDouble'];
            Object.assign(p, m['gauge'] === undefined ? { asDouble: 2.5 } : { asInt: -5n });
          }),
        ),
  ],
  [
    'dropped exemplars',
    'metrics',
    {
      onDataPoint: ({ exemplars }) => {
        if (exemplars.size > 0) exemplars.drop(0);
      },
    },
    (request) => points(request).forEach((p) => list(p['exemplars']).shift()),
  ],
  [
    'dropped data points',
    'metrics',
    { onDataPoint: (p) => (p.flags === 1 ? 'drop' : undefined) },
    (r) => filter('metrics', r, (p) => p['flags'] !== 1),
  ],
  [
    'dropped metrics',
    'metrics',
    { onMetric: (m) => (m.type === 'sum' ? 'drop' : undefined) },
    (request) => {
      const keep = (m: PlainMessage): boolean => m['sum'] === undefined;
      const kept = (of: PlainMessage, name: string, keepChild: (child: PlainMessage) => boolean): boolean => {
        const before = list(of[name]);
        of[name] = before.filter(keepChild);
        return before.length === 0 || list(of[name]).length > 0;
      };
      kept(request, 'resourceMetrics', (g) => kept(g, 'scopeMetrics', (s) => kept(s, 'metrics', keep)));
    },
  ],
  [
    'dropped scopes',
    'logs',
    { onScope: (s) => (isShort(s.name) ? 'drop' : undefined) },
    (request) => {
      for (const group of groups('logs', request)) {
        const before = list(group['scopeLogs']);
        group['scopeLogs'] = before.filter((s) => !isShort(message(s['scope'])['name']));
        group['lost'] = before.length > 0 && list(group['scopeLogs']).length === 0;
      }
      request['resourceLogs'] = groups('logs', request).filter((g) => g['lost'] !== true);
      for (const group of groups('logs', request)) delete group['lost'];
    },
  ],
  [
    'dropped resources',
    'traces',
    { onResource: (r) => (r.attributes.size < 2 ? 'drop' : undefined) },
    (request) =>
      (request['resourceSpans'] = groups('traces', request).filter((g) => list(message(g['resource'])['attributes']).length >= 2)),
  ],
  [
    'appended data points',
    'metrics',
    {
      onMetricEnd: (m, append) => {
        if (m.type === 'summary') {
          const bytes = new ByteWriter();
          bytes.byte(0x21);
          bytes.fixed64(3n);
          append.point(bytes);
        }
        if (m.type !== 'sum' && m.type !== 'histogram') return;
        append.begin();
        expect(() => append.point(new ByteWriter())).toThrow('begun and not ended');
        append.time(1n, 2n);
        if (m.type === 'sum') append.double(0.5);
        else append.histogram({ count: 3n, sum: 4, counts: BigUint64Array.of(1n, 2n), bounds: Float64Array.of(5) });
        append.attribute(key('otel.metric.overflow'), true);
        append.end();
      },
    },
    (request) =>
      children('metrics', request).forEach((m) => {
        const data = list(dataOf(m)['dataPoints']);
        if (m['summary'] !== undefined && data.length > 0) data.push({ count: 3n });
        if ((m['sum'] === undefined && m['histogram'] === undefined) || data.length === 0) return;
        const common = { startTimeUnixNano: 1n, timeUnixNano: 2n, attributes: [{ key: 'otel.metric.overflow', value: any(true) }] };
        const distribution = { count: 3n, sum: 4, bucketCounts: [1n, 2n], explicitBounds: [5] };
        data.push(m['sum'] === undefined ? { ...common, ...distribution } : { ...common, asDouble: 0.5 });
      }),
  ],
];

const random = new RandomRequest(new Random(77));
const some = (signal: TestSignal): Buffer[] => Array.from({ length: 6 }, () => random.bytes(signal));
const requestsOf = { traces: some('traces'), logs: some('logs'), metrics: some('metrics') };

describe('an edit through a walk', () => {
  it.each<Edit>([...attributeEdits, ...fieldEdits])('equals the same edit of the decoded message: %s', (_, signal, visitor, change) => {
    for (const bytes of requestsOf[signal]) {
      const request = decode(signal, bytes);
      change(request);
      const expected = encode(signal, request);
      expectSame(meaning(signal, walked(signal, bytes, visitor) ?? new Uint8Array(0)), meaning(signal, expected));
    }
  });

  it.each(signals)('leaves nothing when everything is dropped: %s', (signal) => {
    const bytes = new RandomRequest(new Random(1)).large(signal);
    expect(walked(signal, bytes, { onResource: () => 'drop' })).toBeUndefined();
  });

  it('may be as large and as many as it likes', () => {
    const huge = 'h'.repeat(1_500_000);
    const kvs = Array.from({ length: 100 }, (_, i) => ({ key: `key ${i}`, value: any(BigInt(i)) }));
    const events = Array.from({ length: 30 }, (_, i) => ({ name: `event ${i}`, timeUnixNano: BigInt(i) }));
    const request = { resourceSpans: [{ scopeSpans: [{ spans: [{ attributes: kvs, events }, { name: 'second' }] }] }] };
    const visitor: Visitor = {
      onSpan: ({ attributes, events: list }) => {
        for (let i = 0; i < 100; i++) attributes.setString(key(`key ${i}`), `value ${i}`);
        for (let i = 0; i < 100; i++) attributes.setString(key(`new ${i}`), `value ${i}`);
        attributes.setString(key('huge'), huge);
        for (let i = 0; i < list.size; i++) list.at(i).setName(huge.slice(0, 20_000 + i));
        for (let i = 0; i < list.size; i += 2) list.drop(i);
      },
    };
    const expected = decode('traces', encode('traces', request));
    for (const span of children('traces', expected)) {
      for (let i = 0; i < 100; i++) set(span, `key ${i}`, `value ${i}`);
      for (let i = 0; i < 100; i++) set(span, `new ${i}`, `value ${i}`);
      set(span, 'huge', huge);
      list(span['events']).forEach((event, i) => (event['name'] = huge.slice(0, 20_000 + i)));
      span['events'] = list(span['events']).filter((_, i) => i % 2 === 1);
    }
    const result = walked('traces', encode('traces', request), visitor)!;
    expectSame(meaning('traces', result), meaning('traces', encode('traces', expected)));
  });

  it('refuses what no field can hold and changes nothing', () => {
    const bytes = new RandomRequest(new Random(1)).large('traces');
    let cycle: Plain = [];
    cycle = [cycle];
    (cycle as Plain[])[0] = cycle;
    const visitor: Visitor = {
      onSpan: ({ attributes: a }) => {
        expect(() => a.setInt(key('new'), 1.5)).toThrow(RangeError);
        expect(() => a.setInt(key('new'), 2n ** 63n)).toThrow(RangeError);
        expect(() => a.setPlain(key('new'), cycle)).toThrow('nested deeper');
        expect(a.has(key('new'))).toBe(false);
      },
    };
    expect(walked('traces', bytes, visitor)?.equals(bytes)).toBe(true);
  });

  it('is undone when its hook throws, and only then', () => {
    const bytes = new RandomRequest(new Random(21)).large('traces');
    const reports: unknown[] = [];
    const group = walk(
      [
        {
          onResource: (r) => {
            r.attributes.setString(key('lost'), 'resource');
            throw new Error('resource');
          },
          onSpan: (s) => {
            s.setName('kept');
            if (s.events.size > 0) s.events.at(0).setName('kept');
          },
        },
        {
          onSpan: (s) => {
            s.setName('lost');
            s.setStatus(2, 'lost');
            s.attributes.setString(key('lost'), 'span');
            for (let i = 0; i < s.events.size; i++) {
              s.events.at(i).setName('lost');
              s.events.drop(i);
            }
            throw new Error('span');
          },
          onResourceEnd: () => {
            throw new Error('resource end');
          },
          onBatchEnd: () => {
            throw new Error('batch end');
          },
        },
      ],
      (visitor, error) => reports.push([visitor, (error as Error).message]),
    );
    using batch = toBatch('traces', bytes);
    using result = group.run(batch)!;
    const expected = decode('traces', bytes);
    for (const span of children('traces', expected)) {
      span['name'] = 'kept';
      const [event] = list(span['events']);
      if (event !== undefined) event['name'] = 'kept';
    }
    expectSame(meaning('traces', result.bytes), meaning('traces', encode('traces', expected)));
    expect(new Set(reports.map(String))).toEqual(new Set(['0,resource', '1,span', '1,resource end', '1,batch end']));
    expect(reports.filter((r) => String(r) === '1,span').length).toBe(batch.items);
    expect([...group.counters]).toEqual([batch.items, 0, 0, batch.items, 0, 0]);
  });

  it('refuses the whole batch when the visitor says so, and gives its memory back', () => {
    const bytes = new RandomRequest(new Random(21)).large('traces');
    using batch = toBatch('traces', bytes);
    const { accounted } = pool.ledger;
    const refusing: Visitor = {
      traits: { refuses: true },
      onSpan: (s) => {
        s.setName('edited');
        if (s.kind > 2) throw new Error('no');
      },
    };
    expect(() => walk([refusing], () => {}).run(batch)).toThrow('no');
    expect(pool.ledger.accounted).toBe(accounted);
    expect(batch.bytes.equals(bytes)).toBe(true);
  });

  it('is refused for a resource, scope or metric outside of its own hook', () => {
    const bytes = new RandomRequest(new Random(4)).large('metrics');
    let calls = 0;
    const visitor: Visitor = {
      onDataPoint: (p) => {
        calls++;
        expect(() => (p.resource as ResourceEdit).attributes.setString(key('a'), 'x')).toThrow('in onResource only');
        expect(() => (p.scope as ScopeEdit).setName('x')).toThrow('in onScope only');
        expect(() => (p.metric as unknown as { setName(name: string): void }).setName('x')).toThrow('in onMetric only');
      },
    };
    expect(walked('metrics', bytes, visitor)?.equals(bytes)).toBe(true);
    expect(calls).toBeGreaterThan(0);
  });

  it.each(signals)('reaches upward from the hooks of items when the visitor is alone and says so: %s', (signal) => {
    const requests = new RandomRequest(new Random(31));
    const upward: Visitor = {
      traits: { editsUpward: true },
      onSpan: (s) => edit(s.resource, s.scope),
      onLog: (l) => edit(l.resource, l.scope),
      onDataPoint: (p) => {
        edit(p.resource, p.scope);
        (p.metric as unknown as { setName(name: string): void }).setName(long);
      },
    };
    let calls = 0;
    function edit(r: unknown, s: unknown): void {
      const { attributes } = r as ResourceEdit;
      const before = attributes.number(key('count')) ?? 0;
      attributes.setInt(key('count'), before + 1);
      (s as ScopeEdit).setName(`scope ${before + 1}`);
      if (calls++ % 3 === 1) throw new Error('taken back');
    }
    for (let i = 0; i < 20; i++) {
      const bytes = requests.bytes(signal);
      const expected = decode(signal, bytes);
      calls = 0;
      let at = 0;
      for (const group of groups(signal, expected)) {
        let count = 0;
        for (const scoped of list(group[scopeNames[signal]])) {
          for (const child of list(scoped[childNames[signal]])) {
            for (const _ of signal === 'metrics' ? list(dataOf(child)['dataPoints']) : [child]) {
              if (at++ % 3 === 1) continue;
              count++;
              set(part(group, 'resource'), 'count', BigInt(count));
              part(scoped, 'scope')['name'] = `scope ${count}`;
              if (signal === 'metrics') child['name'] = long;
            }
          }
        }
      }
      using batch = toBatch(signal, bytes);
      const result = walk([upward], () => {}).run(batch)!;
      expectAdmissible(signal, result.bytes, result.items);
      expectSame(meaning(signal, result.bytes), meaning(signal, encode(signal, expected)));
      if (result !== batch) result.release();
    }
  });

  it('discards the points of an onMetricEnd that misuses its writer', () => {
    const bytes = encode('metrics', {
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                { name: 'm', sum: { dataPoints: [{ asInt: 1n }] } },
                { name: 'h', summary: { dataPoints: [{ count: 1n }] } },
              ],
            },
          ],
        },
      ],
    });
    const uses: ((append: Parameters<NonNullable<Visitor['onMetricEnd']>>[1]) => void)[] = [
      (append) => append.end(),
      (append) => append.int(1n),
      (append) => append.begin(),
      (append) => {
        append.begin();
        append.begin();
      },
      (append) => {
        append.begin();
        append.int(1n);
        append.double(1);
      },
      (append) => {
        append.begin();
        append.histogram({ count: 1n, sum: 1, counts: new BigUint64Array(0), bounds: new Float64Array(0) });
      },
    ];
    for (const use of uses) {
      using batch = toBatch('metrics', bytes);
      const errors: unknown[] = [];
      const visitor: Visitor = { onMetricEnd: (_, append) => use(append) };
      expect(walk([visitor], (_, error) => errors.push(error)).run(batch)).toBe(batch);
      expect(errors.length).toBe(2);
    }
  });
});
