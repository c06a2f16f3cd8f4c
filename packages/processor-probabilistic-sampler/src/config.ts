/** The checked configuration of processor `probabilistic_sampler`. */
export interface ProbabilisticSamplerConfig {
  readonly mode: '' | 'hash_seed' | 'equalizing' | 'proportional';
  readonly sampling_percentage: number;
  readonly hash_seed: number;
  readonly fail_closed: boolean;
  readonly sampling_precision: number;
  readonly attribute_source: 'traceID' | 'record';
  readonly from_attribute: string;
  readonly sampling_priority: string;
}

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    mode: {
      type: 'string',
      enum: ['', 'hash_seed', 'equalizing', 'proportional'],
      default: '',
      description:
        'How the decision is made: `hash_seed` hashes the trace id (or, for logs, an attribute); `equalizing` lowers the probability of every item to the percentage, whatever was sampled before; `proportional` multiplies the probability that an item arrives with by the percentage. Empty means `hash_seed`.',
    },
    sampling_percentage: {
      type: 'number',
      default: 0,
      description: 'Percentage of items that are kept, with the precision of a 32-bit float; 100 and more keep everything, 0 nothing.',
    },
    hash_seed: {
      type: 'integer',
      minimum: 0,
      maximum: 4_294_967_295,
      default: 0,
      description: 'Seed of the hash in mode `hash_seed`; all collectors of one tier need the same one.',
    },
    fail_closed: {
      type: 'boolean',
      default: true,
      description: 'Whether items whose sampling information is missing, wrong or contradictory are dropped. They pass when false.',
    },
    sampling_precision: {
      type: 'integer',
      default: 4,
      description: 'Hexadecimal digits, 1 to 14, of the thresholds that modes `equalizing` and `proportional` write.',
    },
    attribute_source: {
      type: 'string',
      enum: ['traceID', 'record'],
      default: 'traceID',
      description:
        'What mode `hash_seed` hashes for log records: the trace id (`from_attribute` where there is none) or only the attribute.',
    },
    from_attribute: {
      type: 'string',
      default: '',
      description: 'Name of the log record attribute that mode `hash_seed` hashes where the trace id is not used.',
    },
    sampling_priority: {
      type: 'string',
      default: '',
      description: 'Name of a log record attribute with a percentage above 0 and up to 100 that takes the place of `sampling_percentage`.',
    },
  },
} as const;
