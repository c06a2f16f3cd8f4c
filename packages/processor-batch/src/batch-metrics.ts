import type { Context } from '@millrace/api';

/** The Collector's. */
const lowBuckets = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000, 30_000, 50_000,
];
const sizeBuckets = [...lowBuckets, 100_000];
const byteBuckets = [...lowBuckets, ...[1, 10].flatMap((power) => [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => digit * power * 100_000))];

/** The Collector's metrics of a batch processor. */
export interface BatchMetrics {
  /** Batches that are sent because of their size, and because their time was up. */
  bySize: number;
  byTimeout: number;
  /** A batch was taken by the next component. */
  sent(items: number, sizeBytes: number): void;
}

/** Makes the instruments. `combinations` tells how many combinations of metadata values are in use. */
export function createBatchMetrics({ meter, id }: Pick<Context, 'meter' | 'id'>, combinations: () => number): BatchMetrics {
  const attributes = { processor: id };
  const histogram = (name: string, description: string, unit: string, boundaries: number[]): ReturnType<typeof meter.createHistogram> =>
    meter.createHistogram(`processor_batch_batch_${name}`, { description, unit, advice: { explicitBucketBoundaries: boundaries } });
  const items = histogram('send_size', 'Number of units in the batch', '{units}', sizeBuckets);
  const bytes = histogram(
    'send_size_bytes',
    'Number of bytes in batch that was sent. Only available on detailed level.',
    'By',
    byteBuckets,
  );
  const metrics: BatchMetrics = {
    bySize: 0,
    byTimeout: 0,
    sent: (count, sizeBytes) => {
      items.record(count, attributes);
      bytes.record(sizeBytes, attributes);
    },
  };
  const times = (name: string, trigger: string, read: () => number): void =>
    meter
      .createObservableCounter(name, { description: `Number of times the batch was sent due to a ${trigger} trigger`, unit: '{times}' })
      .addCallback((result) => result.observe(read(), attributes));
  times('processor_batch_batch_size_trigger_send', 'size', () => metrics.bySize);
  times('processor_batch_timeout_trigger_send', 'timeout', () => metrics.byTimeout);
  meter
    .createObservableUpDownCounter('processor_batch_metadata_cardinality', {
      description: 'Number of distinct metadata value combinations being processed',
      unit: '{combinations}',
    })
    .addCallback((result) => result.observe(combinations(), attributes));
  return metrics;
}
