import type { Attributes, HrTime, Meter } from '@opentelemetry/api';
import type { AggregationTemporalitySelector, MetricData, MeterProvider, ViewOptions } from '@opentelemetry/sdk-metrics';
import type { TelemetryConfig, TelemetryLevel } from '@millrace/config';
import { ComponentMeter } from './component-meter.ts';
import { isShownAt, viewOptions } from './metric-views.ts';
import { scopeName } from './own-resource.ts';
import { mergeSnapshots } from './snapshot.ts';
import type { ExponentialSnapshot, HistogramSnapshot, MetricSnapshot, PointSnapshot, TelemetrySnapshot } from './snapshot.ts';

/** The instruments of one thread, and their values on demand. */
export class OwnMetrics {
  /** Makes the instruments of the components. */
  readonly meter: Meter;
  readonly #provider: MeterProvider;
  readonly #collect: () => Promise<TelemetrySnapshot>;

  private constructor(provider: MeterProvider, level: TelemetryLevel, version: string, collect: () => Promise<TelemetrySnapshot>) {
    this.#provider = provider;
    this.meter = new ComponentMeter(provider.getMeter(scopeName, version), (name) => isShownAt(level, name));
    this.#collect = collect;
  }

  /** Loads the metrics SDK. */
  static async create({ level, views }: TelemetryConfig['metrics'], version: string): Promise<OwnMetrics> {
    const sdk = await import('@opentelemetry/sdk-metrics');
    class OnDemand extends sdk.MetricReader {
      protected override async onForceFlush(): Promise<void> {}
      protected override async onShutdown(): Promise<void> {}
    }
    // The SDK repeats cumulative points for ever; as "deltas", gauges are only those that were observed now.
    const { DELTA, CUMULATIVE } = sdk.AggregationTemporality;
    const aggregationTemporalitySelector: AggregationTemporalitySelector = (type) =>
      type === sdk.InstrumentType.OBSERVABLE_GAUGE ? DELTA : CUMULATIVE;
    const reader = new OnDemand({ aggregationTemporalitySelector });
    const options: ViewOptions[] = viewOptions(sdk, views);
    const provider = new sdk.MeterProvider({ views: options, readers: [reader] });
    const collect = async (): Promise<TelemetrySnapshot> => {
      const { resourceMetrics } = await reader.collect();
      const data = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
      const metrics = data.map((one) => snapshotOf(one)).filter(({ points }) => points.length > 0);
      // Components may describe an instrument of one name in different words; it is one metric all the same.
      return mergeSnapshots(
        new Set(metrics.map(({ name }) => name)).size === metrics.length ? [{ metrics }] : metrics.map((one) => ({ metrics: [one] })),
      );
    };
    return new OwnMetrics(provider, level, version, collect);
  }

  /** The values now. */
  snapshot(): Promise<TelemetrySnapshot> {
    return this.#collect();
  }

  shutdown(): Promise<void> {
    return this.#provider.shutdown();
  }
}

function snapshotOf(data: MetricData): MetricSnapshot {
  const { name, description, unit } = data.descriptor;
  const points = data.dataPoints.map(({ attributes, startTime, endTime, value }): PointSnapshot => ({
    attributes: plain(attributes),
    startMs: milliseconds(startTime),
    timeMs: milliseconds(endTime),
    value: typeof value === 'number' ? value : distribution(value as unknown as SdkDistribution),
  }));
  return {
    name,
    description,
    unit,
    type: typeOf(data),
    isInt: unit !== 's' && points.every(({ value }) => Number.isSafeInteger(value)),
    points,
  };
}

/** `DataPointType` of the SDK; the numbers are part of its interface. */
function typeOf(data: MetricData): MetricSnapshot['type'] {
  const types: readonly MetricSnapshot['type'][] = ['histogram', 'exponential', 'gauge'];
  return types[data.dataPointType] ?? ('isMonotonic' in data && data.isMonotonic ? 'counter' : 'updown');
}

interface SdkDistribution {
  readonly count: number;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly buckets?: { readonly boundaries: number[]; readonly counts: number[] };
  readonly scale?: number;
  readonly zeroCount?: number;
  readonly positive?: { readonly offset: number; readonly bucketCounts: number[] };
  readonly negative?: { readonly offset: number; readonly bucketCounts: number[] };
}

function distribution(value: SdkDistribution): HistogramSnapshot | ExponentialSnapshot {
  const { count, sum = 0, min, max, buckets, positive, negative } = value;
  const head = { count, sum, ...(min !== undefined && max !== undefined && count > 0 && { min, max }) };
  if (buckets !== undefined) return { ...head, bounds: [...buckets.boundaries], counts: [...buckets.counts] };
  return {
    ...head,
    scale: value.scale ?? 0,
    zeroCount: value.zeroCount ?? 0,
    positive: { offset: positive?.offset ?? 0, counts: [...(positive?.bucketCounts ?? [])] },
    negative: { offset: negative?.offset ?? 0, counts: [...(negative?.bucketCounts ?? [])] },
  };
}

function plain(attributes: Attributes): Record<string, string | number | boolean> {
  const result: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? JSON.stringify(value) : (value as string | number | boolean);
  }
  return result;
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1e3 + nanoseconds / 1e6;
}
