import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { BalancedSignal } from '../src/routing.ts';
import { balance, itemsAt, named, placement, request, spanId, staticResolver, texts, traceId } from './fleet.ts';

const hostnames = ['backend-2:4317', '10.0.0.7:4317', 'backend-1:4317', 'backend-3'];
const withPorts = ['10.0.0.7:4317', 'backend-1:4317', 'backend-2:4317', 'backend-3:4317'];

/** The endpoint of an identifier, by the rule of the README. */
function expected(identifier: string | Buffer, names: readonly string[] = hostnames): string {
  const owners = new Map<number, string>();
  for (const name of names.toSorted()) {
    for (let point = 0; point < 100; point++) {
      const place = crc32(Buffer.concat([Buffer.from(name), Buffer.of(point)])) % 36_000;
      if (!owners.has(place)) owners.set(place, name);
    }
  }
  let place = crc32(identifier) % 36_000;
  while (!owners.has(place)) place = (place + 1) % 36_000;
  const name = owners.get(place)!;
  return name.includes(':') ? name : `${name}:4317`;
}

/** Sends one request and tells where its items went. */
async function place(signal: BalancedSignal, settings: object, ...requests: object[]): Promise<Record<string, string>> {
  const balanced = await balance({ ...staticResolver(...hostnames), ...settings }, { signal });
  for (const each of requests) await balanced.offer(each);
  await balanced.stop();
  return placement(balanced.fleet, signal);
}

const span = (name: string, trace: number | string, attributes: ReturnType<typeof texts> = [], fields: object = {}) =>
  named(name, { traceId: typeof trace === 'string' ? trace : traceId(trace), spanId: spanId(), ...fields }, attributes);
const points = (...list: object[]) => ({ name: 'requests', unit: '1', gauge: { dataPoints: list } });

