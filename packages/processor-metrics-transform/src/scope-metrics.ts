import { kindOf } from '@millrace/timeseries';
import type { PlainMetric } from '@millrace/timeseries';
import { combine, whyNotCombined } from './combine.ts';
import { PointCounts, pointsOf } from './point-counts.ts';
import { ScopeMetric } from './scope-metric.ts';
import type { Transform } from './transform.ts';

/** The metrics of one scope that transforms may be about, and what the transforms make of them. */
export class ScopeMetrics {
  readonly counts: PointCounts = new PointCounts();
  readonly #warn: (why: string) => void;
  readonly #grouped = new Map<Transform, ScopeMetric[]>();
  #entries: ScopeMetric[];
  #isChanged = false;

  /** `warn` is told why metrics cannot be combined. */
  constructor(metrics: readonly ScopeMetric[], warn: (why: string) => void) {
    this.#entries = [...metrics];
    this.#warn = warn;
  }

  /** Whether the metrics are others now, or in another place. */
  get isChanged(): boolean {
    return this.#isChanged || this.#entries.some(({ isChanged }) => isChanged);
  }

  /** The metrics of the scope, encoded. */
  encoded(): Uint8Array[] {
    return this.#entries.map((entry) => entry.encoded());
  }

  /** Those that transforms of action `group` took, encoded. */
  grouped(): Map<Transform, Uint8Array[]> {
    return new Map([...this.#grouped].map(([transform, entries]) => [transform, entries.map((entry) => entry.encoded())]));
  }

  run(transform: Transform): void {
    switch (transform.config.action) {
      case 'group':
        this.#group(transform);
        return;
      case 'combine':
        this.#combine(transform);
        return;
      case 'insert':
        this.#insert(transform);
        return;
      default:
        this.#update(transform);
    }
  }

  #update(transform: Transform): void {
    const before = this.#entries;
    this.#entries = before.filter((entry) => {
      const { config, filter, onlyRenames } = transform;
      if (!filter.matches(entry)) return true;
      if (onlyRenames) {
        if (config.new_name !== '') entry.rename(filter.expand(config.new_name, entry.name));
        return true;
      }
      const result = transform.apply(entry.metric, this.counts);
      if (result === undefined) return false;
      entry.metric = result;
      return true;
    });
    if (this.#entries.length < before.length) this.#isChanged = true;
  }

  #insert(transform: Transform): void {
    const before = this.#entries;
    this.#entries = [...before];
    for (const entry of before) {
      if (!transform.filter.matches(entry)) continue;
      const copy = structuredClone(this.#matching(transform, entry.metric));
      this.counts.created += pointsOf(copy);
      const result = transform.apply(copy, this.counts);
      if (result !== undefined) this.#entries.push(ScopeMetric.of(result));
    }
  }

  #combine(transform: Transform): void {
    const { config, filter } = transform;
    const matching = this.#entries.filter((entry) => filter.matches(entry)).map(({ metric }) => metric);
    if (matching.length === 0) return;
    const why = whyNotCombined(matching);
    if (why !== undefined) {
      this.#warn(why);
      return;
    }
    const taken = this.#take(transform).map(({ metric }) => metric);
    if (taken[0]!.summary !== undefined) this.counts.drop(pointsOf(taken[0]!), 'summary');
    const result = transform.apply(combine(taken, config, filter), this.counts);
    if (result !== undefined) this.#entries.push(ScopeMetric.of(result));
  }

  #group(transform: Transform): void {
    this.#grouped.set(transform, this.#take(transform));
  }

  /** Takes the matching metrics out; points of them that do not match are dropped, as in the Collector. */
  #take(transform: Transform): ScopeMetric[] {
    const { filter } = transform;
    const taken = this.#entries.filter((entry) => filter.matches(entry));
    this.#entries = this.#entries.filter((entry) => !taken.includes(entry));
    if (taken.length > 0) this.#isChanged = true;
    return taken.map((entry) => {
      if (filter.isForAllPoints) return entry;
      const metric = this.#matching(transform, entry.metric);
      if (metric === entry.metric) return entry;
      this.counts.drop(pointsOf(entry.metric) - pointsOf(metric), 'not_matched');
      return ScopeMetric.of(metric);
    });
  }

  /** The metric with its matching points: itself when all match. */
  #matching({ filter }: Transform, metric: PlainMetric): PlainMetric {
    if (filter.matchesAll(metric)) return metric;
    const kind = kindOf(metric)!;
    const data = metric[kind]!;
    const dataPoints = data.dataPoints.filter(({ attributes }) => filter.hasLabels(attributes));
    return { ...metric, metadata: [], [kind]: { ...data, dataPoints } };
  }
}
