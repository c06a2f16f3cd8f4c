import { Regex } from '@millrace/regex';
import { aggregations } from '@millrace/timeseries';
import type { OperationConfig, TransformConfig } from './config.ts';
import { actions as operationActions } from './operations.ts';

const matchTypes = ['strict', 'regexp'];
const actions = ['insert', 'update', 'combine', 'group'];
const cases = ['lower', 'upper'];

const oneOf = (name: string, values: readonly string[]): string =>
  `"${name}" must be in [${values.map((value) => `"${value}"`).join(' ')}]`;
const missing = (name: string, action: string): string => `missing required field "${name}" while "action" is ${action}`;
/** A setting that may be left out. */
const isWrong = (value: string, values: readonly string[]): boolean => value !== '' && !values.includes(value);

/** What is wrong with a transform, in the Collector's words; undefined when nothing is. */
export function problemOf(transform: TransformConfig): string | undefined {
  const { include, match_type, action, new_name, aggregation_type, group_resource_labels, submatch_case, operations } = transform;
  if (include === '') return 'missing required field "include"';
  if (isWrong(match_type, matchTypes)) return oneOf('match_type', matchTypes);
  const wrong = problemOfFilter(transform);
  if (wrong !== undefined) return wrong;
  if (!actions.includes(action)) return oneOf('action', actions);
  if ((action === 'insert' || action === 'combine') && new_name === '') return missing('new_name', action);
  if (action === 'combine' && aggregation_type === '') return missing('aggregation_type', action);
  if (action === 'group' && group_resource_labels === undefined) return missing('group_resource_labels', action);
  if (isWrong(aggregation_type, aggregations)) return oneOf('aggregation_type', aggregations);
  if (isWrong(submatch_case, cases)) return oneOf('submatch_case', cases);
  for (const [i, operation] of operations.entries()) {
    const problem = problemOfOperation(operation);
    if (problem !== undefined) return `operation ${i + 1}: ${problem}`;
  }
  return undefined;
}

/** A wrong expression, in the words of Go. */
function problemOfFilter({ include, match_type, experimental_match_labels: labels }: TransformConfig): string | undefined {
  if (match_type !== 'regexp') return undefined;
  const ofName = problemOfRegex(include);
  if (ofName !== undefined) return `"include", ${ofName}`;
  return Object.values(labels)
    .map((pattern) => problemOfRegex(pattern))
    .find((problem) => problem !== undefined);
}

function problemOfRegex(pattern: string): string | undefined {
  try {
    void new Regex(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function problemOfOperation({
  action,
  label,
  new_label,
  new_value,
  experimental_scale,
  aggregation_type,
}: OperationConfig): string | undefined {
  if (!operationActions.includes(action)) return oneOf('action', operationActions);
  if (action === 'update_label' && label === '') return missing('label', action);
  if (action === 'add_label' && new_label === '') return missing('new_label', action);
  if (action === 'add_label' && new_value === '') return missing('new_value', action);
  if (action === 'experimental_scale_value' && experimental_scale === 0) return missing('experimental_scale', action);
  return isWrong(aggregation_type, aggregations) ? oneOf('aggregation_type', aggregations) : undefined;
}
