import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nameOf } from './reference.ts';
import { attributes, counter, Destination, gauge, metricsOf, ms, run, v2 } from './running.ts';
import type { Running } from './running.ts';

let destination: Destination;
let running: Running | undefined;
beforeEach(async () => {
  destination = await new Destination().listen();
});
afterEach(async () => {
  await running?.stop();
  await destination.close();
});

async function namesWith(settings: object, request: object): Promise<string[]> {
  running = await run(destination.url, settings);
  await running.send(request);
  return destination.series.map(nameOf);
}

const shop = { 'service.name': 'shop', 'service.instance.id': 'i1', 'host.name': 'h' };
const scope = { name: 'lib', version: '1', attributes: attributes({ team: 'red', name: 'hidden', empty: '' }) };

describe('remote write, its labels', () => {
  it('has the scope in them unless disable_scope_info', async () => {
    expect(await namesWith({}, metricsOf([gauge('g', 1)], {}, scope))).toEqual([
      'g{otel_scope_name="lib",otel_scope_team="red",otel_scope_version="1"}',
    ]);
    await running!.stop();
    destination.accepted.length = 0;
    expect(await namesWith({ disable_scope_info: true }, metricsOf([gauge('g', 1)], {}, scope))).toEqual(['g{}']);
  });

  it('has external_labels where the series has no label of that name', async () => {
    const settings = { external_labels: { region: 'eu', 'a.b': 'c', job: 'never' } };
    expect(await namesWith(settings, metricsOf([gauge('g', 1, { region: 'us' })], shop))).toEqual([
      'g{a_b="c",instance="i1",job="shop",region="us"}',
      'target_info{a_b="c",host_name="h",instance="i1",job="shop",region="eu"}',
    ]);
  });

  it('joins what different attributes of one name say', async () => {
    expect(await namesWith({}, metricsOf([gauge('g', 1, { 'a.b': '2', a_b: '1', 'a/b': '2', 'a..b': '2' })]))).toEqual(['g{a_b="2;1"}']);
  });

  it('has resource attributes with resource_to_telemetry_conversion', async () => {
    const settings = { resource_to_telemetry_conversion: { enabled: true }, target_info: { enabled: false } };
    expect(await namesWith(settings, metricsOf([gauge('g', 1, { 'host.name': 'point', z: '1' })], shop))).toEqual([
      'g{host_name="h",instance="i1",job="shop",service_instance_id="i1",service_name="shop",z="1"}',
    ]);
  });

  it('leaves out the service with exclude_service_attributes', async () => {
    const settings = {
      resource_to_telemetry_conversion: { enabled: true, exclude_service_attributes: true },
      target_info: { enabled: false },
    };
    expect(await namesWith(settings, metricsOf([gauge('g', 1)], shop))).toEqual(['g{host_name="h",instance="i1",job="shop"}']);
  });

  it('has the resource attributes that resource_constant_labels chooses', async () => {
    const settings = { resource_constant_labels: { included: ['host.*', 'os.*'], excluded: ['*.type'] }, target_info: { enabled: false } };
    expect(await namesWith(settings, metricsOf([gauge('g', 1)], { ...shop, 'host.type': 't', 'os.name': 'o' }))).toEqual([
      'g{host_name="h",instance="i1",job="shop",os_name="o"}',
    ]);
  });

  it.each([
    ['', true, {}, 'ns_a_b_bytes_total'],
    ['', false, {}, 'ns_a_b'],
    ['UnderscoreEscapingWithSuffixes', false, {}, 'ns_a_b_bytes_total'],
    ['UnderscoreEscapingWithoutSuffixes', true, {}, 'ns_a_b'],
    ['NoUTF8EscapingWithSuffixes', true, v2, 'ns_a.b_bytes_total'],
    ['NoTranslation', true, v2, 'ns_a.b'],
  ])('names metrics by translation_strategy %j, add_metric_suffixes %j and namespace', async (strategy, suffixes, message, expected) => {
    const settings = { translation_strategy: strategy, add_metric_suffixes: suffixes, namespace: 'ns', ...message };
    const [first] = await namesWith(settings, metricsOf([{ ...counter('a.b', 1), unit: 'By' }], shop));
    expect(first).toBe(`${expected}{instance="i1",job="shop"}`);
    expect(destination.series[1]!.labels['__name__']).toBe('ns_target_info');
  });
});

describe('remote write, target_info', () => {
  const targets = (): [string, number][] =>
    destination.series.filter(({ labels }) => labels['__name__'] === 'target_info').map((one) => [nameOf(one), one.samples[0]!.timestamp]);

  it('describes each resource that has a name and something to tell, at the time of its latest point', async () => {
    running = await run(destination.url);
    await running.send({
      resourceMetrics: [
        shop,
        { 'service.name': 'bare', 'service.instance.id': 'i2' },
        { 'host.name': 'nameless' },
        { 'service.instance.id': 'i3', os: 'linux' },
      ].map((resource, index) => ({
        resource: { attributes: attributes(resource) },
        scopeMetrics: [{ metrics: [gauge('g', 1, {}, 5), gauge('h', 1, {}, 3 + index)] }],
      })),
    });
    expect(targets()).toEqual([
      ['target_info{host_name="h",instance="i1",job="shop"}', ms(5)],
      ['target_info{instance="i3",os="linux"}', ms(6)],
    ]);
  });

  it('is not sent with target_info.enabled false', async () => {
    running = await run(destination.url, { target_info: { enabled: false } });
    await running.send(metricsOf([gauge('g', 1)], shop));
    expect(targets()).toEqual([]);
  });

  it('never goes back in time', async () => {
    running = await run(destination.url);
    for (const seconds of [5, 3, 5, 6]) await running.send(metricsOf([gauge(`g${seconds}`, 1, {}, seconds)], shop));
    expect(targets().map(([, time]) => time)).toEqual([ms(5), ms(5), ms(6)]);
  });
});

describe('remote write, what is known of series', () => {
  it('is declared as memory, and let go of at the end', async () => {
    running = await run(destination.url);
    const before = running.memory.accounted;
    await running.send(metricsOf(Array.from({ length: 500 }, (_, index) => gauge('g', 1, { index }))));
    expect(running.memory.accounted).toBeGreaterThan(before + 500 * 100);
    await running.stop();
    expect(running.memory.accounted).toBe(0);
  });

  it('is forgotten when the memory is spent, and series come out right all the same', async () => {
    running = await run(destination.url, {}, 1_000_000);
    for (let first = 0; first < 20_000; first += 500) {
      await running.send(
        metricsOf(Array.from({ length: 500 }, (_, index) => gauge('g', first + index, { index: first + index, padding: 'x'.repeat(100) }))),
      );
    }
    expect(destination.series.every(({ labels, samples }) => labels['index'] === String(samples[0]!.value))).toBe(true);
    expect(destination.series).toHaveLength(20_000);
    expect(running.memory.accounted).toBeLessThan(2_000_000);
  });
});
