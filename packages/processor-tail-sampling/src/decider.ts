import type { Context } from '@millrace/api';
import type { TailSamplingConfig } from './config.ts';
import { decisions } from './decision.ts';
import type { DecidedTrace, Decision, Policy } from './decision.ts';
import type { Fact } from './fact.ts';
import { buildPolicy } from './policies/build-policy.ts';

/** What became of the traces that a policy was asked about, by decision. */
export interface PolicyCounts {
  executions: number;
  readonly traces: Float64Array;
  readonly spans: Float64Array;
  readonly bytes: Float64Array;
}

/** A policy of the configuration. */
export interface NamedPolicy {
  readonly name: string;
  readonly isDrop: boolean;
  readonly policy: Policy;
  readonly counts: PolicyCounts;
}

/** Asks the policies, those that drop first, and makes one decision of what they say. */
export class Decider {
  readonly policies: readonly NamedPolicy[];
  /** What must be known about a trace before it is decided about. */
  readonly facts: readonly Fact[];
  readonly #decidesAtFirst: boolean;
  /** Policies that failed on a trace. */
  errors = 0;
  /** Of the last decision: the number of the policy behind it, -1 when there is none. */
  policy = -1;

  /** Throws an `Error` in the Collector's words for policies that are wrong. */
  constructor(config: TailSamplingConfig, setup: Pick<Context, 'logger' | 'clock'>) {
    const facts: Fact[] = [];
    const names = new Set<string>();
    const policies = config.policies.map((own): NamedPolicy => {
      const { name = '', type } = own;
      if (name === '') throw new Error('policy name cannot be empty');
      if (names.has(name)) throw new Error(`duplicate policy name ${JSON.stringify(name)}`);
      names.add(name);
      let policy: Policy;
      try {
        policy = buildPolicy(own, { ...setup, facts });
      } catch (error) {
        throw new Error(`failed to create policy evaluator for ${JSON.stringify(name)}: ${(error as Error).message}`, { cause: error });
      }
      if (config.sampling_strategy === 'span-ingest' && policy.isStateful)
        throw new Error(
          `sampling_strategy "span-ingest" requires all policies to be stateless, but policy ${JSON.stringify(name)} is stateful`,
        );
      const counts = { executions: 0, traces: new Float64Array(4), spans: new Float64Array(4), bytes: new Float64Array(4) };
      return { name, isDrop: type === 'drop', policy, counts };
    });
    this.facts = facts;
    this.policies = [...policies.filter(({ isDrop }) => isDrop), ...policies.filter(({ isDrop }) => !isDrop)];
    this.#decidesAtFirst = config.sample_on_first_match;
  }

  /** The decision about a trace whose time is over. A drop beats everything; otherwise one policy that samples is enough. */
  decide(trace: DecidedTrace): Decision {
    this.policy = -1;
    trace.subPolicy = '';
    for (let i = 0; i < this.policies.length; i++) {
      const decision = this.#ask(i, trace);
      if (decision === decisions.dropped) {
        this.policy = i;
        return decisions.dropped;
      }
      if (decision !== decisions.sampled) continue;
      if (this.policy < 0) this.policy = i;
      if (this.#decidesAtFirst) break;
    }
    return this.policy < 0 ? decisions.notSampled : decisions.sampled;
  }

  /** The decision about what just came of a trace: `pending` unless a policy drops or samples. While a policy may still drop, none samples. */
  decideAtOnce(trace: DecidedTrace): Decision {
    this.policy = -1;
    trace.subPolicy = '';
    let mayDrop = false;
    for (let i = 0; i < this.policies.length; i++) {
      const { isDrop } = this.policies[i];
      if (!isDrop && mayDrop) break;
      const decision = this.#ask(i, trace);
      if (decision === decisions.error) continue;
      if (decision === decisions.dropped || (decision === decisions.sampled && !isDrop)) {
        this.policy = i;
        return decision;
      }
      if (isDrop) mayDrop = true;
    }
    return decisions.pending;
  }

  #ask(i: number, trace: DecidedTrace): Decision {
    const { policy, counts } = this.policies[i];
    const decision = policy.evaluate(trace);
    counts.executions++;
    if (decision === decisions.error) this.errors++;
    else {
      counts.traces[decision]++;
      counts.spans[decision] += trace.spans;
      counts.bytes[decision] += trace.sizeBytes;
    }
    return decision;
  }
}
