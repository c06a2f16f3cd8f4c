/** What is known of the calls of a model for a task on a day. Facts of the same model, task and day add up; what is not known is absent. */
export interface UsageFact {
  /** Such as `2026-11-09`. */
  readonly day: string;
  readonly model: string;
  readonly task?: string;
  /** Calls that the model answered or failed; what a cache answered is not among them. */
  readonly requests: number;
  readonly errors?: number;
  /** In the currency of the facts. */
  readonly cost?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Sum over the calls. */
  readonly latencySeconds?: number;
  /** Evaluations, and the sum of their scores. */
  readonly evaluations?: number;
  readonly qualitySum?: number;
}

/** What a tier of the application's cache did on a day. A request asks tier after tier until one has the answer. */
export interface CacheFact {
  readonly day: string;
  /** `1` for exact, `2` for semantic, `3` for intermediate results. */
  readonly tier: string;
  readonly hits: number;
  readonly misses: number;
}

/** How much of a capacity was used on a day. */
export interface CapacityFact {
  readonly day: string;
  readonly resource: string;
  /** 0 to 1: the mean of the busiest hour. */
  readonly utilization: number;
}

/** Everything that recommendations are made from. */
export interface Facts {
  readonly usage: readonly UsageFact[];
  readonly caches?: readonly CacheFact[];
  readonly capacities?: readonly CapacityFact[];
}
