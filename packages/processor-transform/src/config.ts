import type { ErrorMode } from '@millrace/ottl';

/** Statements with their context, conditions and error mode; or one statement, whose context is inferred together with its neighbours'. */
export type StatementItem = string | null | StatementGroup;

/** Statements that run item by item, one after the other. */
export interface StatementGroup {
  /** Absent: inferred from the paths. */
  readonly context?: string;
  readonly conditions: readonly string[];
  readonly statements: readonly string[];
  readonly error_mode?: ErrorMode;
}

/** The checked configuration of processor `transform`. */
export interface TransformConfig {
  readonly error_mode: ErrorMode;
  readonly trace_statements: readonly StatementItem[];
  readonly metric_statements: readonly StatementItem[];
  readonly log_statements: readonly StatementItem[];
}

const errorModes = { type: 'string', enum: ['ignore', 'silent', 'propagate'], 'x-enum-insensitive': true };

function statements(signal: string, example: string): object {
  return {
    type: 'array',
    default: [],
    description: `OTTL statements for ${signal}: a list of statements with full paths (\`${example}\`), or a list of groups that run one after the other, each over the whole batch.`,
    items: {
      type: ['object', 'string'],
      additionalProperties: false,
      properties: {
        context: {
          type: 'string',
          enum: ['resource', 'scope', 'span', 'spanevent', 'metric', 'datapoint', 'log', 'profile'],
          'x-enum-insensitive': true,
          description:
            'What the statements are about; paths without a context belong to it. Absent: inferred from the paths, which all must name theirs.',
        },
        conditions: {
          type: 'array',
          items: { type: 'string' },
          default: [],
          description: 'OTTL conditions of which one must hold for an item to be changed. Empty: all items are.',
        },
        statements: {
          type: 'array',
          items: { type: 'string' },
          default: [],
          description: 'The statements, run in this order on each item.',
        },
        error_mode: { ...errorModes, description: 'What a statement that fails does. Absent: the `error_mode` of the processor.' },
      },
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
        'What a statement that fails does: `ignore` (the log says so, and the next statement runs), `silent` (the next statement runs), `propagate` (the batch is refused).',
    },
    trace_statements: statements('traces', 'set(span.name, "x")'),
    metric_statements: statements('metrics', 'set(metric.unit, "s")'),
    log_statements: statements('logs', 'set(log.severity_text, "INFO")'),
    profile_statements: { 'x-unsupported': 'profiles pass through unchanged; change them where they are made' },
    flatten_data: {
      'x-unsupported':
        "'flatten_data' requires the 'transform.flatten.logs' feature gate, which is not there; use groupbyattrs before or behind it",
    },
  },
};
