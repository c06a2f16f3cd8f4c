import { describe, expect, it } from '@jest/globals';
import { formatMoney, moneyToNumber, parseMoney } from '@millrace/genai';
import type { SpanInput } from '@millrace/wire';
import { chat, nowMs, start } from './harness.ts';

/** Reproducible numbers from 0 up to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Tally {
  requests: number;
  errors: number;
  input: number;
  output: number;
  cacheRead: number;
  hits: number;
  misses: number;
  seconds: number;
  /** Exact: units of 10^-15. */
  amount: bigint;
  savings: bigint;
}

const models = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'gemini-2.5-pro'];

/** Calls of several models, with everything that they should add up to. */
function traffic(calls: number, seed: number): { readonly spans: readonly SpanInput[]; readonly byModel: ReadonlyMap<string, Tally> } {
  const next = random(seed);
  const byModel = new Map<string, Tally>();
  const spans = Array.from({ length: calls }, (_, index): SpanInput => {
    const model = models[Math.floor(next() * models.length)]!;
    let tally = byModel.get(model);
    if (tally === undefined) {
      tally = { requests: 0, errors: 0, input: 0, output: 0, cacheRead: 0, hits: 0, misses: 0, seconds: 0, amount: 0n, savings: 0n };
      byModel.set(model, tally);
    }
    const cacheRead = Math.floor(next() * 500);
    const input = cacheRead + Math.floor(next() * 2_000);
    const output = 1 + Math.floor(next() * 900);
    const isFailed = next() < 0.1;
    const isHit = next() < 0.3;
    // As price lists have them: many digits that no double holds.
    const amount = BigInt(Math.floor(next() * 1e15)) / 1_000n;
    const savings = BigInt(Math.floor(next() * 1e12));
    const millis = 1 + Math.floor(next() * 5_000);
    tally.requests++;
    tally.seconds += millis / 1e3;
    tally[isHit ? 'hits' : 'misses']++;
    const attributes: Record<string, string | number | bigint> = {
      'gen_ai.request.model': model,
      'gen_ai.response.model': model,
      'millrace.cache.tier': '1',
      'millrace.cache.result': isHit ? 'hit' : 'miss',
    };
    if (isFailed) {
      tally.errors++;
      attributes['error.type'] = 'timeout';
    } else {
      if (!isHit) {
        tally.input += input;
        tally.output += output;
        tally.cacheRead += cacheRead;
      }
      tally.amount += amount;
      tally.savings += savings;
      attributes['gen_ai.usage.input_tokens'] = BigInt(input);
      attributes['gen_ai.usage.output_tokens'] = BigInt(output);
      attributes['gen_ai.usage.cache_read.input_tokens'] = BigInt(cacheRead);
      attributes['millrace.cost.status'] = 'priced';
      attributes['millrace.cost.currency'] = 'USD';
      attributes['millrace.cost.amount'] = moneyToNumber(amount);
      attributes['millrace.savings.batch'] = moneyToNumber(savings);
    }
    const status = isFailed ? { status: { code: 2 } } : {};
    return chat(attributes, { ...status, seconds: millis / 1e3, traceId: index.toString(16).padStart(32, '0') });
  });
  return { spans, byModel };
}

describe('Sums over generated traffic', () => {
  it.each([{}, { aggregation_cardinality_limit: 3 }])(
    'are what the calls add up to, with settings %j (PXY-1, PXY-12, ASA-2, IMS-2b)',
    async (settings) => {
      const connector = await start(settings);
      const { spans, byModel } = traffic(1_500, 7);
      for (let from = 0; from < spans.length; from += 500) {
        connector.send(spans.slice(from, from + 500));
        await connector.flush();
      }
      const of = (read: (tally: Tally) => number): number => [...byModel.values()].reduce((sum, tally) => sum + read(tally), 0);
      expect(connector.total('millrace.requests')).toBe(1_500);
      expect(connector.total('millrace.errors')).toBe(of(({ errors }) => errors));
      expect(connector.total('millrace.tokens')).toBe(of(({ input, output }) => input + output));
      expect(connector.total('gen_ai.client.inference.usage.input_tokens')).toBe(of(({ input }) => input));
      expect(connector.total('gen_ai.client.inference.usage.cache_read.input_tokens')).toBe(of(({ cacheRead }) => cacheRead));
      expect(connector.total('millrace.cache.hits')).toBe(of(({ hits }) => hits));
      expect(connector.total('millrace.cache.misses')).toBe(of(({ misses }) => misses));
      expect(connector.count('millrace.request.duration')).toBe(1_500);
      expect(connector.total('millrace.request.duration')).toBeCloseTo(
        of(({ seconds }) => seconds),
        3,
      );
      if (settings.aggregation_cardinality_limit === undefined) {
        for (const [model, tally] of byModel) {
          const labels = { 'millrace.model.name': model };
          expect(connector.total('millrace.requests', labels)).toBe(tally.requests);
          expect(connector.total('millrace.tokens', { ...labels, 'millrace.token.direction': 'output' })).toBe(tally.output);
          // To the last of the 15 digits that a double has.
          expect(connector.value('millrace.cost.amount', labels).toPrecision(15)).toBe(moneyToNumber(tally.amount).toPrecision(15));
          expect(connector.value('millrace.savings', labels).toPrecision(15)).toBe(moneyToNumber(tally.savings).toPrecision(15));
        }
      } else {
        expect(connector.points('millrace.requests').map(connector.labelsOf)).toContainEqual({ 'otel.metric.overflow': 'true' });
      }
      await connector.stop();
    },
  );

  it('of money do not drift: ten thousand times 0.1 is 1000', async () => {
    const connector = await start();
    const span = chat({ 'millrace.cost.status': 'priced', 'millrace.cost.currency': 'EUR', 'millrace.cost.amount': 0.1 });
    const spans = Array.from({ length: 500 }, () => span);
    for (let i = 0; i < 20; i++) connector.send(spans);
    await connector.flush();
    expect(formatMoney(parseMoney(String(connector.value('millrace.cost.amount', { 'millrace.cost.currency': 'EUR' })))!)).toBe('1000');
    await connector.stop();
  });

  it('of differences are the same as those since the start', async () => {
    const connector = await start({ aggregation_temporality: 'AGGREGATION_TEMPORALITY_DELTA' });
    const { spans, byModel } = traffic(1_000, 11);
    let requests = 0;
    let tokens = 0;
    for (let from = 0; from < spans.length; from += 100) {
      connector.send(spans.slice(from, from + 100));
      await connector.flush();
      requests += connector.total('millrace.requests');
      tokens += connector.total('millrace.tokens');
    }
    expect(requests).toBe(1_000);
    expect(tokens).toBe([...byModel.values()].reduce((sum, { input, output }) => sum + input + output, 0));
    await connector.flush();
    expect(connector.reports.length).toBe(10);
    await connector.stop();
  });
});

