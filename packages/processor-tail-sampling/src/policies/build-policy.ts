import type { Context } from '@millrace/api';
import type { PolicyConfig } from '../config.ts';
import { decisions } from '../decision.ts';
import type { DecidedTrace, Decision, Policy } from '../decision.ts';
import { outcomes } from '../fact.ts';
import type { Fact } from '../fact.ts';
import { booleanFact, numericFact, patternFact, stringFact } from './attribute-facts.ts';
import { allOf, CompositePolicy, opposite } from './combined-policies.ts';
import { OttlFact } from './ottl-fact.ts';
import { flagsFact, LatencyFact, statusFact, traceStateFact } from './span-facts.ts';
import { TokenBucket } from './token-bucket.ts';
import { TraceHash } from './trace-hash.ts';

const defaultSalt = 'default-hash-seed';

/** What policies are made with: where they note the facts that they need, and what OTTL runs with. */
export interface PolicySetup extends Pick<Context, 'logger' | 'clock'> {
  readonly facts: Fact[];
}

/** Makes a policy. Throws an `Error` that says what is wrong with it, in the Collector's words. */
export function buildPolicy(config: PolicyConfig, setup: PolicySetup): Policy {
  switch (config.type) {
    case 'composite':
      return new CompositePolicy(config.composite, (sub) => (sub.type === 'and' ? and(sub, setup) : plain(sub, setup)));
    case 'and':
      return and(config, setup);
    case 'not':
      return not(config, setup);
    case 'drop':
      return allOf(
        (config.drop?.drop_sub_policy ?? []).map((sub) => inner(sub, setup)),
        decisions.dropped,
      );
    default:
      return plain(config, setup);
  }
}

function and(config: PolicyConfig, setup: PolicySetup): Policy {
  return allOf(
    (config.and?.and_sub_policy ?? []).map((sub) => inner(sub, setup)),
    decisions.sampled,
  );
}

function not(config: PolicyConfig, setup: PolicySetup): Policy {
  return opposite(plain(config.not?.not_sub_policy ?? {}, setup));
}

function inner(config: PolicyConfig, setup: PolicySetup): Policy {
  return config.type === 'not' ? not(config, setup) : plain(config, setup);
}

/** Matches when a test holds. */
function when(test: (trace: DecidedTrace) => boolean, isStateful = false): Policy {
  return { isStateful, evaluate: (trace) => (test(trace) ? decisions.sampled : decisions.notSampled) };
}

/** Matches when a fact holds, or, inverted, when it does not. */
function whenFact(fact: Fact, { facts }: PolicySetup, { isInverted = false, isStateful = false } = {}): Policy {
  const number = facts.push(fact) - 1;
  const found: Decision = isInverted ? decisions.notSampled : decisions.sampled;
  const open: Decision = isInverted ? decisions.sampled : decisions.notSampled;
  return {
    isStateful,
    evaluate: (trace) => {
      const outcome = trace.outcomes[trace.base + number];
      if (outcome === outcomes.failed) return decisions.error;
      return outcome === outcomes.holds ? found : open;
    },
  };
}

function limited(rate: number, burst: number, costOf: (trace: DecidedTrace) => number): Policy {
  const bucket = new TokenBucket(rate, burst > 0 ? burst : 2 * rate);
  return when((trace) => bucket.take(costOf(trace), trace.nowMs), true);
}

function plain(config: PolicyConfig, setup: PolicySetup): Policy {
  switch (config.type) {
    case 'always_sample':
      return when(() => true);
    case 'latency': {
      const { threshold_ms: least, upper_threshold_ms: most } = config.latency ?? { threshold_ms: 0, upper_threshold_ms: 0 };
      return whenFact(new LatencyFact(least, most), setup, { isStateful: most > 0 });
    }
    case 'numeric_attribute': {
      const { key = '', min_value: min = 0, max_value: max = 0, invert_match: isInverted = false } = config.numeric_attribute ?? {};
      if (min === 0 && max === 0) throw new Error('at least one of min_value and max_value must be set');
      return whenFact(numericFact(key, min, max), setup, { isInverted });
    }
    case 'probabilistic': {
      const { hash_salt: salt = '', sampling_percentage: percentage = 0 } = config.probabilistic ?? {};
      const hash = new TraceHash(salt === '' ? defaultSalt : salt, percentage / 100);
      return when(({ id }) => hash.isWithin(id));
    }
    case 'status_code':
      return whenFact(statusFact(config.status_code?.status_codes ?? []), setup);
    case 'string_attribute': {
      const { key = '', values = [], enabled_regex_matching: isPattern = false } = config.string_attribute ?? {};
      const { cache_max_size: cacheSize = 0, invert_match: isInverted = false } = config.string_attribute ?? {};
      return whenFact(isPattern ? patternFact(key, values, cacheSize) : stringFact(key, values), setup, { isInverted });
    }
    case 'rate_limiting': {
      const { spans_per_second: rate = 0, burst_capacity: burst = 0 } = config.rate_limiting ?? {};
      return limited(rate, burst, ({ spans }) => spans);
    }
    case 'bytes_limiting': {
      const { bytes_per_second: rate = 0, burst_capacity: burst = 0 } = config.bytes_limiting ?? {};
      return limited(rate, burst, ({ sizeBytes }) => sizeBytes);
    }
    case 'span_count': {
      const { min_spans: min = 0, max_spans: max = 0 } = config.span_count ?? {};
      return when(({ spans }) => spans >= min && (max === 0 || spans <= max), max > 0);
    }
    case 'trace_state':
      return whenFact(traceStateFact(config.trace_state?.key ?? '', config.trace_state?.values ?? []), setup);
    case 'boolean_attribute': {
      const { key = '', value = false, invert_match: isInverted = false } = config.boolean_attribute ?? {};
      return whenFact(booleanFact(key, value), setup, { isInverted });
    }
    case 'ottl_condition':
      return whenFact(new OttlFact(config.ottl_condition ?? { error_mode: '', span: [], spanevent: [] }, setup), setup);
    case 'trace_flags':
      return whenFact(flagsFact, setup);
    default:
      throw new Error(`unknown sampling policy type ${config.type ?? ''} (policies of extensions are not supported)`);
  }
}
