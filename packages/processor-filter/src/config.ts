import { attributesSchema, spanMatchConfigProperties, matchTypeSchema, regexpSchema, textsSchema } from '@millrace/item-match';
import type { AttributeMatch, MatchConfig, MetricMatch, RegexpConfig } from '@millrace/item-match';
import type { ErrorMode } from '@millrace/ottl';

/** Conditions with their context and error mode, or one condition whose context is inferred. */
export type ConditionGroup =
  | string
  | { readonly context?: string; readonly conditions: readonly string[]; readonly error_mode?: ErrorMode };

/** Include or exclude of metrics. */
export interface MetricProperties extends MetricMatch {
  readonly resource_attributes: readonly AttributeMatch[];
}

/** Include or exclude of log records. */
export interface LogProperties {
  readonly match_type: string;
  readonly resource_attributes: readonly AttributeMatch[];
  readonly record_attributes: readonly AttributeMatch[];
  readonly severity_texts: readonly string[];
  readonly severity_number?: { readonly min: string; readonly match_undefined: boolean };
  readonly bodies: readonly string[];
}

/** The checked configuration of processor `filter`. */
export interface FilterConfig {
  readonly error_mode: ErrorMode;
  readonly trace_conditions?: readonly ConditionGroup[];
  readonly metric_conditions?: readonly ConditionGroup[];
  readonly log_conditions?: readonly ConditionGroup[];
  readonly spans: MatchConfig;
  readonly traces: { readonly resource?: readonly string[]; readonly span?: readonly string[]; readonly spanevent?: readonly string[] };
  readonly metrics: {
    readonly include?: MetricProperties;
    readonly exclude?: MetricProperties;
    readonly regexp?: RegexpConfig;
    readonly resource?: readonly string[];
    readonly metric?: readonly string[];
    readonly datapoint?: readonly string[];
  };
  readonly logs: {
    readonly include?: LogProperties;
    readonly exclude?: LogProperties;
    readonly resource?: readonly string[];
    readonly log_record?: readonly string[];
  };
}

const errorModes = { type: 'string', enum: ['ignore', 'silent', 'propagate'], 'x-enum-insensitive': true };

/** A list of conditions of one context; undefined and empty lists are told apart. */
function conditions(what: string): object {
  return { type: 'array', items: { type: 'string' }, description: `OTTL conditions: ${what} for which one holds is dropped.` };
}

function conditionGroups(what: string): object {
  return {
    type: 'array',
    description: `OTTL conditions with full paths such as \`${what}\`: what one holds for is dropped. A list of conditions, or a list of groups.`,
    items: {
      type: ['object', 'string'],
      additionalProperties: false,
      required: ['conditions'],
      properties: {
        context: {
          type: 'string',
          enum: ['resource', 'scope', 'span', 'spanevent', 'metric', 'datapoint', 'log', 'profile'],
          'x-enum-insensitive': true,
          description: 'What the conditions are about. Absent: inferred from the paths of each.',
        },
        conditions: { type: 'array', items: { type: 'string' }, description: 'The conditions of the group.' },
        error_mode: { ...errorModes, description: 'What a condition that fails does. Absent: the `error_mode` of the processor.' },
      },
    },
  };
}

function section(description: string, properties: object): object {
  return { type: 'object', additionalProperties: false, default: {}, description, properties };
}

function metricProperties(description: string): object {
  return {
    type: 'object',
    additionalProperties: false,
    description,
    properties: {
      match_type: matchTypeSchema,
      regexp: regexpSchema,
      metric_names: textsSchema('Names of metrics'),
      resource_attributes: attributesSchema('Attributes of the resource'),
      expressions: {
        'x-unsupported': 'write a condition such as HasAttrOnDatapoint("key", "value") in metrics::metric or metric_conditions',
      },
    },
  };
}

function logProperties(description: string): object {
  return {
    type: 'object',
    additionalProperties: false,
    description,
    properties: {
      match_type: matchTypeSchema,
      resource_attributes: attributesSchema('Attributes of the resource'),
      record_attributes: attributesSchema('Attributes of the record'),
      severity_texts: textsSchema('Severity texts'),
      severity_number: {
        type: 'object',
        additionalProperties: false,
        description: 'Severity of the record.',
        properties: {
          min: {
            type: 'string',
            default: '',
            description: 'Least severity: a name such as INFO or WARN2, in any case, or a number from 1 to 24.',
          },
          match_undefined: { type: 'boolean', default: false, description: 'Whether records without a severity number match.' },
        },
      },
      bodies: textsSchema('Bodies as text'),
    },
  };
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    error_mode: {
      ...errorModes,
      default: 'ignore',
      description:
        'What a condition that fails does: `ignore` (it does not hold, and the log says so), `silent` (it does not hold), `propagate` (the batch is refused).',
    },
    trace_conditions: conditionGroups('span.name == "x"'),
    metric_conditions: conditionGroups('metric.name == "x"'),
    log_conditions: conditionGroups('log.body == "x"'),
    profile_conditions: { 'x-unsupported': 'profiles pass through unchanged; filter them where they are made' },
    traces: section('Conditions for traces by context.', {
      resource: conditions('resources'),
      span: conditions('spans'),
      spanevent: conditions('span events'),
    }),
    metrics: section('Conditions for metrics by context, or include and exclude.', {
      resource: conditions('resources'),
      metric: conditions('metrics'),
      datapoint: conditions('data points'),
      include: metricProperties('Only metrics that match are kept. Absent: all.'),
      exclude: metricProperties('Metrics that match are dropped, of those that `include` keeps.'),
      regexp: { ...regexpSchema, 'x-deprecated': 'remove it: it has no effect, write it below include or exclude' },
    }),
    logs: section('Conditions for logs by context, or include and exclude.', {
      resource: conditions('resources'),
      log_record: conditions('log records'),
      include: logProperties('Only records that match are kept. Absent: all.'),
      exclude: logProperties('Records that match are dropped, of those that `include` keeps.'),
    }),
    spans: section('Include and exclude of spans: what is not chosen is dropped.', spanMatchConfigProperties),
    profiles: { 'x-unsupported': 'profiles pass through unchanged; filter them where they are made' },
  },
};
