import { FakeClock, settle } from '@millrace/api/testing';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from '@jest/globals';
import type { LookUp } from '../src/dns-resolver.ts';
import { balance, Fleet, named, placement, refuse, request, staticResolver, traceId } from './fleet.ts';

const spans = (name: string, count = 40) =>
  request(
    'traces',
    [],
    {},
    Array.from({ length: count }, (_, index) => named(`${name} ${index}`, { traceId: traceId(index * 977 + 1) })),
  );

class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** A meter, and what its instruments show: values (of histograms: counts) by name and attributes. */
function meter() {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  return {
    meter: provider.getMeter('test'),
    async read(): Promise<Record<string, number>> {
      const { resourceMetrics } = await reader.collect();
      const found: Record<string, number> = {};
      for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
        if (!descriptor.name.startsWith('loadbalancer_')) continue;
        for (const { attributes, value } of dataPoints) {
          const { exporter, ...others } = attributes;
          expect(exporter).toBe('load_balancing');
          const key = `${descriptor.name} ${Object.values(others).join(' ')}`;
          found[key] = typeof value === 'number' ? value : (value as { count: number }).count;
        }
      }
      return found;
    },
    close: () => provider.shutdown(),
  };
}

/** A name server that a test writes, and a clock. */
function names(...first: string[]) {
  const clock = new FakeClock();
  const server = { answer: first as string[] | Error | Promise<never>, asked: [] as string[] };
  const lookUp: LookUp = async (hostname) => {
    server.asked.push(hostname);
    const answer = await server.answer;
    if (answer instanceof Error) throw answer;
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return { clock, server, lookUp };
}

const dns = (settings: object = {}) => ({ resolver: { dns: { hostname: 'samplers', ...settings } } });

describe('Resolver dns', () => {
  it('makes every address a backend, on the port of the setting or 4317', async () => {
    for (const [settings, endpoints] of [
      [{}, ['10.0.0.1:4317', '10.0.0.2:4317', '[fd00::1]']],
      [{ port: '55690' }, ['10.0.0.1:55690', '10.0.0.2:55690', '[fd00::1]:55690']],
    ] as const) {
      const { clock, lookUp, server } = names('10.0.0.2', 'fd00::1', '10.0.0.1');
      const { fleet, stop } = await balance(dns(settings), { lookUp, overrides: { clock } });
      await stop();
      expect([...fleet.servers.keys()]).toEqual(endpoints);
      expect(server.asked).toEqual(['samplers']);
      expect(clock.pending).toBe(0);
    }
  });

  it('asks again every interval; a new backend gets its share, one that is gone is drained and stopped', async () => {
    const { clock, lookUp, server } = names('10.0.0.1', '10.0.0.2');
    const { fleet, context, offer, stop } = await balance(dns({ interval: '10s' }), { lookUp, overrides: { clock } });
    await offer(spans('before'));
    await clock.advance(9_999);
    expect(server.asked).toHaveLength(1);
    server.answer = ['10.0.0.2', '10.0.0.3'];
    await clock.advance(1);
    expect(server.asked).toHaveLength(2);
    await offer(spans('after'));
    const placed = placement(fleet, 'traces');
    const users = (name: string) =>
      new Set(Object.entries(placed).flatMap(([item, endpoint]) => (item.startsWith(`item ${name}`) ? [endpoint] : [])));
    expect(users('before')).toEqual(new Set(['10.0.0.1:4317', '10.0.0.2:4317']));
    expect(users('after')).toEqual(new Set(['10.0.0.2:4317', '10.0.0.3:4317']));
    for (let index = 0; index < 40; index++) {
      if (placed[`item before ${index}`] === '10.0.0.2:4317') continue;
      expect(placed[`item before ${index}`]).toBe('10.0.0.1:4317');
    }
    expect(fleet.at('10.0.0.1:4317')).toMatchObject({ starts: 1, stops: 1 });
    expect(fleet.at('10.0.0.2:4317')).toMatchObject({ starts: 1, stops: 0 });
    await stop();
    expect(fleet.at('10.0.0.3:4317')).toMatchObject({ starts: 1, stops: 1 });
    expect(context.items).toMatchObject({ dropped: {}, absorbed: 80, held: 0 });
    expect(clock.pending).toBe(0);
  });

  it('sends what the queue of a backend that is gone still holds', async () => {
    const { clock, lookUp, server } = names('10.0.0.1');
    const { fleet, context, offer, stop } = await balance(
      { ...dns(), protocol: { otlp: { sending_queue: { num_consumers: 1 }, retry_on_failure: { enabled: false } } } },
      { lookUp, overrides: { clock } },
    );
    const open = Promise.withResolvers<void>();
    fleet.at('10.0.0.1:4317').answer = () => open.promise;
    await offer(spans('a', 5));
    await offer(spans('b', 5));
    server.answer = ['10.0.0.2'];
    await clock.advance(5000);
    fleet.at('10.0.0.1:4317').answer = refuse('retryable');
    open.resolve();
    await settle();
    await stop();
    expect(context.items).toMatchObject({ absorbed: 5, dropped: { shutdown: 5 }, held: 0 });
  });

  it('keeps the backends when a look-up fails or hangs beyond the timeout, which it then does not repeat', async () => {
    const { clock, lookUp, server } = names('10.0.0.1', '10.0.0.2');
    const instruments = meter();
    const { fleet, context, offer, stop } = await balance(dns({ interval: '5s', timeout: '2s' }), {
      lookUp,
      overrides: { clock, meter: instruments.meter },
    });
    server.answer = new Error('no such host');
    await clock.advance(5000);
    expect(context.lines).toContainEqual({
      level: 'warn',
      message: 'failed to resolve',
      attributes: { resolver: 'dns', error: 'no such host' },
    });
    const hanging = Promise.withResolvers<never>();
    server.answer = hanging.promise;
    await clock.advance(5000);
    await clock.advance(2000);
    expect(context.lines.at(-1)?.attributes).toEqual({ resolver: 'dns', error: 'lookup samplers: i/o timeout' });
    const asked = server.asked.length;
    await clock.advance(5000);
    expect(server.asked).toHaveLength(asked);
    hanging.reject(new Error('gave up'));
    await settle();
    server.answer = ['10.0.0.2', '10.0.0.1'];
    await clock.advance(5000);
    expect(server.asked).toHaveLength(asked + 1);
    await offer(spans('a'));
    expect(new Set(Object.values(placement(fleet, 'traces'))).size).toBe(2);
    expect(await instruments.read()).toMatchObject({
      'loadbalancer_num_resolutions dns true': 2,
      'loadbalancer_num_resolutions dns false': 3,
      'loadbalancer_num_backends dns': 2,
      'loadbalancer_num_backend_updates dns': 1,
    });
    await stop();
    await instruments.close();
  });

  it('starts without a backend, and refuses for now until there is one', async () => {
    const { clock, lookUp, server } = names();
    server.answer = new Error('no such host');
    const { fleet, offer, stop } = await balance(dns({ interval: '0s', timeout: '0s' }), { lookUp, overrides: { clock } });
    await expect(offer(spans('a'))).rejects.toMatchObject({
      kind: 'retryable',
      message: 'couldn\'t find the exporter for the endpoint ""',
    });
    server.answer = ['10.0.0.1'];
    await clock.advance(5000);
    await offer(spans('b', 3));
    await stop();
    expect(Object.keys(placement(fleet, 'traces'))).toHaveLength(3);
  });

  it('ends at once while a look-up runs', async () => {
    const { clock, lookUp, server } = names('10.0.0.1');
    const { context, stop } = await balance(dns(), { lookUp, overrides: { clock } });
    server.answer = new Promise<never>(() => {});
    await clock.advance(5000);
    await stop();
    await settle();
    expect(clock.pending).toBe(0);
    expect(context.lines).toEqual([]);
  });

  it('stops a backend that is still starting', async () => {
    const { clock, lookUp, server } = names('10.0.0.1');
    const { fleet, stop } = await balance(dns(), { lookUp, overrides: { clock } });
    const slow = Promise.withResolvers<void>();
    fleet.starting = () => slow.promise;
    server.answer = ['10.0.0.2', '10.0.0.3'];
    await clock.advance(5000);
    const stopped = stop();
    slow.resolve();
    await stopped;
    for (const { starts, stops } of fleet.servers.values()) expect(stops).toBe(starts);
    expect([...fleet.servers.keys()]).toEqual(['10.0.0.1:4317', '10.0.0.2:4317', '10.0.0.3:4317']);
  });

  it('asks the system', async () => {
    const { fleet, stop } = await balance({ resolver: { dns: { hostname: '127.0.0.1' } } });
    await stop();
    expect([...fleet.servers.keys()]).toEqual(['127.0.0.1:4317']);
  });
});

it('The instruments are the Collector’s', async () => {
  const instruments = meter();
  const { fleet, offer, stop } = await balance(staticResolver('one:1', 'two:2'), {
    fleet: new Fleet(),
    overrides: { meter: instruments.meter },
  });
  await offer(spans('a'));
  fleet.at('two:2').answer = refuse('retryable');
  await offer(spans('b'));
  expect(await instruments.read()).toEqual({
    'loadbalancer_num_resolutions static true': 1,
    'loadbalancer_num_backends static': 2,
    'loadbalancer_num_backend_updates static': 1,
    'loadbalancer_backend_latency one:1': 2,
    'loadbalancer_backend_latency two:2': 2,
    'loadbalancer_backend_outcome one:1 true': 2,
    'loadbalancer_backend_outcome two:2 true': 1,
    'loadbalancer_backend_outcome two:2 false': 1,
  });
  await stop();
  await instruments.close();
});
