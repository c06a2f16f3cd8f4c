import type { PlainMetric } from '@millrace/timeseries';
import type { TransformConfig } from './config.ts';
import { MetricFilter } from './metric-filter.ts';
import { operationOf } from './operations.ts';
import type { Operation } from './operations.ts';
import { pointsOf } from './point-counts.ts';
import type { PointCounts } from './point-counts.ts';

/** A transform, ready to run. */
export class Transform {
  readonly config: TransformConfig;
  readonly filter: MetricFilter;
  readonly #operations: readonly Operation[];

  /** Throws an Error in the words of Go on a wrong expression. */
  constructor(config: TransformConfig, version: string) {
    this.config = config;
    this.filter = new MetricFilter(config);
    this.#operations = config.operations.map((operation) => operationOf(operation, this.filter, version));
  }

  /** Whether it does nothing but give metrics another name, or nothing at all. */
  get onlyRenames(): boolean {
    return this.config.action === 'update' && this.#operations.length === 0 && this.filter.isForAllPoints;
  }

  /** The metric after the new name and the operations; undefined when all of its points went. */
  apply(metric: PlainMetric, counts: PointCounts): PlainMetric | undefined {
    const { new_name: newName, action } = this.config;
    const wasEmpty = pointsOf(metric) === 0;
    const isWhole = action !== 'update' || this.filter.matchesAll(metric);
    if (newName !== '' && isWhole) metric.name = this.filter.expand(newName, metric.name);
    const result = this.#operations.reduce((changed, operation) => operation(changed, isWhole, counts), metric);
    return wasEmpty || pointsOf(result) > 0 ? result : undefined;
  }
}
