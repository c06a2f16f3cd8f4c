import type { Host, Signal, Stage } from '@millrace/api';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { admitJson, noClient } from '@millrace/wire';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { SummaryReport } from '@millrace/genai';
import { factory } from '../src/index.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 10, 10, 12);
const prices = { catalog: 'none', overrides: [{ provider: 'openai', model: 'm', input: '2', output: '8' }] };

const running: Stage[] = [];

afterEach(async () => {
  for (const stage of running.splice(0)) await stage.shutdown?.(noDeadline());
});

interface Running {
  readonly clock: FakeClock;
  readonly context: TestContext;
  send(signal: Signal, request: object): Promise<void>;
  get(path: string): Promise<Response>;
}

async function start(settings: object = {}, signals: readonly Signal[] = ['traces']): Promise<Running> {
  const host: Host = testHost();
  const clock = new FakeClock(now);
  const contexts = signals.map((signal) => testContext({ id: 'summary', kind: 'exporter', signal, clock }));
  const stages = new Map<Signal, Stage>();
  for (const [index, signal] of signals.entries()) {
    const config = configOf(factory, { endpoint: '127.0.0.1:0', prices, ...settings });
    const stage = factory.create(config as never, contexts[index]!);
    await stage.start?.(host);
    running.push(stage);
    stages.set(signal, stage);
  }
  const [line] = contexts[0]!.lines.filter(({ message }) => message === 'Serving summaries');
  return {
    clock,
    context: contexts[0]!,
    send: async (signal, request) => {
      const text = Buffer.from(JSON.stringify(request));
      const lease = host.pool.lease(text.length);
      text.copy(lease.buffer);
      using batch = admitJson(signal, lease, 0, text.length, noClient);
      await stages.get(signal)!.consume(batch);
    },
    get: (path) => fetch(`http://${line!.attributes!['endpoint'] as string}${path}`),
  };
}

const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
const whole = (key: string, value: number): object => ({ key, value: { intValue: String(value) } });

function calls(count: number, endMs: number, more: (index: number) => readonly object[] = () => []): object {
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId: (index + 1).toString(16).padStart(32, '0'),
    spanId: (index + 1).toString(16).padStart(16, '0'),
    name: 'chat m',
    kind: 3,
    startTimeUnixNano: `${endMs - 500}000000`,
    endTimeUnixNano: `${endMs}000000`,
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', 'openai'),
      text('gen_ai.request.model', 'm'),
      whole('gen_ai.usage.input_tokens', 1000),
      whole('gen_ai.usage.output_tokens', 100),
      ...more(index),
    ],
  }));
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}

const reportOf = async (exporter: Running, window = '1h'): Promise<SummaryReport> =>
  (await (await exporter.get(`/summary?window=${window}`)).json()) as SummaryReport;

