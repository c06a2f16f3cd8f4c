import type { Context, Signal } from '@millrace/api';

/** What the instruments of an exporter show. */
export interface ExporterNumbers {
  readonly inFlight: () => number;
  /** Items that the queue did not take. */
  readonly enqueueFailed: () => number;
  /** Absent without a queue. */
  readonly queue?: { readonly capacity: number; readonly used: () => number; readonly usedBytes: () => number };
}

/** Records the size of one batch. */
export type RecordSize = (batch: { readonly items: number; readonly sizeBytes: number }) => void;

/** The instruments of an exporter that are not counted by its books. */
export interface ExporterInstruments {
  /** A batch is offered to the queue. */
  readonly enqueued: RecordSize;
  /** The queue hands a batch on. */
  readonly sent: RecordSize;
  close(): void;
}

const itemNames: Readonly<Record<Signal, readonly [plural: string, unit: string, text: string]>> = {
  traces: ['spans', '{span}', 'spans'],
  metrics: ['metric_points', '{datapoint}', 'metric points'],
  logs: ['log_records', '{record}', 'log records'],
  profiles: ['profile_samples', '{sample}', 'profile samples'],
};

const itemBuckets = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000, 30_000, 50_000, 100_000,
];
const byteBuckets = [10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000, 30_000, 50_000,
  100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000, 900_000, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000,
  6_000_000, 7_000_000, 8_000_000, 9_000_000]; // prettier-ignore

/** Makes the Collector's exporterhelper instruments (its metadata.yaml); sent and send_failed come from the books of the exporter. */
export function openInstruments({ meter, id, signal = 'traces' }: Context, numbers: ExporterNumbers): ExporterInstruments {
  const exporter = { exporter: id };
  const perSignal = { ...exporter, data_type: signal };
  const [plural, unit, text] = itemNames[signal];
  const closers: (() => void)[] = [];
  const observe = (
    instrument: ReturnType<typeof meter.createObservableGauge>,
    value: () => number,
    attributes: Record<string, string> = exporter,
  ): void => {
    const callback: Parameters<typeof instrument.addCallback>[0] = (result) => result.observe(value(), attributes);
    instrument.addCallback(callback);
    closers.push(() => instrument.removeCallback(callback));
  };
  const histogram = (name: string, sizeUnit: string, description: string, boundaries: number[]): ((value: number) => void) => {
    const made = meter.createHistogram(name, { unit: sizeUnit, description, advice: { explicitBucketBoundaries: boundaries } });
    return (value) => made.record(value, exporter);
  };
  observe(
    meter.createObservableUpDownCounter('exporter_in_flight_requests', {
      unit: '{request}',
      description: 'Number of export requests currently in-flight (including retry backoff).',
    }),
    numbers.inFlight,
    perSignal,
  );
  const none: RecordSize = () => {};
  const { queue } = numbers;
  if (queue === undefined) return { enqueued: none, sent: none, close: () => closers.forEach((close) => close()) };
  observe(
    meter.createObservableGauge('exporter_queue_size', { unit: '{batch}', description: 'Current size of the retry queue (in batches).' }),
    queue.used,
    perSignal,
  );
  observe(
    meter.createObservableGauge('exporter_queue_size_bytes', {
      unit: 'By',
      description: 'Bytes of the batches in the queue, in memory or in storage.',
    }),
    queue.usedBytes,
    perSignal,
  );
  observe(
    meter.createObservableGauge('exporter_queue_capacity', {
      unit: '{batch}',
      description: 'Fixed capacity of the retry queue (in batches).',
    }),
    () => queue.capacity,
    perSignal,
  );
  observe(
    meter.createObservableCounter(`exporter_enqueue_failed_${plural}`, {
      unit,
      description: `Number of ${text} failed to be added to the sending queue.`,
    }),
    numbers.enqueueFailed,
  );
  const pair = (name: string, items: string, bytes: string): RecordSize => {
    const recordItems = histogram(name, '{unit}', items, itemBuckets);
    const recordBytes = histogram(`${name}_bytes`, 'By', bytes, byteBuckets);
    return (batch) => {
      recordItems(batch.items);
      recordBytes(batch.sizeBytes);
    };
  };
  return {
    enqueued: pair('exporter_enqueue_size', 'Number of units offered to the queue', 'Number of bytes offered to the queue.'),
    sent: pair('exporter_queue_batch_send_size', 'Number of units in the batch', 'Number of bytes in batch that was sent.'),
    close: () => closers.forEach((close) => close()),
  };
}
