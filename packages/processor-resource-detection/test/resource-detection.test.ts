import { settle, testContext, testHost } from '@millrace/api/testing';
import type { FakeClock } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { batchOf, config, detected, start } from './run.ts';

const variable = 'OTEL_RESOURCE_ATTRIBUTES';
const cloud =
  'akamai aks alibaba_ecs azure consul digitalocean dynatrace ec2 ecs eks elastic_beanstalk gce gcp gke heroku hetzner ibmcloud_classic ibmcloud_vpc k8s_api k8snode kubeadm lambda nova openshift oraclecloud scaleway tencent_cvm upcloud vultr';

afterEach(() => {
  delete process.env[variable];
  delete process.env['OTEL_RESOURCE'];
});

describe('resource_detection', () => {
  it('writes what it detected into every resource, and a schema URL where there is none', async () => {
    process.env[variable] = 'team=blue,region=eu';
    const { pass, stop } = await start(config({ detectors: ['env', 'system'], system: { hostname_sources: ['os'] } }));
    const { resources } = pass(batchOf([{ 'service.name': 'shop', 'os.type': 'plan9' }, 'https://mine'], [{}]));
    expect(resources.map(({ attributes }) => Object.keys(attributes))).toEqual([
      ['service.name', 'os.type', 'team', 'region', 'host.name'],
      ['team', 'region', 'host.name', 'os.type'],
    ]);
    expect(resources.map(({ attributes }) => attributes['os.type'])).toEqual(['linux', 'linux']);
    expect(resources.map(({ schemaUrl }) => schemaUrl)).toEqual(['https://mine', 'https://opentelemetry.io/schemas/1.40.0']);
    await stop();
  });

  it('keeps what is there with override: false', async () => {
    process.env[variable] = 'team=blue,region=eu';
    const { pass, stop } = await start(config({ override: false }));
    expect(pass(batchOf([{ team: 'red' }])).resources).toEqual([{ attributes: { team: 'red', region: 'eu' }, schemaUrl: '' }]);
    await stop();
  });

  it('leaves a batch alone that says the same already', async () => {
    process.env[variable] = 'team=blue,region=eu';
    const { pass, stop } = await start(config());
    expect(pass(batchOf([{ region: 'eu', team: 'blue' }])).isSame).toBe(true);
    expect(pass(batchOf([{ region: 'eu', team: 'red' }])).isSame).toBe(false);
    await stop();
  });

  it('takes the attribute of the earlier detector', async () => {
    process.env[variable] = 'host.name=from-env';
    const system = { hostname_sources: ['os'] };
    expect((await detected({ detectors: ['env', 'system'], system })).attributes['host.name']).toBe('from-env');
    expect((await detected({ detectors: [' system ', 'env'], system })).attributes['host.name']).not.toBe('from-env');
  });

  it('accepts the detectors of clouds with one warning, and finds nothing through them', async () => {
    process.env[variable] = 'team=blue';
    const checked = config({ detectors: [...cloud.split(' '), 'env'] });
    expect(factory.validateConfig!(checked)).toEqual([]);
    const contexts = [testContext(), testContext()];
    const started = await Promise.all(contexts.map((context) => start(checked, context)));
    for (const { pass } of started) expect(pass(batchOf([{}])).resources).toEqual([{ attributes: { team: 'blue' }, schemaUrl: '' }]);
    expect(contexts.flatMap(({ lines }) => lines.filter(({ level }) => level === 'warn'))).toEqual([
      { level: 'warn', message: 'These detectors find nothing here', attributes: { detectors: cloud.split(' ') } },
    ]);
    for (const { stop } of started) await stop();
  });

  it('has a section for each of them, whatever is in it', () => {
    const sections = cloud.replace('elastic_beanstalk', 'elasticbeanstalk').split(' ');
    const properties = (factory.configSchema as { properties: object }).properties;
    const known = sections.filter((name) => Object.hasOwn(properties, name));
    expect(sections.filter((name) => !known.includes(name))).toEqual(['dynatrace', 'gce', 'gke']);
  });

  it('detects once for all pipelines, and anew after the last one has stopped', async () => {
    process.env[variable] = 'team=blue';
    const checked = config();
    const contexts = [testContext(), testContext(), testContext()];
    const first = await start(checked, contexts[0]);
    const second = await start(checked, contexts[1]);
    await first.stop();
    process.env[variable] = 'team=red';
    expect(second.pass(batchOf([{}])).resources[0]?.attributes).toEqual({ team: 'blue' });
    await second.stop();
    await second.stop();
    const third = await start(checked, contexts[2]);
    expect(third.pass(batchOf([{}])).resources[0]?.attributes).toEqual({ team: 'red' });
    await third.stop();
    expect(contexts.map(({ lines }) => lines.map(({ message }) => message))).toEqual([
      ['began detecting resource information', 'detected resource information'],
      [],
      ['began detecting resource information', 'detected resource information'],
    ]);
  });

  it('detects again every refresh_interval, and keeps what it knows when that fails', async () => {
    process.env[variable] = 'team=blue';
    const context = testContext();
    const clock = context.clock as FakeClock;
    const { pass, stop } = await start(config({ refresh_interval: '1m', timeout: '3s' }), context);
    const team = (): unknown => pass(batchOf([{}])).resources[0]?.attributes['team'];
    process.env[variable] = 'team=green';
    await clock.advance(59_999);
    expect(team()).toBe('blue');
    await clock.advance(1);
    expect(team()).toBe('green');
    process.env[variable] = 'nonsense';
    await clock.advance(63_000);
    expect(team()).toBe('green');
    expect(context.lines.at(-1)).toEqual({
      level: 'warn',
      message: 'resource refresh failed; keeping previous snapshot',
      attributes: { error: 'invalid resource format: "nonsense"' },
    });
    process.env[variable] = 'team=black';
    await clock.advance(60_000);
    expect(team()).toBe('black');
    await stop();
    expect(clock.pending).toBe(0);
  });

  it('tries a detector that fails again until the timeout, and then does not start', async () => {
    process.env[variable] = 'nonsense';
    const context = testContext();
    const clock = context.clock as FakeClock;
    const visitor = factory.visit!(config({ timeout: '5s' }), context);
    const started = Promise.resolve(visitor.start?.(testHost()));
    const outcome = started.then(
      () => 'started',
      (error: Error) => error.message,
    );
    await clock.advance(4_999);
    // At once, after 1 s, and after 2 s more.
    expect(context.lines.filter(({ message }) => message === 'failed to detect resource')).toHaveLength(3);
    await clock.advance(1);
    expect(await outcome).toBe('invalid resource format: "nonsense"');
    await visitor.shutdown?.(new AbortController().signal);
    expect(clock.pending).toBe(0);
  });

  it('starts when a detector that failed at first succeeds', async () => {
    process.env[variable] = 'nonsense';
    const context = testContext();
    const starting = start(config(), context);
    await settle();
    process.env[variable] = 'team=late';
    await (context.clock as FakeClock).advance(1_000);
    const { pass, stop } = await starting;
    expect(pass(batchOf([{}])).resources[0]?.attributes).toEqual({ team: 'late' });
    await stop();
  });

  it('is safe to stop without a start, and while it starts', async () => {
    process.env[variable] = 'nonsense';
    const context = testContext();
    const visitor = factory.visit!(config(), context);
    await visitor.shutdown?.(new AbortController().signal);
    const started = Promise.resolve(visitor.start?.(testHost()));
    await settle();
    await visitor.shutdown?.(new AbortController().signal);
    await started;
    expect((context.clock as FakeClock).pending).toBe(0);
  });
});

describe('the configuration of resource_detection', () => {
  it("has the Collector's defaults", () => {
    const { detectors, override, timeout, refresh_interval, system, docker } = config() as unknown as Record<string, object>;
    expect({ detectors, override, timeout, refresh_interval }).toEqual({
      detectors: ['env'],
      override: true,
      timeout: '5s',
      refresh_interval: '0s',
    });
    const on = (section: object | undefined): string[] =>
      Object.entries((section as { resource_attributes: Record<string, { enabled: boolean }> }).resource_attributes)
        .filter(([, { enabled }]) => enabled)
        .map(([name]) => name);
    expect(on(system)).toEqual(['host.name', 'os.type']);
    expect(on(docker)).toEqual(['host.name', 'os.type']);
  });

  it.each([
    [{ detectors: ['env', 'moon'] }, 'detectors: invalid detector key: moon'],
    [{ system: { hostname_sources: ['dns', 'nis'] } }, 'system: hostname_sources contains invalid value: "nis"'],
  ])('refuses %j', (settings, problem) => {
    expect(factory.validateConfig!(config(settings))).toEqual([problem]);
  });
});
