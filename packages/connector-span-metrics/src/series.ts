import { keySet } from '@millrace/api';
import { durationMs } from '@millrace/config';
import type { SpanMetricsConfig } from './config.ts';
import { type ResourceSeries, Resources } from './resources.ts';
import { SeriesTable } from './series-table.ts';

const defaultBucketsMs = [2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10_000, 15_000];

/** Everything that is remembered: resources, and the series of the metrics. */
export class Series {
  readonly resources: Resources;
  readonly calls: SeriesTable;
  /** The same as `calls` where the two metrics have the same dimensions; undefined without histograms. */
  readonly durations: SeriesTable | undefined;
  readonly events: SeriesTable | undefined;
  /** Nanoseconds in the unit of durations. */
  readonly unitNanos: number;
  readonly unit: 'ms' | 's';
  readonly isExponential: boolean;
  /** Upper bounds of explicit buckets. */
  readonly bounds: Float64Array | undefined;

  constructor(config: SpanMetricsConfig, defaultUnit: 'ms' | 's') {
    const { histogram, exemplars, events, calls_dimensions: callsDimensions, resource_metrics_key_attributes: keys } = config;
    this.unit = histogram.unit ?? defaultUnit;
    this.unitNanos = this.unit === 's' ? 1e9 : 1e6;
    this.isExponential = histogram.exponential !== undefined;
    const unitMs = this.unitNanos / 1e6;
    const boundsMs = histogram.explicit === undefined ? defaultBucketsMs : (histogram.explicit.buckets ?? []).map(durationMs);
    this.bounds = histogram.disable || this.isExponential ? undefined : Float64Array.from(boundsMs, (ms) => ms / unitMs);
    this.resources = new Resources(config.resource_metrics_cache_size, keys.length === 0 ? undefined : keySet(keys));
    const plain = { maxExemplars: exemplars.enabled ? exemplars.max_per_data_point : 0 };
    const measured = {
      ...plain,
      ...(this.bounds !== undefined && { bounds: this.bounds }),
      ...(this.isExponential && { maxSize: histogram.exponential!.max_size }),
    };
    const isShared = !histogram.disable && callsDimensions.length === 0 && histogram.dimensions.length === 0;
    this.calls = new SeriesTable(isShared ? measured : plain);
    if (!histogram.disable) this.durations = isShared ? this.calls : new SeriesTable(measured);
    if (events.enabled) this.events = new SeriesTable(plain);
  }

  get sizeBytes(): number {
    const separate = this.durations === this.calls ? undefined : this.durations;
    return this.resources.sizeBytes + this.calls.sizeBytes + (separate?.sizeBytes ?? 0) + (this.events?.sizeBytes ?? 0);
  }

  /** The tables with the list in which a resource has its slots. */
  tablesOf(resource: ResourceSeries): [SeriesTable, number[]][] {
    const tables: [SeriesTable, number[]][] = [[this.calls, resource.calls]];
    if (this.durations !== undefined && this.durations !== this.calls) tables.push([this.durations, resource.durations]);
    if (this.events !== undefined) tables.push([this.events, resource.events]);
    return tables;
  }

  /** Forgets the series of a resource. */
  forget(resource: ResourceSeries): void {
    for (const [table, slots] of this.tablesOf(resource)) for (const slot of slots) table.remove(slot);
  }
}
