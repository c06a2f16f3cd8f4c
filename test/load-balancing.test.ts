import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { balances, freePorts, ledgerOf, post, runConfig, startDestination } from './harness.ts';
import type { Destination, Millrace } from './harness.ts';

let millrace: Millrace | undefined;
let destinations: Destination[] = [];

afterEach(async () => {
  await millrace?.stop();
  await Promise.all(destinations.map((destination) => destination.close()));
  destinations = [];
});

/** A load balancer in front of three OTLP receivers, each with a destination of its own, all in one process. */
async function run(settings: object = {}, dead: readonly string[] = []) {
  const [port, ...backends] = (await freePorts(4)) as [number, number, number, number];
  destinations = await Promise.all(backends.map(() => startDestination()));
  const hostnames = backends.map((backend) => `127.0.0.1:${backend}`);
  const otlp = { tls: { insecure: true } };
  millrace = await runConfig({
    receivers: {
      otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } },
      ...Object.fromEntries(hostnames.map((endpoint, index) => [`otlp/${index}`, { protocols: { grpc: { endpoint } } }])),
    },
    exporters: {
      load_balancing: { protocol: { otlp }, resolver: { static: { hostnames: [...hostnames, ...dead] } }, ...settings },
      ...Object.fromEntries(
        destinations.map((destination, index) => [
          `otlp_http/${index}`,
          { endpoint: `http://127.0.0.1:${destination.port}`, compression: 'none' },
        ]),
      ),
    },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: {
        traces: { receivers: ['otlp'], exporters: ['load_balancing'] },
        ...Object.fromEntries(
          hostnames.map((_, index) => [`traces/${index}`, { receivers: [`otlp/${index}`], exporters: [`otlp_http/${index}`] }]),
        ),
      },
    },
  });
  return { port, hostnames: [...hostnames, ...dead] };
}

/** The endpoint of a trace id, by the rule of the exporter's README. */
function owner(id: string, hostnames: readonly string[]): string {
  const owners = new Map<number, string>();
  for (const name of hostnames.toSorted()) {
    for (let point = 0; point < 100; point++) {
      const place = crc32(Buffer.concat([Buffer.from(name), Buffer.of(point)])) % 36_000;
      if (!owners.has(place)) owners.set(place, name);
    }
  }
  let place = crc32(Buffer.from(id, 'hex')) % 36_000;
  while (!owners.has(place)) place = (place + 1) % 36_000;
  return owners.get(place)!;
}

const ids = Array.from({ length: 120 }, (_, index) => crc32(String(index)).toString(16).padStart(32, 'a'));

const requestOf = (part: number) =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        scopeSpans: [{ spans: ids.map((traceId, index) => ({ traceId, spanId: '00000000000000ff', name: `span-${part}-${index}.` })) }],
      },
    ],
  });

/** The names of the spans of a destination. */
const spansAt = (destination: Destination): string[] =>
  destination.accepted.flatMap((body) => body.toString('latin1').match(/span-\d+-\d+\./g) ?? []);

const arrived = (): number => destinations.reduce((sum, destination) => sum + spansAt(destination).length, 0);

describe('load_balancing', () => {
  it('sends all spans of a trace to one OTLP receiver, that of the ring', async () => {
    const { port, hostnames } = await run();
    for (const part of [1, 2, 3]) expect((await post(port, 'traces', requestOf(part))).status).toBe(200);
    await Promise.race(destinations.map((destination) => destination.until(() => arrived() === 360)));
    await millrace!.stop();
    const expected = hostnames.map((endpoint) =>
      [1, 2, 3].flatMap((part) => ids.flatMap((id, index) => (owner(id, hostnames) === endpoint ? [`span-${part}-${index}.`] : []))),
    );
    expect(expected.every((names) => names.length > 0)).toBe(true);
    expect(destinations.map((destination) => spansAt(destination).sort())).toEqual(expected.map((names) => names.sort()));
    const output = millrace!.output();
    expect(Object.values(balances(output)).filter((balance) => balance !== 0)).toEqual([]);
    expect(ledgerOf(output)['exporter/load_balancing traces']).toMatchObject({ in: 360, absorbed: 360, dropped: {} });
  });

  it('goes on for the others when a backend is down', async () => {
    const [nobody] = await freePorts(1);
    const direct = { tls: { insecure: true }, sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };
    const { port, hostnames } = await run({ protocol: { otlp: direct } }, [`127.0.0.1:${nobody}`]);
    expect((await post(port, 'traces', requestOf(1))).status).toBe(200);
    const alive = ids.filter((id) => owner(id, hostnames) !== `127.0.0.1:${nobody}`).length;
    expect(alive).toBeLessThan(ids.length);
    await Promise.race(destinations.map((destination) => destination.until(() => arrived() === alive)));
    await millrace!.stop();
    expect(ledgerOf(millrace!.output())['exporter/load_balancing traces']).toMatchObject({
      in: ids.length,
      absorbed: alive,
      dropped: { retry_disabled: ids.length - alive },
    });
  });
});
