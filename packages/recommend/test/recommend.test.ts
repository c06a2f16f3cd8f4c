import { describe, expect, it } from '@jest/globals';
import { batchJobs, traffic } from '../../demo/src/index.ts';
import { listPrice } from '../../demo/src/price.ts';
import { overallHitRate, recommend } from '../src/index.ts';
import type { CacheFact, CapacityFact, Facts, UsageFact } from '../src/index.ts';

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 10, 2);

function dayOf(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 10);
}

/** What the traffic of the demo comes to, without incidents. */
function demoFacts(seed: string, days: number): Facts {
  const options = { seed, requestsPerSecond: 0.05, incidents: [] };
  const usage: UsageFact[] = [];
  const caches: CacheFact[] = [];
  for (const request of traffic(options, startMs, startMs + days * dayMs)) {
    const day = dayOf(request.unixMs);
    for (const { tier, hit } of request.cache) caches.push({ day, tier, hits: hit ? 1 : 0, misses: hit ? 0 : 1 });
    if (request.answeredByCache) continue;
    for (const attempt of request.attempts) {
      const { model, input, cacheRead, cacheWrite, output, errorType, startMs: atMs } = attempt;
      usage.push({
        day,
        model: model.name,
        task: request.task.name,
        requests: 1,
        errors: errorType === '' ? 0 : 1,
        cost: Number(listPrice(model, attempt, atMs) ?? 0n) / 1e12,
        inputTokens: input + cacheRead + cacheWrite,
        outputTokens: output,
        evaluations: request.quality === undefined ? 0 : 1,
        qualitySum: request.quality ?? 0,
      });
    }
  }
  for (const { model, unixMs, requests } of batchJobs(options, startMs, startMs + days * dayMs)) {
    for (const { input, output } of requests)
      usage.push({ day: dayOf(unixMs), model: model.name, requests: 1, inputTokens: input, outputTokens: output });
  }
  return { usage, caches, capacities: capacities([0.4, 0.42, 0.39, 0.41, 0.4, 0.43, 0.4]) };
}

const days = Array.from({ length: 7 }, (_, i) => dayOf(startMs + i * dayMs));

function capacities(utilizations: readonly number[]): CapacityFact[] {
  return utilizations.map((utilization, i) => ({ day: days[i]!, resource: 'gpu', utilization }));
}

/** Two models that cost the same, and a cache that works. */
const healthy: Facts = {
  usage: days.flatMap((day) =>
    ['a', 'b'].map((model) => ({ day, model, task: 'chat', requests: 500, cost: 5, inputTokens: 500_000, outputTokens: 50_000 })),
  ),
  caches: days.flatMap((day) => [
    { day, tier: '1', hits: 1000, misses: 1000 },
    { day, tier: '2', hits: 400, misses: 600 },
  ]),
  capacities: capacities([0.4, 0.5, 0.4, 0.5, 0.4, 0.5, 0.4]),
};

const ids = (facts: Facts): string[] => recommend(facts).map(({ id }) => id);
const usageWith = (change: (fact: UsageFact, day: number) => Partial<UsageFact>): Facts => ({
  ...healthy,
  usage: healthy.usage.map((fact) => ({ ...fact, ...change(fact, days.indexOf(fact.day)) })),
});

