import type { PointKind } from '@millrace/timeseries';
import type { Key, MetricView } from '@millrace/wire';
import { key } from '@millrace/wire';
import { matchesAny } from '@millrace/timeseries';
import type { CardinalityLimitConfig } from './config.ts';
import type { KeyWatch } from './key-watch.ts';

/** How many distinct values a key may have. */
export interface KeyLimit {
  readonly key: Key;
  readonly limit: number;
}

/** The limits of a metric. */
export interface Limits {
  readonly limit: number;
  readonly keys: readonly KeyLimit[];
}

/** Finds the limits of a metric by its name. */
export function limitsByName(config: CardinalityLimitConfig): (name: string) => Limits {
  const keysOf = (limits: Readonly<Record<string, number>>): KeyLimit[] =>
    Object.entries(limits).map(([text, limit]) => ({ key: key(text), limit }));
  const common: Limits = { limit: config.limit, keys: keysOf(config.key_limits) };
  const others = config.overrides.map(({ metrics, limit, key_limits }) => ({
    metrics,
    limits: { limit: limit ?? common.limit, keys: key_limits === undefined ? common.keys : keysOf(key_limits) },
  }));
  return (name) => others.find(({ metrics }) => matchesAny(name, metrics))?.limits ?? common;
}

const kinds: Readonly<Partial<Record<string, PointKind>>> = {
  histogram: 'histogram',
  exponentialHistogram: 'exponentialHistogram',
  summary: 'summary',
};

/** What is known of one metric of one resource and scope. */
export class Group {
  readonly name: string;
  readonly limits: Limits;
  /** Its identity. */
  readonly words: Int32Array;
  readonly kind: PointKind;
  /** Its points are totals or states, not increments: those that are folded have to be remembered. */
  readonly isRunning: boolean;
  /** Its values only grow, but for resets. */
  readonly isMonotonic: boolean;
  /** Series with a place of their own. */
  series = 0;
  /** Overflow series. */
  overflows = 0;
  /** Distinct values by key limit. */
  readonly values: Float64Array;
  watch: KeyWatch | undefined;
  /** Points folded since the last report, and since the start. */
  unreported = 0;
  folded = 0;
  reportedAtSeconds = -Infinity;

  constructor(metric: MetricView, name: string, limits: Limits, words: Int32Array) {
    const { type } = metric;
    this.name = name;
    this.limits = limits;
    this.words = Int32Array.from(words);
    this.kind = kinds[type] ?? 'number';
    this.isRunning = metric.temporality !== 1;
    this.isMonotonic = type !== 'gauge' && (type !== 'sum' || metric.isMonotonic);
    this.values = new Float64Array(limits.keys.length);
  }
}

/** About the bytes of a group and its overflow. */
export const groupBytes = 800;
