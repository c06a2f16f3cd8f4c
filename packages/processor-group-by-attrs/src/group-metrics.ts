import type { Context } from '@millrace/api';

const itemsOf = { traces: ['spans', 'span'], metrics: ['metrics', 'metric'], logs: ['logs', 'log'], profiles: ['', ''] } as const;
const described = { traces: 'spans', metrics: 'metrics', logs: 'logs', profiles: '' } as const;

/** What the processor counts, under the Collector's names. */
export interface GroupMetrics {
  /** Items that had one of the attributes, and those that had none. */
  grouped: number;
  nonGrouped: number;
  /** A batch left with so many resources. */
  left(groups: number): void;
}

/** Makes the instruments of a signal. */
export function createGroupMetrics({ meter, id, signal = 'traces' }: Context): GroupMetrics {
  const [items, item] = itemsOf[signal];
  const attributes = { processor: id };
  const groups = meter.createHistogram(`processor_groupbyattrs_${item}_groups`, {
    description: `Distribution of groups extracted for ${described[signal]}`,
    unit: '1',
  });
  const metrics: GroupMetrics = { grouped: 0, nonGrouped: 0, left: (count) => groups.record(count, attributes) };
  const counter = (name: string, what: string, read: () => number): void =>
    meter
      .createObservableCounter(`processor_groupbyattrs_num_${name}_${items}`, {
        description: `Number of ${described[signal]} that ${what} attributes grouped`,
        unit: '1',
      })
      .addCallback((result) => result.observe(read(), attributes));
  counter('grouped', 'had', () => metrics.grouped);
  counter('non_grouped', 'did not have', () => metrics.nonGrouped);
  return metrics;
}
