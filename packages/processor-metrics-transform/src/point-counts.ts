import { dataOf } from '@millrace/timeseries';
import type { PlainMetric } from '@millrace/timeseries';

/** How many data points a metric has. */
export function pointsOf(metric: PlainMetric): number {
  return dataOf(metric)?.dataPoints.length ?? 0;
}

/** Points that a batch gains and loses, for the ledger. */
export class PointCounts {
  created = 0;
  readonly dropped: Record<string, number> = {};

  drop(points: number, reason: string): void {
    if (points > 0) this.dropped[reason] = (this.dropped[reason] ?? 0) + points;
  }

  /** Adds those of a part. */
  add({ created, dropped }: PointCounts): void {
    this.created += created;
    for (const [reason, points] of Object.entries(dropped)) this.drop(points, reason);
  }
}
