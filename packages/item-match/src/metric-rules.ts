import type { MetricView } from '@millrace/wire';
import type { MatchType } from './match-config.ts';
import { TextSet } from './text-set.ts';

/** What include or exclude asks of a metric. */
export interface MetricMatch extends MatchType {
  readonly metric_names?: readonly string[];
}

/** Include and exclude: which metrics a processor leaves alone. */
export class MetricRules {
  readonly #include: TextSet | undefined;
  readonly #exclude: TextSet | undefined;

  /** Throws an Error in the Collector's words on a wrong match type or expression. */
  constructor(include: MetricMatch | undefined, exclude: MetricMatch | undefined) {
    this.#include = namesOf(include);
    this.#exclude = namesOf(exclude);
  }

  skips(metric: MetricView): boolean {
    return (
      (this.#include !== undefined && !isNamed(metric, this.#include)) || (this.#exclude !== undefined && isNamed(metric, this.#exclude))
    );
  }
}

function namesOf(match: MetricMatch | undefined): TextSet | undefined {
  if (match?.metric_names === undefined || match.metric_names.length === 0) return undefined;
  return new TextSet(match.metric_names, match);
}

function isNamed(metric: MetricView, names: TextSet): boolean {
  return names.literals === undefined ? names.test(metric.name) : metric.nameIn(names.literals);
}
