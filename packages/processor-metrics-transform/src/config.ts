import { aggregations } from '@millrace/timeseries';

/** What is done to the label of a value. */
export interface ValueAction {
  readonly value: string;
  readonly new_value: string;
}

/** One step of a transform; a label is an attribute of data points. */
export interface OperationConfig {
  readonly action: string;
  readonly label: string;
  readonly new_label: string;
  readonly label_value: string;
  readonly new_value: string;
  readonly label_set: readonly string[];
  readonly aggregated_values: readonly string[];
  /** One of `aggregations`; empty: the first value stays. */
  readonly aggregation_type: string;
  readonly experimental_scale: number;
  readonly value_actions: readonly ValueAction[];
}

/** One transform: which metrics, and what becomes of them. */
export interface TransformConfig {
  readonly include: string;
  readonly match_type: string;
  readonly experimental_match_labels: Readonly<Record<string, string>>;
  readonly action: string;
  readonly new_name: string;
  readonly group_resource_labels?: Readonly<Record<string, string>>;
  readonly aggregation_type: string;
  readonly submatch_case: string;
  readonly operations: readonly OperationConfig[];
}

/** The checked configuration. */
export interface MetricsTransformConfig {
  readonly transforms: readonly TransformConfig[];
}

const text = (description: string): object => ({ type: 'string', default: '', description });
const texts = (description: string): object => ({ type: 'array', items: { type: 'string' }, default: [], description });
const ways = aggregations.map((way) => `\`${way}\``).join(', ');

const operation = {
  type: 'object',
  additionalProperties: false,
  properties: {
    action: text(
      'What is done: `add_label`, `update_label`, `delete_label_value`, `toggle_scalar_data_type`, `experimental_scale_value`, `aggregate_labels` or `aggregate_label_values`. Required.',
    ),
    label: text('Key of the attribute (`update_label`, `delete_label_value`, `aggregate_label_values`).'),
    new_label: text('Key of the new attribute (`add_label`), or the new key of the attribute (`update_label`).'),
    label_value: text('Points whose attribute has this value are deleted (`delete_label_value`).'),
    new_value: text(
      'Value of the new attribute (`add_label`), or of the merged points (`aggregate_label_values`). `{{version}}` is the program’s version.',
    ),
    label_set: texts('Keys of the attributes that stay (`aggregate_labels`).'),
    aggregated_values: texts('Values of the attribute that become `new_value` (`aggregate_label_values`).'),
    aggregation_type: text(
      `How numbers of equal points are merged (\`aggregate_labels\`, \`aggregate_label_values\`): ${ways}. Empty: the first stays.`,
    ),
    experimental_scale: { type: 'number', default: 0, description: 'Factor of the values (`experimental_scale_value`).' },
    value_actions: {
      type: 'array',
      default: [],
      description: 'New values of the attribute by old ones (`update_label`).',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          value: text('The value as it is.'),
          new_value: text('What it becomes. `{{version}}` is the program’s version.'),
        },
      },
    },
  },
};

/** JSON Schema of the settings. */
export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    transforms: {
      type: 'array',
      default: [],
      description: 'The transforms, one after the other: each sees what those before made.',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          include: text('Name of the metrics, or an expression for it. Required.'),
          match_type: text(
            'How names and attributes are compared: `strict` (equal) or `regexp` (RE2, found anywhere in the text). Empty: `strict`.',
          ),
          experimental_match_labels: {
            type: 'object',
            additionalProperties: { type: 'string' },
            default: {},
            description: 'Values of attributes that a point must have, compared like names. An attribute that is not there is empty.',
          },
          action: text(
            'What becomes of the metrics: `update` (changed in place), `insert` (a copy is changed), `combine` (they become one) or `group` (they get a resource of their own). Required.',
          ),
          new_name: text(
            'Name of the changed metric; with `regexp`, `${1}` and `${name}` are groups. Required with `insert` and `combine`.',
          ),
          group_resource_labels: {
            type: 'object',
            additionalProperties: { type: 'string' },
            description: 'Attributes of the new resource, besides those of the old one. Required with `group`.',
          },
          aggregation_type: text(`How numbers of equal points of combined metrics are merged: ${ways}. Required with \`combine\`.`),
          submatch_case: text('Case of the values that `combine` takes from names: `lower` or `upper`. Empty: as they are.'),
          operations: { type: 'array', default: [], description: 'What is done to the points, one after the other.', items: operation },
        },
      },
    },
  },
};