describe('Rolling gauges', () => {
  it('say what was in the window of event time, however fast it is replayed', async () => {
    const connector = await start({ rate_window: '60s' });
    const at = (ms: number) => ({ endTimeUnixNano: BigInt(ms) * 1_000_000n, startTimeUnixNano: BigInt(ms - 10) * 1_000_000n });
    const failed = chat({ 'error.type': 'timeout' }, { status: { code: 2 }, ...at(nowMs - 600_000) });
    connector.send([failed, failed, chat({}, at(nowMs - 590_000)), chat({}, at(nowMs - 580_000))]);
    await connector.flush();
    expect(connector.value('millrace.request.success_rate')).toBe(0.5);
    connector.send([chat({}, at(nowMs - 400_000))]);
    await connector.flush();
    expect(connector.value('millrace.request.success_rate')).toBe(1);
    connector.send([failed]);
    await connector.flush();
    expect(connector.value('millrace.request.success_rate')).toBe(1);
    await connector.stop();
  });

  it('end where their window is empty: others moved it on, or live data paused', async () => {
    const connector = await start({ rate_window: '60s' });
    const at = (ms: number) => ({ endTimeUnixNano: BigInt(ms) * 1_000_000n, startTimeUnixNano: BigInt(ms - 10) * 1_000_000n });
    const model = (name: string) => ({ 'gen_ai.request.model': name, 'gen_ai.response.model': name });
    const rated = () => connector.points('millrace.request.success_rate').map((point) => connector.labelsOf(point)['millrace.model.name']);
    connector.send([chat(model('a'), at(nowMs - 300_000)), chat(model('b'), at(nowMs - 290_000))]);
    await connector.flush();
    expect(rated()).toEqual(['a', 'b']);
    connector.send([chat(model('b'), at(nowMs - 1_000))]);
    await connector.flush();
    expect(rated()).toEqual(['b']);
    await connector.clock.advance(70_000);
    expect(rated()).toEqual([]);
    connector.send([chat(model('a'), at(nowMs + 70_000))]);
    await connector.flush();
    expect(rated()).toEqual(['a']);
    await connector.stop();
  });

  it('keep their values when spans come with another delay than those before', async () => {
    const connector = await start({ rate_window: '60s' });
    const at = (ms: number) => ({ endTimeUnixNano: BigInt(ms) * 1_000_000n, startTimeUnixNano: BigInt(ms - 10) * 1_000_000n });
    connector.send([chat({ 'error.type': 'timeout' }, at(nowMs))]);
    await connector.clock.advance(5_000);
    connector.send([chat({}, at(nowMs + 1_000))]);
    await connector.flush();
    expect(connector.total('millrace.request.success_rate')).toBe(0.5);
    await connector.stop();
  });

  it('end in the silence after a replay too', async () => {
    const connector = await start({ rate_window: '60s' });
    const endMs = nowMs - 3_600_000;
    connector.send([chat({}, { endTimeUnixNano: BigInt(endMs) * 1_000_000n, startTimeUnixNano: BigInt(endMs - 10) * 1_000_000n })]);
    await connector.flush();
    expect(connector.value('millrace.request.success_rate')).toBe(1);
    await connector.clock.advance(130_000);
    expect(connector.points('millrace.requests')).toHaveLength(1);
    expect(connector.points('millrace.request.success_rate')).toEqual([]);
    await connector.stop();
  });
});
