import { matchesAny } from '@millrace/timeseries';
import type { AttributesView, Key } from '@millrace/wire';
import { key } from '@millrace/wire';
import type { FailureConfig, ItemRuleConfig, MetricRuleConfig } from './config.ts';

/** The share of an aggregation that is a percentile, such as 0.999 of `p99.9`; undefined of any other. */
export function shareOf(aggregation: string): number | undefined {
  const digits = /^p(\d{1,3}(?:\.\d{1,3})?)$/.exec(aggregation)?.[1];
  const share = Number(digits) / 100;
  return digits === undefined || share > 1 ? undefined : share;
}

/** The aggregations that are no percentiles. */
export const plainAggregations: readonly string[] = ['count', 'sum', 'min', 'max', 'avg', 'success_rate', 'failure_rate', 'histogram'];

/** A rule, prepared. */
export class Rule {
  /** Its place among the rules of its signal. */
  readonly index: number;
  readonly config: MetricRuleConfig | ItemRuleConfig;
  readonly dimensions: readonly Key[] | undefined;
  readonly resourceAttributes: readonly Key[] | undefined;
  readonly aggregations: readonly string[];
  /** Whether the distribution of the values is needed. */
  readonly hasSketch: boolean;
  /** The attribute that the value is; undefined when it is the duration, or 1. */
  readonly valueKey: Key | undefined;
  readonly #failure: FailureConfig | undefined;
  readonly #failureKey: Key | undefined;

  constructor(config: MetricRuleConfig | ItemRuleConfig, index: number) {
    this.config = config;
    this.index = index;
    const isItem = 'value' in config;
    this.dimensions = config.dimensions?.map(key) ?? (isItem ? [] : undefined);
    this.resourceAttributes = config.resource_attributes?.map(key);
    this.aggregations = config.aggregations;
    this.hasSketch = config.aggregations.some((name) => name === 'histogram' || shareOf(name) !== undefined);
    this.valueKey = isItem && config.value !== 'duration' && config.value !== '1' ? key(config.value) : undefined;
    this.#failure = config.failure ?? (isItem ? undefined : { attribute: 'error.type', values: [] });
    this.#failureKey = this.#failure === undefined ? undefined : key(this.#failure.attribute);
  }

  /** Whether the attributes say failure; undefined when the rule does not look at them. */
  fails(attributes: AttributesView): boolean | undefined {
    if (this.#failureKey === undefined) return undefined;
    const slot = attributes.find(this.#failureKey);
    if (slot < 0) return false;
    const { values } = this.#failure!;
    if (values.length === 0) return true;
    const plain = attributes.valueAt(slot).toPlain();
    return (
      (typeof plain === 'string' || typeof plain === 'bigint' || typeof plain === 'number' || typeof plain === 'boolean') &&
      matchesAny(`${plain}`, values)
    );
  }
}
