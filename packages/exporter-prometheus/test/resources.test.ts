import { afterEach, describe, expect, it } from '@jest/globals';
import { gauge, metricsOf, run } from './running.ts';
import type { Running } from './running.ts';

const resource = { 'service.name': 'shop', 'service.namespace': 'eu', 'service.instance.id': 'shop-1', 'host.name': 'h', 'host.cores': 4 };

let exporter: Running | undefined;

afterEach(() => exporter?.stop());

async function samplesOf(settings: object, ...requests: readonly object[]): Promise<readonly string[]> {
  exporter = await run({ without_scope_info: true, ...settings });
  for (const request of requests) exporter.send(request);
  return (await exporter.scrape()).samples;
}

describe('prometheus, target_info', () => {
  const series = 'm{instance="shop-1",job="eu/shop"} 1';

  it('has the attributes of a resource that has a job and an instance', async () => {
    expect(await samplesOf({}, metricsOf([gauge('m', 1)], resource))).toEqual([
      'target_info{host_cores="4",host_name="h",instance="shop-1",job="eu/shop"} 1',
      series,
    ]);
    expect((await exporter!.scrape()).text).toContain('# HELP target_info Target metadata\n# TYPE target_info gauge\n');
  });

  it('has the namespace of the metrics', async () => {
    const [info] = await samplesOf({ namespace: 'my-ns' }, metricsOf([gauge('m', 1)], resource));
    expect(info).toMatch(/^my_ns_target_info\{/);
  });

  it.each([
    [{ 'service.name': 'shop' }, 'm{job="shop"} 1'],
    [{ 'service.instance.id': 'i' }, 'm{instance="i"} 1'],
    [{ 'service.namespace': 'eu' }, 'm 1'],
    [{}, 'm 1'],
  ])('is not there for %j', async (attributes, expected) => {
    expect(await samplesOf({}, metricsOf([gauge('m', 1)], attributes))).toEqual([expected]);
  });

  it('is there once for each job and instance: the first resource describes it', async () => {
    const other = { ...resource, 'host.name': 'other' };
    const third = { ...resource, 'service.instance.id': 'shop-2' };
    const samples = await samplesOf(
      {},
      metricsOf([gauge('m', 1)], resource),
      metricsOf([gauge('m', 2)], other),
      metricsOf([gauge('m', 3)], third),
    );
    expect(samples).toEqual([
      'target_info{host_cores="4",host_name="h",instance="shop-1",job="eu/shop"} 1',
      'target_info{host_cores="4",host_name="h",instance="shop-2",job="eu/shop"} 1',
      'm{instance="shop-1",job="eu/shop"} 2',
      'm{instance="shop-2",job="eu/shop"} 3',
    ]);
  });

  it('changes to a resource that still sends when the first one has gone silent', async () => {
    exporter = await run({ metric_expiration: '1m', without_scope_info: true });
    const other = metricsOf([gauge('m', 2)], { ...resource, 'host.name': 'other' });
    exporter.send(metricsOf([gauge('m', 1)], resource));
    await exporter.clock.advance(40_000);
    exporter.send(other);
    expect((await exporter.scrape()).samples[0]).toContain('host_name="h"');
    await exporter.clock.advance(30_000);
    exporter.send(other);
    expect((await exporter.scrape()).samples[0]).toContain('host_name="other"');
  });
});

describe('prometheus, resource attributes as labels', () => {
  const request = metricsOf([gauge('m', 1, { 'host.name': 'of the point', a: 'b' })], resource);
  const last = async (settings: object): Promise<string | undefined> => (await samplesOf(settings, request)).at(-1);

  it('are not there by default', async () => {
    expect(await last({})).toBe('m{a="b",host_name="of the point",instance="shop-1",job="eu/shop"} 1');
  });

  it('are all there with resource_to_telemetry_conversion, instead of those of points', async () => {
    expect(await last({ resource_to_telemetry_conversion: { enabled: true } })).toBe(
      'm{a="b",host_cores="4",host_name="h",instance="shop-1",job="eu/shop",service_instance_id="shop-1",service_name="shop",service_namespace="eu"} 1',
    );
  });

  it('can leave out those of the service', async () => {
    expect(await last({ resource_to_telemetry_conversion: { enabled: true, exclude_service_attributes: true } })).toBe(
      'm{a="b",host_cores="4",host_name="h",instance="shop-1",job="eu/shop"} 1',
    );
  });

  it.each([
    [{}, 'host_name="of the point"'],
    [{ included: ['*'], excluded: ['service.*'] }, 'host_cores="4",host_name="h"'],
    [{ included: ['host.*'], excluded: ['*.name'] }, 'host_cores="4",host_name="of the point"'],
    [{ included: ['host.?ame', 'no.such'] }, 'host_name="h"'],
    [{ excluded: ['service.*', 'host.cores'] }, 'host_name="h"'],
  ])('can be chosen with resource_constant_labels %j', async (chosen, expected) => {
    expect(await last({ resource_constant_labels: chosen })).toBe(`m{a="b",${expected},instance="shop-1",job="eu/shop"} 1`);
  });
});
