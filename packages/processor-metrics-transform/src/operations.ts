import { dataOf, mergeEqualPoints } from '@millrace/timeseries';
import type { Aggregation, PlainMetric, PlainPoint } from '@millrace/timeseries';
import type { OperationConfig } from './config.ts';
import { textOf } from './metric-filter.ts';
import type { MetricFilter } from './metric-filter.ts';
import type { PointCounts } from './point-counts.ts';
import { scaleValues, toggleType } from './scale-values.ts';

/** What is done to a metric. `isWhole`: all of its points match, or it is a new metric. Returns the metric, or another in its place. */
export type Operation = (metric: PlainMetric, isWhole: boolean, counts: PointCounts) => PlainMetric;

/** Makes an operation; `version` stands for `{{version}}`. */
type MakeOperation = (config: OperationConfig, filter: MetricFilter, version: (text: string) => string) => Operation;

const pointsOf = (metric: PlainMetric): PlainPoint[] => dataOf(metric)?.dataPoints ?? [];

function setText({ attributes }: PlainPoint, key: string, stringValue: string): void {
  const found = attributes.find((attribute) => (attribute.key ?? '') === key);
  if (found === undefined) attributes.push({ key, value: { stringValue } });
  else found.value = { stringValue };
}

/** Does something to each point that the filter is about. */
function eachPoint(filter: MetricFilter, change: (point: PlainPoint) => void): Operation {
  return (metric) => {
    for (const point of pointsOf(metric)) if (filter.hasLabels(point.attributes)) change(point);
    return metric;
  };
}

/** Merges points that are equal now. Summaries cannot be merged, so nothing is left of them. */
function merged(metric: PlainMetric, type: string, counts: PointCounts): PlainMetric {
  if (metric.summary !== undefined) counts.drop(metric.summary.dataPoints.length, 'summary');
  return mergeEqualPoints(metric, type === '' ? undefined : (type as Aggregation));
}

const operations: Readonly<Record<string, MakeOperation>> = {
  add_label: ({ new_label: key, new_value: value }, _, version) => {
    const text = version(value);
    return (metric, isWhole) => {
      if (!isWhole) return metric;
      for (const point of pointsOf(metric))
        if (!point.attributes.some((attribute) => (attribute.key ?? '') === key)) setText(point, key, text);
      return metric;
    };
  },

  update_label: ({ label, new_label: newLabel, value_actions: actions }, filter, version) => {
    const values = new Map(actions.map(({ value, new_value: newValue }) => [value, version(newValue)]));
    const isRenamed = newLabel !== '' && newLabel !== label;
    return eachPoint(filter, (point) => {
      const found = point.attributes.find(({ key = '' }) => key === label);
      if (found === undefined) return;
      const newValue = values.get(textOf(found));
      if (newValue !== undefined) found.value = { stringValue: newValue };
      if (!isRenamed) return;
      point.attributes = point.attributes.filter(({ key = '' }) => key !== newLabel);
      found.key = newLabel;
    });
  },

  delete_label_value:
    ({ label, label_value: value }) =>
    (metric, isWhole, counts) => {
      const data = dataOf(metric);
      if (!isWhole || data === undefined) return metric;
      const { length } = data.dataPoints;
      data.dataPoints = data.dataPoints.filter(({ attributes }) => {
        const found = attributes.find(({ key = '' }) => key === label);
        return found === undefined || textOf(found) !== value;
      });
      counts.drop(length - data.dataPoints.length, 'delete_label_value');
      return metric;
    },

  toggle_scalar_data_type: (_, filter) => eachPoint(filter, toggleType),

  experimental_scale_value: ({ experimental_scale: scale }, filter) => eachPoint(filter, (point) => scaleValues(point, scale)),

  aggregate_labels: ({ label_set: labels, aggregation_type: type }) => {
    const kept = new Set(labels);
    return (metric, isWhole, counts) => {
      if (!isWhole) return metric;
      for (const point of pointsOf(metric)) point.attributes = point.attributes.filter(({ key = '' }) => kept.has(key));
      return merged(metric, type, counts);
    };
  },

  aggregate_label_values: ({ label, aggregated_values: values, new_value: value, aggregation_type: type }, _, version) => {
    const old = new Set(values);
    const text = version(value);
    return (metric, isWhole, counts) => {
      if (!isWhole) return metric;
      for (const { attributes } of pointsOf(metric)) {
        const found = attributes.find(({ key = '' }) => key === label);
        if (found !== undefined && old.has(textOf(found))) found.value = { stringValue: text };
      }
      return merged(metric, type, counts);
    };
  },
};

/** Names of the operations. */
export const actions: readonly string[] = Object.keys(operations);

/** Makes the operation of a setting. */
export function operationOf(config: OperationConfig, filter: MetricFilter, version: string): Operation {
  return operations[config.action]!(config, filter, (text) => text.replaceAll('{{version}}', () => version));
}