describe('Recommendations (ASA-6)', () => {
  it.each(['one', 'two', 'three'])('are none for the healthy traffic of the demo: seed %s', (seed) => {
    expect(recommend(demoFacts(seed, 7))).toEqual([]);
  });

  it('are none for healthy facts, for nothing, and for next to nothing', () => {
    expect(recommend(healthy)).toEqual([]);
    expect(recommend({ usage: [] })).toEqual([]);
    const few = usageWith(() => ({ model: 'a', requests: 1 }));
    expect(recommend({ ...few, caches: [{ day: days[0]!, tier: '2', hits: 1, misses: 50 }], capacities: capacities([0.95]) })).toEqual([]);
  });

  it('advise on the cache when it answers less than half of the requests', () => {
    const facts: Facts = { ...healthy, caches: days.map((day) => ({ day, tier: '1', hits: 400, misses: 600 })) };
    const [only, ...others] = recommend(facts);
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      id: 'cache-hit-rate',
      category: 'cache',
      action: 'Review cache TTL settings; consider increasing',
      priority: 'high',
      evidence: { hit_rate: 0.4, threshold: 0.5, lookups: 7000, days: 7, days_below: 7 },
    });
    // A sixth of the calls would go: of 10 a day.
    expect(only!.saving!.estimate).toBeCloseTo(50, 6);
    expect(only!.saving!.low).toBeCloseTo(25, 6);
    expect(only!.saving!.high).toBeCloseTo(75, 6);
    expect(only!.confidence).toBeCloseTo(8 / 9, 6);
  });

  it('count a request that asked three tiers once', () => {
    const tiers = [
      { tier: '1', hits: 30, misses: 70 },
      { tier: '2', hits: 20, misses: 50 },
      { tier: '3', hits: 10, misses: 40 },
    ];
    expect(overallHitRate(tiers)).toBeCloseTo(0.6, 12);
    expect(overallHitRate([])).toBe(0);
  });

  it('advise on tier 2 when less than a fifth of its lookups hit', () => {
    const caches = healthy.caches!.map((fact) =>
      fact.tier === '1' ? { ...fact, hits: 1500, misses: 500 } : { ...fact, hits: 50, misses: 450 },
    );
    const [only, ...others] = recommend({ ...healthy, caches });
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      id: 'cache-tier-2-hit-rate',
      category: 'cache',
      action: 'Check embedding quality or lower similarity threshold',
      evidence: { hit_rate: 0.1 },
    });
  });

  it('advise on routing when most calls go to expensive models, by the task that costs most', () => {
    const facts = usageWith(({ model }) => (model === 'a' ? { requests: 600, cost: 60, task: 'review' } : {}));
    const [only, ...others] = recommend(facts);
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      id: 'expensive-model:review',
      category: 'routing',
      action: 'Lower quality threshold for review tasks',
      priority: 'high',
      evidence: { expensive_models: 'a', cheapest_model: 'b', threshold: 0.5, days_above: 7 },
    });
    expect(only!.howToApply).toContain('calls to b');
    // Half of 60 a day, of which a twelfth remains.
    expect(only!.saving!.estimate).toBeCloseTo(30 * 30 * (11 / 12), 6);
  });

  it('promise no saving from a model that answers worse, and name no task that is not known', () => {
    const facts = usageWith(({ model }) =>
      model === 'a' ? { requests: 600, cost: 60, evaluations: 10, qualitySum: 45 } : { evaluations: 10, qualitySum: 35 },
    );
    expect(recommend(facts)).toMatchObject([{ id: 'expensive-model:chat', priority: 'low' }]);
    expect(recommend(facts)[0]).not.toHaveProperty('saving');
    const nameless = { ...facts, usage: facts.usage.map((fact): UsageFact => ({ ...fact, task: undefined as never })) };
    expect(recommend(nameless)).toMatchObject([{ id: 'expensive-model', action: 'Lower quality threshold for simple tasks' }]);
  });

  it('advise on more models when one handles nearly all traffic', () => {
    const facts = usageWith(({ model }) => ({
      requests: model === 'a' ? 900 : 100,
      inputTokens: model === 'a' ? 900_000 : 100_000,
      cost: model === 'a' ? 9 : 1,
    }));
    expect(recommend(facts)).toMatchObject([
      {
        id: 'single-model:a',
        category: 'model',
        action: 'Expand model registry with cheaper alternatives',
        evidence: { share_of_calls: 0.9 },
      },
    ]);
  });

  it('advise on tokens when the daily mean of the input tokens of a model varies by more than half', () => {
    const facts = usageWith(({ model }, day) => (model === 'a' && day % 2 === 1 ? { inputTokens: 2_500_000, cost: 23 } : {}));
    const [only, ...others] = recommend(facts);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ id: 'token-variance:a', category: 'token', action: 'Enable token optimization (Phase 4)' });
    expect(only!.evidence['variation']).toBeGreaterThan(0.5);
    expect(only!.saving!.low).toBeLessThan(only!.saving!.estimate);
    expect(only!.saving!.high).toBeGreaterThan(only!.saving!.estimate);
    expect(only!.confidence).toBeCloseTo(8 / 9, 6);
  });

  it('do not take single calls of different length for variation', () => {
    const fewCalls = usageWith(({ model }, day) => (model === 'a' && day === 3 ? { requests: 2, inputTokens: 80_000 } : {}));
    expect(recommend(fewCalls)).toEqual([]);
  });

  it('advise on capacity that runs out or has run out', () => {
    const rising = recommend({ ...healthy, capacities: capacities([0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7]) });
    expect(rising).toMatchObject([{ id: 'capacity:gpu', category: 'capacity', priority: 'high', action: 'Add capacity to gpu' }]);
    expect(rising[0]!.evidence['days_left']).toBeCloseTo(5, 6);
    const full = recommend({ ...healthy, capacities: capacities([0.93, 0.92, 0.94, 0.93, 0.95]) });
    expect(full).toMatchObject([{ evidence: { days_left: 0 }, description: expect.stringContaining('94 % of gpu is in use') as unknown }]);
    expect(ids({ ...healthy, capacities: capacities([0.8, 0.79, 0.78, 0.77, 0.76]) })).toEqual([]);
  });

  it('are the same in whatever order the facts come, the most urgent first', () => {
    const facts: Facts = {
      ...usageWith(({ model }) => (model === 'a' ? { requests: 3000, cost: 60 } : {})),
      caches: days.flatMap((day) => [
        { day, tier: '1', hits: 300, misses: 700 },
        { day, tier: '2', hits: 50, misses: 650 },
      ]),
    };
    const found = recommend(facts);
    expect(found.map(({ id, priority }) => `${priority} ${id}`)).toEqual([
      'high expensive-model:chat',
      'high cache-hit-rate',
      'high cache-tier-2-hit-rate',
      'low single-model:a',
    ]);
    expect(
      recommend({ usage: facts.usage.toReversed(), caches: facts.caches!.toReversed(), capacities: facts.capacities!.toReversed() }),
    ).toEqual(found);
  });
});