describe('The ring', () => {
  it('is that of the Collector', () => {
    // Computed with Go's hash/crc32.
    const known = {
      checkout: 'backend-3:4317',
      cart: 'backend-3:4317',
      'service.name=checkout|': 'backend-3:4317',
      '00000000000000000000000000000001': '10.0.0.7:4317',
      frontend: '10.0.0.7:4317',
      payment: 'backend-1:4317',
    };
    expect(Object.fromEntries(Object.keys(known).map((identifier) => [identifier, expected(identifier)]))).toEqual(known);
    expect(expected(Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'))).toBe('backend-3:4317');
  });

  it('gives every trace to the one backend of its id, whatever batch its spans come in', async () => {
    const ids = Array.from({ length: 300 }, (_, index) => traceId(index * 7919 + 1));
    const batchOf = (half: string) =>
      request(
        'traces',
        [],
        {},
        ids.map((id) => span(`${id} ${half}`, id)),
      );
    const placed = await place('traces', {}, batchOf('a'), batchOf('b'));
    expect(placed).toEqual(
      Object.fromEntries(ids.flatMap((id) => ['a', 'b'].map((half) => [`item ${id} ${half}`, expected(Buffer.from(id, 'hex'))]))),
    );
    expect(new Set(Object.values(placed))).toEqual(new Set(withPorts));
  });

  it('moves only the share of an endpoint that comes', async () => {
    const ids = Array.from({ length: 2000 }, (_, index) => crc32(String(index)).toString(16).padStart(32, '5'));
    const all = request(
      'traces',
      [],
      {},
      ids.map((id) => span(id, id)),
    );
    const before = await place('traces', {}, all);
    const after = await place('traces', staticResolver(...hostnames, 'backend-4'), all);
    const moved = Object.keys(before).filter((item) => after[item] !== before[item]);
    expect(new Set(moved.map((item) => after[item]))).toEqual(new Set(['backend-4:4317']));
    expect(moved.length).toBeGreaterThan(0.1 * ids.length);
    expect(moved.length).toBeLessThan(0.3 * ids.length);
  });

  it('hands a batch on as it is when all of it goes to one backend', async () => {
    const balanced = await balance(staticResolver('only'));
    await balanced.offer(request('traces', [], {}, [span('a', 1), span('b', 2)]));
    await balanced.offer({ resourceSpans: [] });
    await balanced.stop();
    expect(balanced.fleet.at('only:4317').requests).toHaveLength(1);
    expect(itemsAt(balanced.fleet, 'traces', 'only:4317')).toEqual(['item a', 'item b']);
  });
});

describe('The routing key of spans', () => {
  it('traceID is that of sixteen zeros where there is none', async () => {
    const placed = await place('traces', { routing_key: 'traceID' }, request('traces', [], {}, [span('a', '')]));
    expect(placed).toEqual({ 'item a': expected(Buffer.alloc(16)) });
  });

  it('service is the name of the service', async () => {
    const names = ['checkout', 'cart', 'frontend', 'payment'];
    const requests = names.map((name) => request('traces', texts({ 'service.name': name }), {}, [span(name, 1), span(`${name} 2`, 2)]));
    expect(await place('traces', { routing_key: 'service' }, ...requests)).toEqual(
      Object.fromEntries(names.flatMap((name) => [name, `${name} 2`].map((item) => [`item ${item}`, expected(`service.name=${name}|`)]))),
    );
  });

  it('attributes are those of the resource, the scope, or the first span of the trace in the scope', async () => {
    const settings = { routing_key: 'attributes', routing_attributes: ['tenant', 'zone', 'span.kind', 'span.name', 'none'] };
    const scope = { attributes: texts({ zone: 'z1' }) };
    const placed = await place(
      'traces',
      settings,
      request('traces', texts({ tenant: 'acme' }), scope, [
        span('a', 1, [], { kind: 2, name: 'GET' }),
        span('b', 1, [], { kind: 3, name: 'ignored' }),
        span('c', 2, texts({ none: 'here' }), { name: 'POST' }),
      ]),
    );
    const first = expected('tenant=acme|zone=z1|span.kind=Server|span.name=GET|none=|');
    expect(placed).toEqual({
      'item a': first,
      'item b': first,
      'item c': expected('tenant=acme|zone=z1|span.kind=Unspecified|span.name=POST|none=here|'),
    });
  });

  it('attributes of any type have a text', async () => {
    const values: [name: string, value: object, text: string][] = [
      ['int', { intValue: '-7' }, '-7'],
      ['small', { doubleValue: 0.00001 }, '1e-05'],
      ['large', { doubleValue: 123456789.5 }, '1.234567895e+08'],
      ['plain', { doubleValue: 123456 }, '123456'],
      ['infinity', { doubleValue: '-Infinity' }, '-Inf'],
      ['more', { doubleValue: 'Infinity' }, '+Inf'],
      ['nan', { doubleValue: 'NaN' }, 'NaN'],
      ['bool', { boolValue: true }, 'true'],
      ['bytes', { bytesValue: 'AQL/' }, 'AQL/'],
      ['empty', {}, ''],
      ['list', { arrayValue: { values: [{ stringValue: 'x' }, { intValue: '2' }] } }, '[x,2]'],
      [
        'map',
        {
          kvlistValue: {
            values: [
              { key: 'z', value: { stringValue: '1' } },
              { key: 'a', value: { doubleValue: 1e6 } },
            ],
          },
        },
        '{a:1e+06,z:1}',
      ],
    ];
    const placed = await place(
      'traces',
      { routing_key: 'attributes', routing_attributes: ['v'] },
      ...values.map(([name, value]) => request('traces', [{ key: 'v', value }], {}, [span(name, 1)])),
    );
    expect(placed).toEqual(Object.fromEntries(values.map(([name, , text]) => [`item ${name}`, expected(`v=${text}|`)])));
  });
});

describe('The routing key of logs', () => {
  const log = (name: string, fields: object = {}, attributes: ReturnType<typeof texts> = []) => named(name, fields, attributes);

  it('is the service without a setting, the empty text for none', async () => {
    const placed = await place(
      'logs',
      {},
      request('logs', texts({ 'service.name': 'payment' }), {}, [log('a')]),
      request('logs', [], {}, [log('b')]),
    );
    expect(placed).toEqual({ 'item a': expected('payment'), 'item b': expected('') });
  });

  it('traceID is its hexadecimal text; records without one are spread', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => traceId(index + 1));
    const settings = { routing_key: 'traceID' };
    const placed = await place(
      'logs',
      settings,
      request(
        'logs',
        [],
        {},
        ids.map((id) => log(id, { traceId: id })),
      ),
    );
    expect(placed).toEqual(Object.fromEntries(ids.map((id) => [`item ${id}`, expected(id)])));
    const without = Array.from({ length: 400 }, (_, index) => log(String(index), index % 2 === 0 ? {} : { traceId: traceId(0) }));
    const spread = await place('logs', settings, request('logs', [], {}, without));
    expect(Object.keys(spread)).toHaveLength(400);
    expect(new Set(Object.values(spread))).toEqual(new Set(withPorts));
  });

  it('resource is its attributes', async () => {
    const resource = texts({ b: '2', a: '1' });
    const placed = await place(
      'logs',
      { routing_key: 'resource' },
      request('logs', resource, {}, [log('a')]),
      request('logs', resource.toReversed(), {}, [log('b')]),
      request('logs', [], {}, [log('c')]),
    );
    expect(placed['item a']).toBe(placed['item b']);
    expect(placed['item c']).toBe(expected('resource/88201fb960ff6465'));
  });

  it('attributes are those of the resource, then of the scope, then of the record', async () => {
    const placed = await place(
      'logs',
      { routing_key: 'attributes', routing_attributes: ['log.severity', 'tenant', 'log.body', 'user', 'zone'] },
      request('logs', texts({ tenant: 'acme' }), { attributes: texts({ zone: 'z1' }) }, [
        log('a', { severityText: 'INFO', body: { stringValue: 'hello' } }, texts({ user: 'u1' })),
        log('b', { body: { intValue: '5' } }),
      ]),
    );
    expect(placed).toEqual({
      'item a': expected('tenant=acme|zone=z1|log.severity=INFO|log.body=hello|user=u1|'),
      'item b': expected('tenant=acme|zone=z1|log.severity=|log.body=5|user=|'),
    });
  });
});

