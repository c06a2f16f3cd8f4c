import { editor, listOf, OttlError, optional, stringLiteral } from '@millrace/ottl';
import type { FunctionDefinition } from '@millrace/ottl';
import { aggregations, dataOf, mergeEqualPoints } from '@millrace/timeseries';
import type { Aggregation } from '@millrace/timeseries';
import type { MetricRewriter } from './metric-rewriter.ts';

function aggregationOf(name: string): Aggregation {
  const found = aggregations.find((known) => known === name);
  if (found === undefined) throw new Error(`invalid aggregation function: '${name}', valid options: ${aggregations.join(', ')}`);
  return found;
}

/** Functions that merge data points whose attributes are equal, or are made so. */
export function aggregateFunctions(rewriter: MetricRewriter): readonly FunctionDefinition[] {
  return [
    editor(
      'aggregate_on_attributes',
      { aggregation_function: stringLiteral, attributes: optional(listOf(stringLiteral)) },
      ({ aggregation_function: name, attributes }) => {
        const aggregation = aggregationOf(name);
        rewriter.isUsed = true;
        return (shown) => {
          if (shown.metric.type === 'summary') throw new OttlError('aggregate_on_attributes does not support aggregating Summary metrics');
          const metric = rewriter.metricOf(shown);
          if (attributes !== undefined) {
            for (const point of dataOf(metric)?.dataPoints ?? [])
              point.attributes = point.attributes.filter(({ key = '' }) => attributes.includes(key));
          }
          rewriter.become(shown, mergeEqualPoints(metric, aggregation));
        };
      },
      ['metric'],
    ),
    editor(
      'aggregate_on_attribute_value',
      { aggregation_function: stringLiteral, attribute: stringLiteral, values: listOf(stringLiteral), new_value: stringLiteral },
      ({ aggregation_function: name, attribute, values, new_value: newValue }) => {
        const aggregation = aggregationOf(name);
        rewriter.isUsed = true;
        return (shown) => {
          const metric = rewriter.metricOf(shown);
          for (const { attributes } of dataOf(metric)?.dataPoints ?? []) {
            const found = attributes.find(({ key = '' }) => key === attribute);
            const text = found?.value?.['stringValue'] ?? '';
            if (found !== undefined && values.includes(text as string)) found.value = { stringValue: newValue };
          }
          rewriter.become(shown, mergeEqualPoints(metric, aggregation));
        };
      },
      ['metric'],
    ),
  ];
}
