import { key } from '@millrace/api';
import type { AttributesView, Key, LogView } from '@millrace/api';
import { valueText } from '@millrace/trace-format';
import { isEmptyId, policies, readTraceId } from './carrier.ts';
import type { Carrier } from './carrier.ts';
import type { ProbabilisticSamplerConfig } from './config.ts';
import { fnv1a, hashRandomness } from './hash.ts';
import { parseRandomness, randomnessText, Threshold } from './threshold.ts';
import type { Randomness } from './threshold.ts';

const thresholdKey = key('sampling.threshold');
const randomnessKey = key('sampling.randomness');

/** Sampling information in a log record's attributes. */
export class LogCarrier implements Carrier<LogView> {
  threshold: Threshold | undefined;
  readonly randomness: Randomness = { high: 0, low: 0 };
  hasRandomness = false;
  readonly marksMissing = false;
  readonly #seed: number;
  readonly #byTraceId: boolean;
  readonly #fromAttribute: Key | undefined;
  readonly #priority: Key | undefined;
  readonly #precision: number;

  /** `seed`: the hash's state after the seed. */
  constructor(config: ProbabilisticSamplerConfig, seed: number) {
    this.#seed = seed;
    this.#byTraceId = config.attribute_source === 'traceID';
    this.#fromAttribute = config.from_attribute === '' ? undefined : key(config.from_attribute);
    this.#priority = config.sampling_priority === '' ? undefined : key(config.sampling_priority);
    this.#precision = config.sampling_precision;
  }

  read({ attributes }: LogView): string | undefined {
    this.threshold = undefined;
    this.hasRandomness = false;
    let problem: string | undefined;
    const threshold = attributes.string(thresholdKey) ?? '';
    if (threshold !== '') {
      const parsed = Threshold.parse(threshold);
      if (typeof parsed === 'string') problem = parsed;
      else this.threshold = parsed;
    }
    const randomness = attributes.string(randomnessKey) ?? '';
    if (randomness !== '') {
      this.hasRandomness = parseRandomness(randomness, this.randomness);
      if (!this.hasRandomness) problem = 'r-value must have 14 hex digits';
    }
    return problem;
  }

  hash(log: LogView, into: Randomness): number {
    if (this.#byTraceId) {
      const { buffer, start, end } = log.traceId();
      if (!isEmptyId(buffer, start, end)) {
        hashRandomness(fnv1a(buffer, start, end, this.#seed), into);
        return policies.traceIdHash;
      }
    }
    return this.#fromAttribute !== undefined && this.#hashAttribute(log.attributes, this.#fromAttribute, into)
      ? policies.attribute
      : policies.missing;
  }

  #hashAttribute(attributes: AttributesView, name: Key, into: Randomness): boolean {
    const slot = attributes.find(name);
    if (slot < 0) return false;
    const type = attributes.typeAt(slot);
    if (type === 'string' || type === 'bytes') {
      const { buffer, start, end } = attributes.rangeAt(slot);
      if (start === end) return false;
      hashRandomness(fnv1a(buffer, start, end, this.#seed), into);
      return true;
    }
    const text = Buffer.from(valueText(attributes.valueAt(slot).toPlain()));
    if (text.length === 0) return false;
    hashRandomness(fnv1a(text, 0, text.length, this.#seed), into);
    return true;
  }

  traceIdRandomness(log: LogView, into: Randomness): boolean {
    const { buffer, start, end } = log.traceId();
    return readTraceId(buffer, start, end, into);
  }

  priority({ attributes }: LogView): Threshold | undefined {
    if (this.#priority === undefined) return undefined;
    const percentage = attributes.number(this.#priority) ?? 0;
    return percentage === 0 ? undefined : Threshold.ofProbability(percentage / 100, this.#precision);
  }

  write({ attributes }: LogView, threshold: Threshold, arrived: Threshold | undefined, randomness: Readonly<Randomness> | undefined): void {
    if (randomness !== undefined) attributes.setString(randomnessKey, randomnessText(randomness));
    if (arrived === undefined || !threshold.isBelow(arrived)) attributes.setString(thresholdKey, threshold.text);
  }
}
