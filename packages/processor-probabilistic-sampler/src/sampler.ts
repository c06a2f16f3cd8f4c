import type { Context, Verdict } from '@millrace/api';
import { policies, policyNames } from './carrier.ts';
import type { Carrier } from './carrier.ts';
import type { ProbabilisticSamplerConfig } from './config.ts';
import { minProbability, Threshold } from './threshold.ts';
import type { Randomness } from './threshold.ts';

const buckets = 2 ** 14;

type Decision = 'never' | 'hash_seed' | 'equalizing' | 'proportional';

/** Decides for one item after the other, and counts the decisions. */
export class Sampler<Item> {
  readonly #carrier: Carrier<Item>;
  readonly #decision: Decision;
  /** Modes `hash_seed` and `equalizing`: the same for all items that arrive without one. */
  readonly #threshold: Threshold;
  readonly #ratio: number;
  readonly #precision: number;
  readonly #onError: Threshold;
  readonly #context: Context;
  readonly #random: Randomness = { high: 0, low: 0 };
  /** By policy: dropped, kept. */
  readonly #counts = new Float64Array(2 * (policyNames.length + 1));
  #hasWarned = false;

  constructor(config: ProbabilisticSamplerConfig, carrier: Carrier<Item>, context: Context) {
    const percentage = Math.fround(Math.min(config.sampling_percentage, 100));
    const mode = config.mode === '' ? 'hash_seed' : config.mode;
    // In the precision of the Collector's arithmetic: both factors and the product are 32-bit floats.
    const kept = Math.trunc(Math.fround(percentage * Math.fround(buckets / 100)));
    this.#carrier = carrier;
    this.#context = context;
    this.#precision = config.sampling_precision;
    this.#ratio = Math.max(percentage / 100, minProbability);
    this.#onError = config.fail_closed ? Threshold.never : Threshold.always;
    this.#decision = percentage === 0 || (mode === 'hash_seed' && kept === 0) ? 'never' : mode;
    this.#threshold = {
      never: () => Threshold.never,
      hash_seed: () => Threshold.ofBuckets(buckets - kept),
      equalizing: () => this.#ofProbability(this.#ratio),
      proportional: () => this.#ofProbability(this.#ratio),
    }[this.#decision]();
    this.#observe(config.from_attribute);
  }

  #ofProbability(probability: number): Threshold {
    return Threshold.ofProbability(probability, this.#precision) ?? Threshold.never;
  }

  /** Decides for an item, and writes into one that is kept how it was sampled. */
  sample(item: Item): Verdict {
    const carrier = this.#carrier;
    const random = this.#random;
    const decision = this.#decision;
    random.high = random.low = buckets ** 2 - 1;
    let policy: number = policies.missing;
    let problem = carrier.read(item);
    let isWritable = problem === undefined;
    let arrived = carrier.threshold;
    let explicit: Readonly<Randomness> | undefined;
    if (decision === 'never') {
      policy = policies.priority;
      isWritable = true;
    } else if (decision === 'hash_seed') {
      policy = carrier.hash(item, random);
      if (problem === undefined) {
        if (carrier.hasRandomness) problem = 'item has sampling randomness, equalizing or proportional mode recommended';
        else if (arrived !== undefined) problem = 'item has sampling threshold, equalizing or proportional mode recommended';
        else if (policy !== policies.missing || carrier.marksMissing) explicit = random;
        isWritable = problem === undefined;
      }
    } else if (problem === undefined) {
      if (carrier.hasRandomness) {
        random.high = carrier.randomness.high;
        random.low = carrier.randomness.low;
        policy = policies.randomness;
      } else if (carrier.traceIdRandomness(item, random)) policy = policies.traceIdW3c;
    }
    if (problem === undefined) {
      if (policy === policies.missing) problem = 'missing randomness';
      else if (isWritable && arrived !== undefined && !arrived.keeps(random)) {
        problem = 'inconsistent arriving threshold: item should not have been sampled';
        arrived = undefined;
      }
    }
    let threshold = problem === undefined ? this.#decide(arrived) : this.#onError;
    if (problem !== undefined) this.#log(problem);
    const wanted = carrier.priority(item);
    if (wanted !== undefined) {
      threshold = wanted;
      policy = policies.priority;
    }
    const isKept = threshold.keeps(random);
    if (isKept && isWritable) carrier.write(item, threshold, arrived, explicit);
    this.#counts[2 * policy + Number(isKept)]++;
    return isKept ? undefined : 'drop';
  }

  #decide(arrived: Threshold | undefined): Threshold {
    if (arrived === undefined || this.#decision === 'hash_seed' || this.#decision === 'never') return this.#threshold;
    if (this.#decision === 'equalizing') return this.#threshold.isBelow(arrived) ? arrived : this.#threshold;
    return this.#ofProbability(arrived.probability * this.#ratio);
  }

  /** The first problem is logged for everybody to see; the others are many. */
  #log(error: string): void {
    const { logger, signal } = this.#context;
    if (!this.#hasWarned) logger.info(`${signal ?? 'traces'} sampler`, { error });
    else logger.debug(`${signal ?? 'traces'} sampler`, { error });
    this.#hasWarned = true;
  }

  #observe(attribute: string): void {
    const { meter, signal = 'traces', id } = this.#context;
    const names = [...policyNames, attribute];
    meter
      .createObservableCounter(`processor_probabilistic_sampler_count_${signal}_sampled`, {
        description: `Count of ${signal} that were sampled or not`,
        unit: '1',
      })
      .addCallback((result) => {
        for (let i = 0; i < this.#counts.length; i++) {
          if (this.#counts[i] === 0) continue;
          result.observe(this.#counts[i], { processor: id, policy: names[i >> 1], sampled: i % 2 === 1 ? 'true' : 'false' });
        }
      });
  }
}