describe('Exporter summary (SHM-10, ASA-1)', () => {
  it('tells at once what calls did and cost, by its own prices where nobody priced them', async () => {
    const exporter = await start();
    await exporter.send('traces', calls(3, now - 1000));
    const { totals, by, from, until } = await reportOf(exporter);
    expect(totals).toMatchObject({ requests: 3, input_tokens: 3000, output_tokens: 300, cost: 0.0084, success_rate: 1 });
    expect(totals.latency.p50).toBeCloseTo(0.5, 1);
    expect(by.model.map(({ name, cost }) => [name, cost])).toEqual([['m', 0.0084]]);
    expect([from, until]).toEqual(['2026-11-10T11:00:00.000Z', '2026-11-10T12:01:00.000Z']);
  });

  it('takes the cost that processor genai wrote', async () => {
    const exporter = await start();
    const written = [
      text('millrace.cost.status', 'priced'),
      text('millrace.cost.currency', 'USD'),
      { key: 'millrace.cost.amount', value: { doubleValue: 1.25e-7 } },
    ];
    await exporter.send(
      'traces',
      calls(2, now, () => written),
    );
    expect((await reportOf(exporter)).totals.cost).toBe(2.5e-7);
  });

  it('takes an amount that somebody else wrote, in dollars', async () => {
    const exporter = await start();
    const amount = [{ key: 'millrace.cost.amount', value: { doubleValue: 0.25 } }];
    await exporter.send(
      'traces',
      calls(2, now, () => amount),
    );
    expect(await reportOf(exporter)).toMatchObject({ other_currencies: 0, totals: { cost: 0.5 } });
  });

  it('takes no time from a call that does not say when it began', async () => {
    const exporter = await start();
    const request = JSON.stringify(calls(1, now)).replace(/"startTimeUnixNano":"\d+"/, '"startTimeUnixNano":"0"');
    await exporter.send('traces', JSON.parse(request) as object);
    await exporter.send('traces', calls(1, now));
    const { totals } = await reportOf(exporter);
    expect(totals).toMatchObject({ requests: 2, cost: 0.0056 });
    expect(totals.latency.p99).toBeCloseTo(0.5, 1);
  });

  it('has what an agent used whose calls say nothing, at the cost that is written, once others come later or nothing comes', async () => {
    const exporter = await start({ wait: '30s' });
    const run = (endMs: number, more: readonly object[], traceId: string): object => {
      const attributes = [
        text('gen_ai.operation.name', 'invoke_agent'),
        text('gen_ai.provider.name', 'openai'),
        text('gen_ai.request.model', 'm'),
      ];
      const times = { startTimeUnixNano: `${endMs - 500}000000`, endTimeUnixNano: `${endMs}000000` };
      const span = { traceId, spanId: '00000000000000aa', name: 'agent', kind: 1, ...times, attributes: [...attributes, ...more] };
      return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
    };
    const usage = [whole('gen_ai.usage.input_tokens', 1000), whole('gen_ai.usage.output_tokens', 100)];
    const written = [
      text('millrace.cost.status', 'priced'),
      text('millrace.cost.currency', 'USD'),
      { key: 'millrace.cost.amount', value: { doubleValue: 0.5 } },
    ];
    await exporter.send('traces', run(now - 60_000, [...usage, ...written], 'a'.repeat(32)));
    expect((await reportOf(exporter)).totals).toMatchObject({ input_tokens: 0, cost: 0 });
    await exporter.send('traces', run(now, [], 'b'.repeat(32)));
    expect((await reportOf(exporter)).totals).toMatchObject({ input_tokens: 1000, cost: 0.5 });
    await exporter.send('traces', run(now, usage, 'c'.repeat(32)));
    await exporter.clock.advance(29_000);
    expect((await reportOf(exporter)).totals).toMatchObject({ input_tokens: 1000, cost: 0.5 });
    await exporter.clock.advance(1_000);
    expect((await reportOf(exporter)).totals).toMatchObject({ input_tokens: 2000, cost: 0.5028 });
  });

  it('is empty after an idle hour, and still knows the day', async () => {
    const exporter = await start();
    await exporter.send('traces', calls(1, now - 5 * hour));
    expect((await reportOf(exporter)).totals.requests).toBe(0);
    expect((await reportOf(exporter, '24h')).totals.requests).toBe(1);
  });

  it('forgets what is older than `retention`', async () => {
    const exporter = await start({ retention: '2h' });
    await exporter.send('traces', calls(1, now - 5 * hour));
    await exporter.send('traces', calls(1, now));
    expect((await reportOf(exporter, '24h')).totals.requests).toBe(1);
  });

  it('sums up what exceeds `limit`', async () => {
    const exporter = await start({ limit: 2 });
    await exporter.send(
      'traces',
      calls(5, now, (index) => [text('user.id', `u${index}`)]),
    );
    expect((await reportOf(exporter)).by.user.map(({ name, requests }) => [name, requests])).toEqual([
      ['(other)', 3],
      ['u0', 1],
      ['u1', 1],
    ]);
  });

  it('takes judgements from logs into the same sums', async () => {
    const exporter = await start({}, ['traces', 'logs']);
    await exporter.send('traces', calls(1, now));
    const score = { key: 'gen_ai.evaluation.score.value', value: { doubleValue: 0.75 } };
    const logRecords = [
      { timeUnixNano: `${now}000000`, eventName: 'gen_ai.evaluation.result', attributes: [text('gen_ai.evaluation.name', 'q'), score] },
    ];
    await exporter.send('logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
    expect((await reportOf(exporter)).totals).toMatchObject({ requests: 1, quality: 0.75 });
  });

  it('counts what an agent used once it has waited for its calls, unless they told (`wait`)', async () => {
    const exporter = await start({ wait: '10s' });
    const agent = (traceId: string, endMs: number): object => ({
      traceId,
      spanId: '00f067aa0ba902b7',
      name: 'invoke_agent',
      startTimeUnixNano: `${endMs - 2000}000000`,
      endTimeUnixNano: `${endMs}000000`,
      attributes: [
        text('gen_ai.operation.name', 'invoke_agent'),
        text('gen_ai.provider.name', 'openai'),
        text('gen_ai.request.model', 'm'),
        whole('gen_ai.usage.input_tokens', 5000),
        whole('gen_ai.usage.output_tokens', 0),
      ],
    });
    const spans = [agent('1'.padStart(32, '0'), now - 30_000), agent('f'.repeat(32), now - 30_000)];
    await exporter.send('traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    await exporter.send('traces', calls(1, now - 30_500));
    expect((await reportOf(exporter)).totals).toMatchObject({ requests: 1, input_tokens: 1000 });
    await exporter.send('traces', calls(2, now - 15_000));
    expect((await reportOf(exporter)).totals).toMatchObject({ requests: 3, input_tokens: 8000, cost: 0.0184 });
  });

  it('does not forget everything because of one time that is far ahead', async () => {
    const exporter = await start();
    await exporter.send('traces', calls(1, now - 1000));
    await exporter.send('traces', calls(1, 18_446_744_073_709));
    await exporter.send('traces', calls(2, now - 1000));
    expect((await reportOf(exporter)).totals.requests).toBe(4);
  });

  it('says what is wrong with a window, and refuses a retention below an hour', async () => {
    const exporter = await start();
    const answer = await exporter.get('/summary?window=soon');
    expect([answer.status, await answer.text()]).toEqual([400, 'window: expected a duration such as 15m or 24h, not "soon"\n']);
    expect(factory.validateConfig!(configOf(factory, { retention: '5m' }) as never)).toEqual(['retention: must be 1h or more']);
    expect(factory.validateConfig!(configOf(factory, { prices: { overrides: [{ input: -1, cache_read: -2 }, {}] } }) as never)).toEqual([
      'prices::overrides::0::input: -1 is negative',
      'prices::overrides::0::cache_read: -2 is negative',
      'prices::overrides::1: has no price',
    ]);
  });

  it('shows nothing of contents (SHM-11)', async () => {
    const exporter = await start();
    await exporter.send(
      'traces',
      calls(1, now, () => [text('gen_ai.input.messages', '[{"role":"user","parts":[{"type":"text","content":"canary"}]}]')]),
    );
    expect(JSON.stringify(await reportOf(exporter))).not.toContain('canary');
    expect(JSON.stringify(exporter.context.lines)).not.toContain('canary');
  });
});
