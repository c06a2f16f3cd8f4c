import { matchTypeSchema, regexpSchema } from '@millrace/item-match';
import type { MatchType, RegexpConfig } from '@millrace/item-match';

/** One side of include and exclude. */
export interface MetricsMatch {
  readonly match_type: string;
  readonly regexp?: RegexpConfig;
  readonly metrics: readonly string[];
  readonly metric_types: readonly string[];
}

/** The checked configuration. */
export interface CumulativeToDeltaConfig {
  readonly max_staleness: string;
  readonly initial_value: 'auto' | 'keep' | 'drop';
  readonly include?: MetricsMatch;
  readonly exclude?: MetricsMatch;
}

const match = (description: string): object => ({
  type: 'object',
  additionalProperties: false,
  description,
  properties: {
    match_type: { ...matchTypeSchema, description: 'How names are compared: `strict` or `regexp`. Required where there are `metrics`.' },
    regexp: regexpSchema,
    metrics: { type: 'array', items: { type: 'string' }, default: [], description: 'Names of metrics, or expressions for them.' },
    metric_types: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'Types of metrics: `sum`, `histogram`, `exponentialhistogram`.',
    },
  },
});

/** JSON Schema of the settings. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    max_staleness: {
      type: 'string',
      format: 'duration',
      default: '0s',
      description: 'How long after its last data point a series is remembered. `0s`: for ever.',
    },
    initial_value: {
      type: 'string',
      enum: ['auto', 'keep', 'drop'],
      default: 'auto',
      description:
        'What happens to the first data point of a series: `keep` passes it on as it is, `drop` drops it, `auto` keeps it when its series started after this processor and before the point.',
    },
    include: match('The metrics to convert. Absent: all.'),
    exclude: match('Metrics to leave alone; wins over `include`.'),
  },
};

/** Whether names are compared. */
export function matchesNames(match: MetricsMatch | undefined): match is MetricsMatch & MatchType {
  return match !== undefined && match.metrics.length > 0;
}
