import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import { configOf, noDeadline } from '@millrace/api/testing';
import { factory } from '@millrace/connector-genai-metrics';
import { chat, nowMs, start } from './harness.ts';

const usage = { 'gen_ai.usage.input_tokens': 100n, 'gen_ai.usage.output_tokens': 20n };

describe('Reports', () => {
  it('come 250 ms after a change, and not without one (SHM-3)', async () => {
    const connector = await start();
    await connector.flush();
    expect(connector.reports).toEqual([]);
    connector.send([chat()]);
    await connector.clock.advance(249);
    expect(connector.reports).toEqual([]);
    await connector.clock.advance(1);
    expect(connector.total('millrace.requests')).toBe(1);
    await connector.clock.advance(59_000);
    expect(connector.reports.length).toBe(1);
    await connector.stop();
  });

  it('are repeated every minute, so that who forgets what is silent keeps them', async () => {
    const connector = await start();
    connector.send([chat()]);
    await connector.clock.advance(61_000);
    expect(connector.reports.length).toBe(2);
    expect(connector.total('millrace.requests')).toBe(1);
    await connector.stop();
  });

  it('come at another interval when the settings say so', async () => {
    const connector = await start({ flush_interval: '5s' });
    connector.send([chat()]);
    await connector.clock.advance(4_999);
    expect(connector.reports).toEqual([]);
    await connector.clock.advance(1);
    expect(connector.reports.length).toBe(1);
    await connector.stop();
  });

  it('say at the end what none has said', async () => {
    const connector = await start();
    connector.send([chat()]);
    await connector.stop();
    expect(connector.total('millrace.requests')).toBe(1);
    expect(connector.reports.length).toBe(1);
  });

  it('that are refused for now are offered again, and what came meanwhile goes with a later one', async () => {
    const connector = await start();
    connector.refuse(new PipelineError('busy', { kind: 'retryable' }));
    for (let i = 0; i < 20; i++) {
      connector.send([chat()]);
      await connector.flush();
    }
    expect(connector.reports).toEqual([]);
    connector.refuse();
    await connector.clock.advance(2_000);
    expect(connector.total('millrace.requests')).toBe(20);
    expect(connector.reports.length).toBe(4);
    await connector.stop();
  });

  it('account for every item: what comes in ends here, what goes out is made here', async () => {
    const connector = await start();
    connector.send([chat(), { ...chat(), attributes: {} }]);
    connector.log([{ eventName: 'millrace.retry', attributes: {} }, { attributes: {} }]);
    await connector.stop();
    const traces = connector.contexts.get('traces')!.items;
    const logs = connector.contexts.get('logs')!.items;
    const points = connector.reports
      .flatMap(connector.metricsOf)
      .reduce((sum, { sum: a, gauge, histogram }) => sum + ((a ?? gauge ?? histogram)?.dataPoints?.length ?? 0), 0);
    expect({ traces: traces.absorbed, logs: logs.absorbed }).toEqual({ traces: 2, logs: 2 });
    expect(traces.created + logs.created).toBe(points);
    expect(traces.held + logs.held).toBe(0);
  });

  it('are of spans and logs together while both stages run, and the last one to stop makes the last', async () => {
    const connector = await start();
    connector.send([chat({ 'error.type': 'timeout' }, { status: { code: 2 } })]);
    connector.log([{ eventName: 'millrace.error', attributes: { 'error.type': 'timeout', 'millrace.component': 'inference' } }]);
    await connector.stages.get('traces')!.shutdown!(noDeadline());
    expect(connector.reports).toEqual([]);
    await connector.stages.get('logs')!.shutdown!(noDeadline());
    expect(connector.value('millrace.errors', { 'error.type': 'timeout' })).toBe(2);
  });

  it('begin anew in a new run', async () => {
    const first = await start();
    first.send([chat()]);
    await first.stop();
    const second = await start();
    await second.clock.advance(5_000);
    second.send([chat()]);
    await second.flush();
    expect(second.value('millrace.requests')).toBe(1);
    expect(second.points('millrace.requests')[0]!.startTimeUnixNano).toBe(`${nowMs + 5_000}000000`);
    await second.stop();
  });
});

