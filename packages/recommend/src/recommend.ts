import { lowHitRate, lowTier2HitRate } from './cache-rules.ts';
import { capacity } from './capacity-rule.ts';
import type { Facts } from './facts.ts';
import { expensiveModels, singleModel, tokenVariance } from './model-rules.ts';
import type { Finding, Recommendation } from './recommendation.ts';
import { sum } from './statistics.ts';

const rules: readonly ((facts: Facts) => Finding[])[] = [
  lowHitRate,
  expensiveModels,
  lowTier2HitRate,
  tokenVariance,
  singleModel,
  capacity,
];
const priorities = ['high', 'medium', 'low'] as const;

/** What would make a service cheaper or better, the most urgent first. The same facts give the same recommendations, in whatever order they come (but for rounding); too few give none. */
export function recommend(facts: Facts): Recommendation[] {
  const days = new Set(facts.usage.map(({ day }) => day)).size;
  const monthlyCost = days === 0 ? 0 : (sum(facts.usage, ({ cost }) => cost) / days) * 30;
  const found = rules
    .flatMap((rule) => rule(facts))
    .map((finding) => ({ ...finding, priority: finding.priority ?? priorityOf(finding, monthlyCost) }));
  const rank = ({ priority }: Recommendation): number => priorities.indexOf(priority);
  return found.sort((a, b) => rank(a) - rank(b) || (b.saving?.estimate ?? 0) - (a.saving?.estimate ?? 0) || (a.id < b.id ? -1 : 1));
}

function priorityOf({ saving }: Finding, monthlyCost: number): Recommendation['priority'] {
  const share = saving === undefined || monthlyCost === 0 ? 0 : saving.estimate / monthlyCost;
  return share >= 0.1 ? 'high' : share >= 0.03 ? 'medium' : 'low';
}
