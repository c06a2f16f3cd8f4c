import type { PolicyConfig } from '../config.ts';
import { decisions } from '../decision.ts';
import type { DecidedTrace, Decision, Policy } from '../decision.ts';

/** Decides `matched` when every policy samples. The policies are asked in order, up to the first that does not or that fails. */
export function allOf(policies: readonly Policy[], matched: Decision): Policy {
  return {
    isStateful: policies.some(({ isStateful }) => isStateful),
    evaluate: (trace) => {
      for (const policy of policies) {
        const decision = policy.evaluate(trace);
        if (decision === decisions.error || decision === decisions.notSampled) return decision;
      }
      return matched;
    },
  };
}

/** Samples what the policy does not, and the other way round; a failure stays one. */
export function opposite(policy: Policy): Policy {
  return {
    isStateful: policy.isStateful,
    evaluate: (trace) => {
      const decision = policy.evaluate(trace);
      if (decision === decisions.sampled) return decisions.notSampled;
      return decision === decisions.notSampled ? decisions.sampled : decision;
    },
  };
}

interface Share {
  readonly name: string;
  readonly policy: Policy;
  readonly spansPerSecond: number;
  /** Spans sampled in the present second. */
  sampled: number;
}

/** Samples what the first policy that samples has room for, in each second of the clock. */
export class CompositePolicy implements Policy {
  readonly isStateful: boolean;
  readonly #shares: readonly Share[];
  readonly #spansPerSecond: number;
  #second = 0;

  constructor(config: PolicyConfig['composite'], build: (policy: PolicyConfig) => Policy) {
    const { max_total_spans_per_second: total = 0, composite_sub_policy: policies = [], rate_allocation: rates = [] } = config ?? {};
    const shareOf = (name: string): number => {
      const rate = rates.findLast(({ policy }) => policy === name);
      if (rate === undefined) return 0;
      return Math.trunc(rate.percent > 0 ? (rate.percent / 100) * total : total / policies.length);
    };
    this.#spansPerSecond = total;
    this.#shares = policies.map((policy) => ({
      name: policy.name ?? '',
      policy: build(policy),
      spansPerSecond: shareOf(policy.name ?? ''),
      sampled: 0,
    }));
    this.isStateful = this.#shares.some(({ policy }) => policy.isStateful);
  }

  evaluate(trace: DecidedTrace): Decision {
    const second = Math.floor(trace.nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      for (const share of this.#shares) share.sampled = 0;
    }
    for (const share of this.#shares) {
      const decision = share.policy.evaluate(trace);
      if (decision === decisions.error) return decision;
      if (decision !== decisions.sampled) continue;
      const sampled = share.sampled + trace.spans;
      if (sampled > share.spansPerSecond || sampled > this.#spansPerSecond) return decisions.notSampled;
      share.sampled = sampled;
      trace.subPolicy = share.name;
      return decisions.sampled;
    }
    return decisions.notSampled;
  }
}
