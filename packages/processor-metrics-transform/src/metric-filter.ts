import { Regex } from '@millrace/regex';
import { dataOf } from '@millrace/timeseries';
import type { PlainAttribute, PlainMetric } from '@millrace/timeseries';
import type { TransformConfig } from './config.ts';
import type { ScopeMetric } from './scope-metric.ts';

/** The text of an attribute's value; empty for other types, as in the Collector. */
export function textOf({ value }: PlainAttribute): string {
  return (value?.['stringValue'] as string | undefined) ?? '';
}

/** Which metrics, and which of their points, a transform is about. */
export class MetricFilter {
  readonly #include: string;
  readonly #regex: Regex | undefined;
  readonly #labels: readonly (readonly [string, (text: string) => boolean])[];

  /** Throws an Error in the words of Go on a wrong expression. */
  constructor({ include, match_type, experimental_match_labels: labels }: TransformConfig) {
    const isRegexp = match_type === 'regexp';
    this.#include = include;
    this.#regex = isRegexp ? new Regex(include) : undefined;
    this.#labels = Object.entries(labels).map(([key, wanted]) => {
      if (!isRegexp) return [key, (text) => text === wanted];
      const regex = new Regex(wanted);
      return [key, (text) => regex.test(text)];
    });
  }

  /** The name when it is matched as it is. */
  get literal(): string | undefined {
    return this.#regex === undefined ? this.#include : undefined;
  }

  hasName(name = ''): boolean {
    return this.#regex === undefined ? name === this.#include : this.#regex.test(name);
  }

  /** Whether a point has the attributes. One that is not there is empty. */
  hasLabels(attributes: readonly PlainAttribute[]): boolean {
    return this.#labels.every(([key, matches]) => {
      const found = attributes.find((attribute) => (attribute.key ?? '') === key);
      return matches(found === undefined ? '' : textOf(found));
    });
  }

  /** Whether all points match, whatever they are. */
  get isForAllPoints(): boolean {
    return this.#labels.length === 0;
  }

  /** Whether the name is right and at least one of the points, if there are any. */
  matches(metric: ScopeMetric): boolean {
    if (!this.hasName(metric.name)) return false;
    if (this.isForAllPoints) return true;
    const points = dataOf(metric.metric)?.dataPoints ?? [];
    return points.length === 0 || points.some(({ attributes }) => this.hasLabels(attributes));
  }

  /** Whether all of its points have the attributes. */
  matchesAll(metric: PlainMetric): boolean {
    return (dataOf(metric)?.dataPoints ?? []).every(({ attributes }) => this.hasLabels(attributes));
  }

  /** A new name with the groups of the old one; the template itself when there are none, or nothing comes out. */
  expand(template: string, name = ''): string {
    const match = this.#regex?.exec(name);
    return (match && this.#regex!.expand(match, template)) || template;
  }

  /** What the groups of the expression match in a name, by the group's name, or `$` and its number. Empty ones are left out. */
  submatches(name = ''): readonly (readonly [string, string])[] {
    const groups = this.#regex?.exec(name)?.groups ?? [];
    return groups
      .slice(1)
      .map((text = '', i) => [this.#regex!.groupNames[i] ?? `$${i + 1}`, text] as const)
      .filter(([, text]) => text !== '');
  }
}
