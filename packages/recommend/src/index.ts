export { overallHitRate } from './cache-rules.ts';
export type { CacheFact, CapacityFact, Facts, UsageFact } from './facts.ts';
export type { Recommendation, Saving } from './recommendation.ts';
export { recommend } from './recommend.ts';
