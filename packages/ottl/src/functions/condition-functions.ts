import { key } from '@millrace/wire';
import { converter, stringLiteral } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import type { TransformContext } from '../transform-context.ts';
import { standardFunctions } from './index.ts';

/** Conditions ask, and change nothing. */
const converters = standardFunctions.filter(({ name }) => /^[A-Z]/.test(name));

/**
 * The functions of conditions that stand by themselves, as in `filter`: the standard ones that change nothing, and for metrics
 * `HasAttrKeyOnDatapoint` and `HasAttrOnDatapoint`. `onReadAhead` is called when a condition is compiled that reads the data points of its
 * metric: its visitor has the trait `readsAhead`.
 */
export function conditionFunctions(onReadAhead: () => void = () => undefined): readonly FunctionDefinition[] {
  return [
    ...converters,
    converter(
      'HasAttrKeyOnDatapoint',
      { key: stringLiteral },
      ({ key: name }) => {
        onReadAhead();
        const wanted = key(name);
        return (context) => metricOf(context).pointAttribute(wanted) !== undefined;
      },
      ['metric'],
    ),
    converter(
      'HasAttrOnDatapoint',
      { key: stringLiteral, expected_val: stringLiteral },
      ({ key: name, expected_val: expected }) => {
        onReadAhead();
        const wanted = key(name);
        // What is no text counts as the empty one.
        return (context) => metricOf(context).pointAttribute(wanted)?.string() === expected;
      },
      ['metric'],
    ),
  ];
}

function metricOf({ metric }: TransformContext): TransformContext['metric'] {
  if (metric.type === 'empty') throw new OttlError('unknown metric type');
  return metric;
}