describe('The routing key of metrics', () => {
  /** A resource with a value of every type, of which Collector v0.155 makes these identities. */
  const rich = [
    { key: 'service.name', value: { stringValue: 'checkout' } },
    { key: 'n', value: { intValue: '-5' } },
    { key: 'd', value: { doubleValue: 1.5 } },
    { key: 't', value: { boolValue: true } },
    { key: 'f', value: { boolValue: false } },
    { key: 'b', value: { bytesValue: 'AQL/' } },
    { key: 'e', value: {} },
    {
      key: 'm',
      value: {
        kvlistValue: {
          values: [
            { key: 'z', value: { stringValue: '1' } },
            { key: 'a', value: { intValue: '2' } },
          ],
        },
      },
    },
    { key: 'l', value: { arrayValue: { values: [{ stringValue: 'x' }, { intValue: '7' }] } } },
  ];

  it('is the service without a setting; points without one are dropped and counted', async () => {
    const balanced = await balance(staticResolver(...hostnames), { signal: 'metrics' });
    await balanced.offer({
      resourceMetrics: [
        ...['payment', 'frontend'].map((name) => ({
          resource: { attributes: texts({ 'service.name': name }) },
          scopeMetrics: [{ metrics: [points(named(name))] }],
        })),
        { resource: {}, scopeMetrics: [{ metrics: [points(named('x'), named('y'))] }] },
      ],
    });
    const error: unknown = await balanced.offer(request('metrics', [], {}, [points(named('z'))])).catch((reason: unknown) => reason);
    await balanced.stop();
    expect(placement(balanced.fleet, 'metrics')).toEqual({ 'item payment': expected('payment'), 'item frontend': expected('frontend') });
    expect(balanced.context.items.dropped).toEqual({ no_service_name: 2 });
    expect(error).toMatchObject({ kind: 'permanent', message: 'unable to get service name from resource metric' });
  });

  it('resource is its attributes, as the Collector hashes them', async () => {
    const placed = await place('metrics', { routing_key: 'resource' }, request('metrics', rich, {}, [points(named('a'))]));
    expect(placed).toEqual({ 'item a': expected('resource/150b03a5a54ed7b1') });
  });

  it('metric is its name', async () => {
    const metrics = ['one', 'two', 'three'].map((name) => ({ ...points(named(name)), name }));
    expect(await place('metrics', { routing_key: 'metric' }, request('metrics', [], {}, metrics))).toEqual(
      Object.fromEntries(['one', 'two', 'three'].map((name) => [`item ${name}`, expected(name)])),
    );
  });

  it('streamID is resource, scope, metric and attributes of the point, as the Collector hashes them', async () => {
    const scope = { name: 'lib', version: '1.2', attributes: texts({ k: 'v' }) };
    // Without an attribute that names the item: the identities are of this one.
    const point = { attributes: texts({ 'http.route': '/a' }) };
    const metrics: [object, string][] = [
      [{ gauge: { dataPoints: [point] } }, 'stream/e5e88c6c11e9a52c'],
      [{ sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [point] } }, 'stream/ee4830f1f070855a'],
      [{ histogram: { aggregationTemporality: 1, dataPoints: [point] } }, 'stream/98dbde55afcd0068'],
    ];
    for (const [metric, identity] of metrics) {
      const balanced = await balance({ ...staticResolver(...hostnames), routing_key: 'streamID' }, { signal: 'metrics' });
      await balanced.offer(request('metrics', rich, scope, [{ name: 'requests', unit: '1', ...metric }]));
      await balanced.stop();
      const receivers = withPorts.filter((endpoint) => balanced.fleet.at(endpoint).requests.length > 0);
      expect([identity, receivers]).toEqual([identity, [expected(identity)]]);
    }
  });

  it('attributes are those of the resource, then of the scope, then of the point', async () => {
    const placed = await place(
      'metrics',
      { routing_key: 'attributes', routing_attributes: ['route', 'tenant'] },
      request('metrics', texts({ tenant: 'acme' }), {}, [points(named('a', {}, texts({ route: '/a' })), named('b'))]),
      request('metrics', texts({ tenant: 'acme', route: '/r' }), {}, [points(named('c'))]),
    );
    expect(placed).toEqual({
      'item a': expected('tenant=acme|route=/a|'),
      'item b': expected('tenant=acme|route=|'),
      'item c': expected('route=/r|tenant=acme|'),
    });
  });
});

it('A routing key that the signal does not have is refused', async () => {
  const pairs = [
    ['traces', 'metric'],
    ['traces', 'resource'],
    ['metrics', 'traceID'],
    ['logs', 'streamID'],
  ] as const;
  for (const [signal, key] of pairs) {
    await expect(balance({ ...staticResolver('a'), routing_key: key }, { signal })).rejects.toThrow(
      `cannot configure loadbalancing ${signal} exporter: unsupported routing_key: "${key}"`,
    );
  }
});