describe('Labels', () => {
  it('are attributes that the settings list, of the item or else of its resource', async () => {
    const connector = await start({ dimensions: ['millrace.team', 'cloud.region'] });
    connector.send([chat({ ...usage, 'millrace.team': 'search' }), chat(usage)], { 'service.name': 'shop', 'cloud.region': 'eu' });
    await connector.flush();
    expect(connector.value('millrace.requests', { 'millrace.team': 'search', 'cloud.region': 'eu' })).toBe(1);
    expect(connector.total('millrace.tokens', { 'millrace.team': 'search' })).toBe(120);
    expect(connector.total('millrace.requests', { 'cloud.region': 'eu' })).toBe(2);
    await connector.stop();
  });

  it('never name a user, unless as a keyed hash when the settings list it', async () => {
    const user = { 'user.id': 'ada@example.com', 'enduser.id': 'ada@example.com' };
    const plain = await start();
    plain.send([chat(user)]);
    await plain.flush();
    expect(JSON.stringify(plain.reports)).not.toMatch(/ada|user/);
    await plain.stop();
    const hashes = new Set<string>();
    for (const [settings, label] of [
      [{ user_label: true, hash_key: 'a key of sixteen' }, 'millrace.user.hash'],
      [{ user_label: true, hash_key: 'another key of it' }, 'millrace.user.hash'],
      [{ dimensions: ['user.id'], hash_key: 'a key of sixteen' }, 'user.id'],
    ] as const) {
      const connector = await start(settings);
      connector.send([chat(user), chat(user), chat({ 'user.id': 'bob' })]);
      await connector.flush();
      expect(JSON.stringify(connector.reports)).not.toMatch(/ada|bob/);
      const [first] = connector.points('millrace.requests');
      expect(connector.labelsOf(first!)[label]).toMatch(/^[0-9a-f]{16}$/);
      expect(connector.points('millrace.requests').length).toBe(2);
      hashes.add(connector.labelsOf(first!)[label]!);
      await connector.stop();
    }
    expect(hashes.size).toBe(2);
  });

  it('never hold content', async () => {
    const connector = await start();
    connector.send([
      chat({
        'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"secret plan"}]}]',
        'gen_ai.completion': 'secret plan',
      }),
    ]);
    await connector.stop();
    expect(JSON.stringify(connector.reports)).not.toContain('secret');
  });

  it('of resources are the listed ones', async () => {
    const connector = await start({ resource_attributes: ['host.name'] });
    connector.send([chat()], { 'service.name': 'shop', 'host.name': 'a', 'process.pid': 12n });
    connector.send([chat()], { 'service.name': 'pay', 'host.name': 'a' });
    await connector.flush();
    expect(connector.resources()).toEqual([{ 'host.name': 'a' }]);
    expect(connector.value('millrace.requests')).toBe(2);
    await connector.stop();
  });
});

