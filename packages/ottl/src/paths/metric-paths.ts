import type { MetricEdit, MetricType, PlainInput } from '@millrace/wire';
import { OttlError } from '../ottl-error.ts';
import type { TransformContext } from '../transform-context.ts';
import { Opaque, typeName } from '../value.ts';
import { entry, expectBool, expectInt, numberEntry, textEntry } from './access.ts';
import type { PathOwner } from './access.ts';
import { fromAttributes } from '../values/from-view.ts';
import { toPlain } from '../values/to-plain.ts';
import { valueMapEntry } from './map-entry.ts';

const edit = (context: TransformContext): MetricEdit => context.metric as MetricEdit;

/** What the enums `METRIC_DATA_TYPE_...` number. */
export const metricTypes: readonly MetricType[] = ['empty', 'gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

const pointSlices: Readonly<Partial<Record<MetricType, string>>> = {
  gauge: 'pmetric.NumberDataPointSlice',
  sum: 'pmetric.NumberDataPointSlice',
  histogram: 'pmetric.HistogramDataPointSlice',
  exponentialHistogram: 'pmetric.ExponentialHistogramDataPointSlice',
  summary: 'pmetric.SummaryDataPointSlice',
};

const hasTemporality = (type: MetricType): boolean => type === 'sum' || type === 'histogram' || type === 'exponentialHistogram';

/** `metric.name` and its like. */
export const metricPaths: PathOwner = {
  name: 'metric',
  paths: {
    name: textEntry(
      ({ metric }) => metric.name,
      (context, value) => edit(context).setName(value),
    ),
    description: textEntry(
      ({ metric }) => metric.description,
      (context, value) => edit(context).setDescription(value),
    ),
    unit: textEntry(
      ({ metric }) => metric.unit,
      (context, value) => edit(context).setUnit(value),
    ),
    // The Collector takes any value for the type and does nothing.
    type: {
      access: () => ({
        ...numberEntry(
          ({ metric }) => metricTypes.indexOf(metric.type),
          () => {},
        ).access([]),
        set: () => {},
      }),
    },
    aggregation_temporality: entry({
      get: ({ metric }) => (hasTemporality(metric.type) ? BigInt(metric.temporality) : undefined),
      set(context, value) {
        const temporality = expectInt(value);
        if (hasTemporality(context.metric.type)) edit(context).setTemporality(Number(BigInt.asIntN(32, temporality)));
      },
      number: ({ metric }) => (hasTemporality(metric.type) ? metric.temporality : undefined),
    }),
    is_monotonic: entry({
      get: ({ metric }) => (metric.type === 'sum' ? metric.isMonotonic : undefined),
      set(context, value) {
        const isMonotonic = expectBool(value);
        if (context.metric.type === 'sum') edit(context).setMonotonic(isMonotonic);
      },
    }),
    data_points: entry({
      get: ({ metric }) => (pointSlices[metric.type] === undefined ? undefined : new Opaque(pointSlices[metric.type]!, metric.size)),
      // There are no other points than the metric's own to set.
      set({ metric }, value) {
        const type = pointSlices[metric.type];
        if (type !== undefined && !(value instanceof Opaque && value.type === type)) {
          throw new OttlError(`expects ${type} but got ${typeName(value)}`);
        }
      },
    }),
    metadata: valueMapEntry(
      ({ metric }) => fromAttributes(metric.metadata),
      (context, entries) => edit(context).setMetadata(toPlain(entries) as ReadonlyMap<string, PlainInput>),
    ),
  },
};
