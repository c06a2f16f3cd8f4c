import type { AggregationOption, InstrumentType, ViewOptions } from '@opentelemetry/sdk-metrics';
import type * as Sdk from '@opentelemetry/sdk-metrics';
import type { KeyFilter, TelemetryLevel, ViewConfig } from '@millrace/config';
import { keyFilter } from './key-filter.ts';

/** Left out below level normal. */
const fromNormal = ['otelcol_processor_batch_*'];
/** Left out below level detailed. */
const fromDetailed = [
  'otelcol_processor_internal_duration',
  'otelcol_processor_batch_batch_send_size_bytes',
  'otelcol_exporter_enqueue_size',
  'otelcol_exporter_enqueue_size_bytes',
  'otelcol_exporter_queue_batch_send_size',
  'otelcol_exporter_queue_batch_send_size_bytes',
];

/** The lowest level at which a metric is there. */
export function levelOf(name: string): TelemetryLevel {
  const isAmong = (patterns: readonly string[]): boolean => keyFilter({ included: patterns })(name);
  if (isAmong(fromDetailed)) return 'detailed';
  return isAmong(fromNormal) ? 'normal' : 'basic';
}

/** Whether a metric is there at a level. */
export function isShownAt(level: TelemetryLevel, name: string): boolean {
  const needed = levelOf(name);
  return needed === 'basic' || level === 'detailed' || level === needed;
}

/** What the configured views ask of the SDK. */
export function viewOptions(sdk: typeof Sdk, views: readonly ViewConfig[] = []): ViewOptions[] {
  return views.map((view) => viewOf(sdk, view));
}

function viewOf(sdk: typeof Sdk, { selector, stream }: ViewConfig): ViewOptions {
  const { instrument_name, instrument_type, unit, meter_name, meter_version, meter_schema_url } = selector;
  const { name, description, attribute_keys, aggregation, aggregation_cardinality_limit } = stream;
  const chosen = aggregationOf(sdk, aggregation);
  return {
    ...(instrument_name !== undefined && { instrumentName: instrument_name }),
    ...(instrument_type !== undefined && { instrumentType: instrument_type.toUpperCase() as InstrumentType }),
    ...(unit !== undefined && { instrumentUnit: unit }),
    ...(meter_name !== undefined && { meterName: meter_name }),
    ...(meter_version !== undefined && { meterVersion: meter_version }),
    ...(meter_schema_url !== undefined && { meterSchemaUrl: meter_schema_url }),
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(attribute_keys !== undefined && { attributesProcessors: [attributesProcessor(attribute_keys)] }),
    ...(chosen !== undefined && { aggregation: chosen }),
    ...(aggregation_cardinality_limit !== undefined && { aggregationCardinalityLimit: aggregation_cardinality_limit }),
  };
}

function attributesProcessor(keys: KeyFilter): NonNullable<ViewOptions['attributesProcessors']>[number] {
  const keeps = keyFilter(keys);
  return { process: (attributes) => Object.fromEntries(Object.entries(attributes).filter(([key]) => keeps(key))) };
}

function aggregationOf(
  { AggregationType: types }: typeof Sdk,
  aggregation: ViewConfig['stream']['aggregation'] = {},
): AggregationOption | undefined {
  const { explicit_bucket_histogram: explicit, base2_exponential_bucket_histogram: exponential } = aggregation;
  if (aggregation.drop !== undefined) return { type: types.DROP };
  if (aggregation.sum !== undefined) return { type: types.SUM };
  if (aggregation.last_value !== undefined) return { type: types.LAST_VALUE };
  if (explicit !== undefined) {
    const { boundaries, record_min_max: recordMinMax } = explicit;
    return {
      type: types.EXPLICIT_BUCKET_HISTOGRAM,
      ...(boundaries !== undefined && { options: { boundaries: [...boundaries], recordMinMax } }),
    };
  }
  if (exponential !== undefined) {
    return { type: types.EXPONENTIAL_HISTOGRAM, options: { maxSize: exponential.max_size, recordMinMax: exponential.record_min_max } };
  }
  return undefined;
}