describe('Limits', () => {
  it('fold series beyond theirs into one, and the sum stays', async () => {
    const connector = await start({ aggregation_cardinality_limit: 10 });
    const spans = Array.from({ length: 200 }, (_, index) =>
      chat({ ...usage, 'millrace.task_type': `t${index}`, 'gen_ai.response.model': `m${index}` }),
    );
    connector.send(spans);
    connector.send(spans);
    await connector.flush();
    for (const name of ['millrace.requests', 'millrace.tokens', 'millrace.request.tokens']) {
      expect(connector.points(name).length).toBeLessThanOrEqual(10);
    }
    expect(connector.total('millrace.requests')).toBe(400);
    expect(connector.total('millrace.tokens')).toBe(400 * 120);
    expect(connector.points('millrace.request.success_rate').length).toBeLessThanOrEqual(10);
    await connector.stop();
  });

  it('fold resources beyond theirs into one', async () => {
    const connector = await start({ resource_limit: 2 });
    for (let i = 0; i < 10; i++) connector.send([chat()], { 'service.name': `s${i}` });
    await connector.flush();
    expect(connector.resources()).toEqual([{ 'service.name': 's0' }, { 'service.name': 's1' }, { 'otel.metric.overflow': 'true' }]);
    expect(connector.total('millrace.requests')).toBe(10);
    await connector.stop();
  });

  it('fold new resources while all take half of the budget', async () => {
    const connector = await start({}, 100_000);
    const before = connector.host.memory.accounted;
    for (let i = 0; i < 50; i++) connector.send([chat()], { 'service.name': `s${i}` });
    await connector.flush();
    expect(connector.resources().length).toBeLessThan(50);
    expect(connector.total('millrace.requests')).toBe(50);
    expect(connector.host.memory.accounted).toBeGreaterThan(before);
    await connector.stop();
    expect(connector.host.memory.accounted).toBe(before);
  });

  it('take no more of the budget when the same is counted again and again', async () => {
    const connector = await start();
    const tool = { ...chat(), attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 't', 'error.type': 'timeout' } };
    const spent = (currency: string) =>
      chat({ 'millrace.cost.amount': 1, 'millrace.cost.currency': currency, 'gen_ai.evaluation.score.value': 1 });
    const count = async () => {
      connector.send([tool, spent('USD'), spent('EUR')]);
      await connector.flush();
      return connector.host.memory.accounted;
    };
    const before = await count();
    for (let i = 0; i < 50; i++) expect(await count()).toBe(before);
    await connector.stop();
  });

  it('end series that are silent, and what they counted stays in the sum', async () => {
    const connector = await start({ series_expiration: '10s' });
    connector.send([chat({ 'millrace.task_type': 'old' })]);
    await connector.clock.advance(1_000);
    for (let i = 0; i < 4; i++) {
      await connector.clock.advance(10_000);
      connector.send([chat({ 'millrace.task_type': 'new' })]);
      await connector.flush();
    }
    expect(connector.points('millrace.requests').map(connector.labelsOf)).not.toContainEqual(
      expect.objectContaining({ 'millrace.task_type': 'old' }),
    );
    expect(connector.total('millrace.requests')).toBe(5);
    await connector.stop();
  });
});

describe('Combinations of labels', () => {
  it('that ended make room for new ones', async () => {
    const connector = await start({ series_expiration: '10s', aggregation_cardinality_limit: 4 });
    const tasks = (from: number) => Array.from({ length: 20 }, (_, index) => chat({ 'millrace.task_type': `t${from + index}` }));
    connector.send(tasks(0));
    await connector.flush();
    for (let i = 0; i < 3; i++) await connector.clock.advance(61_000);
    connector.send([chat({ 'millrace.task_type': 'new' })]);
    await connector.flush();
    expect(connector.value('millrace.requests', { 'millrace.task_type': 'new' })).toBe(1);
    expect(connector.total('millrace.requests')).toBe(21);
    await connector.stop();
  });
});

describe('Histograms', () => {
  it('are exponential when the settings say so', async () => {
    const connector = await start({ histogram: 'exponential' });
    connector.send([chat({}, { seconds: 2 })]);
    await connector.flush();
    const [point] = connector.points('millrace.request.duration');
    expect(point).toMatchObject({ count: '1', sum: 2 });
    expect(point).not.toHaveProperty('explicitBounds');
    expect(connector.metricsOf(connector.reports[0]).some(({ exponentialHistogram }) => exponentialHistogram !== undefined)).toBe(true);
    await connector.stop();
  });
});

describe('The settings', () => {
  const problems = (settings: object) => factory.validateConfig!(configOf(factory, settings));

  it('are checked', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ flush_interval: '0s', rate_window: '0s', wait: '-1s', series_expiration: '-1s' })).toEqual([
      'flush_interval: must be above 0',
      'rate_window: must be above 0',
      'wait: must not be negative',
      'series_expiration: must not be negative',
    ]);
    expect(problems({ user_label: true })).toEqual(['hash_key: is needed by user_label, so that no user is named']);
    expect(problems({ dimensions: ['langfuse.user.id'] })).toEqual(['hash_key: is needed by dimensions, so that no user is named']);
    expect(problems({ prices: { overrides: [{ input: 'cheap', batch: {} }, { output: 1 }] } })).toEqual([
      'prices::overrides::0::input: "cheap" is no decimal number with at most 9 digits after the point',
      'prices::overrides::0::batch: has no price',
      'prices::overrides::1: prices of output or in a currency need the price of input as well',
    ]);
  });
});

describe('A price file', () => {
  it('that cannot be read stops the start', async () => {
    await expect(start({ prices: { file: '/nowhere/prices.yaml' } })).rejects.toThrow(/prices\.yaml/);
  });
});
