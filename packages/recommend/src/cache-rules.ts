import type { CacheFact, Facts } from './facts.ts';
import type { Finding } from './recommendation.ts';
import { grouped, monthly, succession, sum } from './statistics.ts';

/** The least share of requests that a cache should answer, and of its lookups that the second tier should. */
const leastHitRate = 0.5;
const leastTier2HitRate = 0.2;
const fewestLookups = 100;

/** The share of requests that some tier answered: all of them ask the tier that has the most lookups. 0 without lookups. */
export function overallHitRate(facts: readonly { readonly tier: string; readonly hits: number; readonly misses: number }[]): number {
  const requests = Math.max(0, ...Array.from(grouped(facts, ({ tier }) => tier).values(), lookupsOf));
  return requests === 0 ? 0 : Math.min(1, sum(facts, ({ hits }) => hits) / requests);
}

function lookupsOf(facts: readonly { readonly hits: number; readonly misses: number }[]): number {
  return sum(facts, ({ hits, misses }) => hits + misses);
}

/** `Cache hit rate < 50%`. */
export function lowHitRate({ usage, caches = [] }: Facts): Finding[] {
  const hitRate = overallHitRate(caches);
  if (lookupsOf(caches) < fewestLookups || hitRate >= leastHitRate) return [];
  const days = [...grouped(caches, ({ day }) => day).values()];
  const below = days.filter((day) => overallHitRate(day) < leastHitRate).length;
  // Of the calls that are made, so many would be answered by the cache at the threshold.
  const avoided = (leastHitRate - hitRate) / (1 - hitRate);
  return [
    {
      id: 'cache-hit-rate',
      category: 'cache',
      title: 'The cache answers less than half of the requests',
      description: `${percent(hitRate)} of the requests were answered by the cache, less than ${percent(leastHitRate)}.`,
      ...savingOf(usage, avoided),
      action: 'Review cache TTL settings; consider increasing',
      howToApply:
        'Compare how long answers stay valid with how long the cache keeps them, raise the TTL of the tier with the most expirations first, and watch millrace.cache.expirations and millrace.cache.evictions: when evictions rise, give the cache more room.',
      evidence: { hit_rate: hitRate, threshold: leastHitRate, lookups: lookupsOf(caches), days: days.length, days_below: below },
      confidence: succession(below, days.length),
    },
  ];
}

/** `Tier 2 hit rate < 20%`. */
export function lowTier2HitRate({ usage, caches = [] }: Facts): Finding[] {
  const second = caches.filter(({ tier }) => tier === '2');
  const lookups = lookupsOf(second);
  const hitRate = rateOf(second);
  if (lookups < fewestLookups || hitRate >= leastTier2HitRate) return [];
  const days = [...grouped(second, ({ day }) => day).values()];
  const below = days.filter((day) => rateOf(day) < leastTier2HitRate).length;
  return [
    {
      id: 'cache-tier-2-hit-rate',
      category: 'cache',
      title: 'The semantic cache hardly answers',
      description: `${percent(hitRate)} of the lookups in tier 2 were hits, less than ${percent(leastTier2HitRate)}.`,
      ...savingOf(usage, (leastTier2HitRate - hitRate) / (1 - hitRate)),
      action: 'Check embedding quality or lower similarity threshold',
      howToApply:
        'Take pairs of questions that should have the same answer and look at the similarity of their embeddings. When it is low, change the embedding model or what is embedded; when it is just below the threshold, lower the threshold in small steps and watch millrace.quality.score.',
      evidence: { hit_rate: hitRate, threshold: leastTier2HitRate, lookups, days: days.length, days_below: below },
      confidence: succession(below, days.length),
    },
  ];
}

function rateOf(facts: readonly CacheFact[]): number {
  const lookups = lookupsOf(facts);
  return lookups === 0 ? 0 : sum(facts, ({ hits }) => hits) / lookups;
}

/** What it would save to avoid a share of all calls: half of it to one and a half of it. */
function savingOf(usage: Facts['usage'], avoided: number): Pick<Finding, 'saving'> {
  const daily = Array.from(grouped(usage, ({ day }) => day).values(), (day) => avoided * sum(day, ({ cost }) => cost));
  return daily.some((saved) => saved > 0) ? { saving: monthly(daily, 0.5, 1.5) } : {};
}

export function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
