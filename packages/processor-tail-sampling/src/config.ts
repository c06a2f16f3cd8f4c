/** One policy as it is configured; the settings of its type may be absent. */
export interface PolicyConfig {
  readonly name?: string;
  readonly type?: string;
  readonly latency?: { readonly threshold_ms: number; readonly upper_threshold_ms: number };
  readonly numeric_attribute?: {
    readonly key: string;
    readonly min_value: number;
    readonly max_value: number;
    readonly invert_match: boolean;
  };
  readonly probabilistic?: { readonly hash_salt: string; readonly sampling_percentage: number };
  readonly status_code?: { readonly status_codes: readonly string[] };
  readonly string_attribute?: {
    readonly key: string;
    readonly values: readonly string[];
    readonly enabled_regex_matching: boolean;
    readonly cache_max_size: number;
    readonly invert_match: boolean;
  };
  readonly rate_limiting?: { readonly spans_per_second: number; readonly burst_capacity: number };
  readonly bytes_limiting?: { readonly bytes_per_second: number; readonly burst_capacity: number };
  readonly span_count?: { readonly min_spans: number; readonly max_spans: number };
  readonly trace_state?: { readonly key: string; readonly values: readonly string[] };
  readonly boolean_attribute?: { readonly key: string; readonly value: boolean; readonly invert_match: boolean };
  readonly ottl_condition?: {
    readonly error_mode: '' | 'ignore' | 'silent' | 'propagate';
    readonly span: readonly string[];
    readonly spanevent: readonly string[];
  };
  readonly and?: { readonly and_sub_policy: readonly PolicyConfig[] };
  readonly not?: { readonly not_sub_policy?: PolicyConfig };
  readonly drop?: { readonly drop_sub_policy: readonly PolicyConfig[] };
  readonly composite?: {
    readonly max_total_spans_per_second: number;
    readonly policy_order: readonly string[];
    readonly composite_sub_policy: readonly PolicyConfig[];
    readonly rate_allocation: readonly { readonly policy: string; readonly percent: number }[];
  };
}

/** The checked configuration of processor `tail_sampling`. */
export interface TailSamplingConfig {
  readonly decision_wait: string;
  readonly decision_wait_after_root_received: string;
  readonly num_traces: number;
  readonly block_on_overflow: boolean;
  readonly expected_new_traces_per_sec: number;
  readonly policies: readonly PolicyConfig[];
  readonly decision_cache: { readonly sampled_cache_size: number; readonly non_sampled_cache_size: number };
  readonly sample_on_first_match: boolean;
  readonly sampling_strategy: 'trace-complete' | 'span-ingest';
  readonly drop_pending_traces_on_shutdown: boolean;
  readonly maximum_trace_size_bytes: number;
}

const object = (description: string, properties: object): object => ({
  type: 'object',
  additionalProperties: false,
  description,
  properties,
});
const text = (description: string): object => ({ type: 'string', default: '', description });
const integer = (description: string): object => ({ type: 'integer', default: 0, description });
const flag = (description: string): object => ({ type: 'boolean', default: false, description });
const texts = (description: string): object => ({ type: 'array', items: { type: 'string' }, default: [], description });
const subPolicies = (reference: string, description: string): object => ({
  type: 'array',
  items: { $ref: `#/$defs/${reference}` },
  default: [],
  description,
});

const attributeKey = 'Attribute that is looked up in the resource and the attributes of every span.';
const invertMatch = 'Whether traces match in which no attribute does.';

/** What every policy can be, wherever it stands. */
const plain = {
  name: { type: 'string', description: 'Name in metrics; those of the outermost policies differ from each other.' },
  type: {
    type: 'string',
    description:
      'What decides: always_sample, latency, numeric_attribute, probabilistic, status_code, string_attribute, rate_limiting, bytes_limiting, span_count, trace_state, trace_flags, boolean_attribute, ottl_condition, and, not, drop, composite. Its settings stand under the same name.',
  },
  latency: object('Matches traces by their duration: from the earliest start to the latest end.', {
    threshold_ms: integer('Smallest duration in milliseconds; with upper_threshold_ms the duration must be longer.'),
    upper_threshold_ms: integer('Largest duration in milliseconds. 0 means no limit.'),
  }),
  numeric_attribute: object('Matches traces with an integer attribute in a range.', {
    key: text(attributeKey),
    min_value: integer('Smallest value that matches. 0 means no limit.'),
    max_value: integer('Largest value that matches. 0 means no limit.'),
    invert_match: flag(invertMatch),
  }),
  probabilistic: object('Matches a share of the traces, always the same ones.', {
    hash_salt: text('What is hashed with the trace id; empty means `default-hash-seed`. Collectors that decide alike have the same.'),
    sampling_percentage: { type: 'number', default: 0, description: 'Percentage of traces that match.' },
  }),
  status_code: object('Matches traces with a span of one of the statuses.', { status_codes: texts('`OK`, `ERROR`, `UNSET`.') }),
  string_attribute: object('Matches traces with a string attribute that is one of the values.', {
    key: text(attributeKey),
    values: texts('Values, or regular expressions (RE2), of which one must match.'),
    enabled_regex_matching: flag('Whether the values are regular expressions that must match somewhere.'),
    cache_max_size: integer('Attribute values whose result is remembered, for regular expressions. 0 means 128.'),
    invert_match: flag(invertMatch),
  }),
  rate_limiting: object('Matches traces while their spans stay within a rate.', {
    spans_per_second: integer('Spans per second.'),
    burst_capacity: integer('Spans that can come at once; larger traces never match. 0 means twice the rate.'),
  }),
  bytes_limiting: object('Matches traces while their bytes stay within a rate.', {
    bytes_per_second: integer('Bytes per second, encoded.'),
    burst_capacity: integer('Bytes that can come at once; larger traces never match. 0 means twice the rate.'),
  }),
  span_count: object('Matches traces by the number of their spans.', {
    min_spans: integer('Smallest number of spans.'),
    max_spans: integer('Largest number of spans. 0 means no limit.'),
  }),
  trace_state: object('Matches traces with a span whose tracestate has one of the values.', {
    key: text('Key in the tracestate.'),
    values: texts('Values of which one must be there.'),
  }),
  boolean_attribute: object('Matches traces with a boolean attribute that has the value.', {
    key: text(attributeKey),
    value: flag('Value that matches.'),
    invert_match: flag(invertMatch),
  }),
  ottl_condition: object('Matches traces with a span, or an event of a span, for which one of the conditions holds.', {
    error_mode: {
      type: 'string',
      enum: ['', 'ignore', 'silent', 'propagate'],
      default: '',
      description:
        'When a condition fails: `ignore` logs it and goes on with the next one, `silent` and empty go on, `propagate` makes the policy fail.',
    },
    span: texts('Conditions in OTTL about spans; paths may name their context.'),
    spanevent: texts('Conditions in OTTL about events of spans; paths may name their context.'),
  }),
};

const not = object('Matches traces that the policy in it does not match.', {
  not_sub_policy: { $ref: '#/$defs/plain', description: 'The policy, of a type other than and, not, drop and composite.' },
});
const and = object('Matches traces that every policy in it matches.', {
  and_sub_policy: subPolicies('inner', 'Policies, of types other than and, drop and composite.'),
});

const policy = (properties: object): object => ({ type: 'object', additionalProperties: false, properties });

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  $defs: {
    plain: policy(plain),
    inner: policy({ ...plain, not }),
    share: policy({ ...plain, and }),
  },
  properties: {
    decision_wait: {
      type: 'string',
      format: 'duration',
      default: '30s',
      description: 'Duration from the first span of a trace until it is decided about.',
    },
    decision_wait_after_root_received: {
      type: 'string',
      format: 'duration',
      default: '0s',
      description: 'Duration from the root span of a trace until it is decided about, when that is earlier. 0 turns this off.',
    },
    num_traces: { type: 'integer', minimum: 1, default: 50_000, description: 'Traces in memory; for one more, the oldest is given up.' },
    block_on_overflow: {
      type: 'boolean',
      default: false,
      description: 'Whether senders wait for room for more than num_traces undecided traces, and none is given up.',
    },
    expected_new_traces_per_sec: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'New traces per second for which room is made at the start.',
    },
    policies: {
      type: 'array',
      default: [],
      description: 'What decides about a trace: it is kept when a policy matches and no policy drops it.',
      items: policy({
        ...plain,
        and,
        not,
        drop: object('Drops traces that every policy in it matches, whatever others say.', {
          drop_sub_policy: subPolicies('inner', 'Policies, of types other than and, drop and composite.'),
        }),
        composite: object('Matches what the first matching policy in it has room for.', {
          max_total_spans_per_second: integer('Spans per second, of which each policy gets a share.'),
          policy_order: texts('Names of the policies. Without effect, as in the Collector: their order in composite_sub_policy counts.'),
          composite_sub_policy: subPolicies('share', 'Policies, of types other than not, drop and composite, in their order.'),
          rate_allocation: {
            type: 'array',
            default: [],
            description: 'Shares of the policies; one that has none never matches.',
            items: policy({
              policy: text('Name of the policy.'),
              percent: integer('Percentage of max_total_spans_per_second; 0 means an equal share.'),
            }),
          },
        }),
      }),
    },
    decision_cache: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Decisions that outlive their traces, so that spans that come late share their fate.',
      properties: {
        sampled_cache_size: { type: 'integer', minimum: 0, default: 0, description: 'Kept traces that are remembered.' },
        non_sampled_cache_size: { type: 'integer', minimum: 0, default: 0, description: 'Traces not kept that are remembered.' },
      },
    },
    tail_storage: { type: 'string', 'x-unsupported': 'spans are held in memory; lower decision_wait, or bound it with num_traces' },
    sample_on_first_match: {
      type: 'boolean',
      default: false,
      description: 'Whether the first policy that matches decides, so that those behind it are not asked.',
    },
    sampling_strategy: {
      type: 'string',
      enum: ['trace-complete', 'span-ingest'],
      default: 'trace-complete',
      description:
        '`trace-complete` decides about all spans of a trace when its time is over; `span-ingest` asks the policies about what comes, as it comes, and gives up a trace that nothing matched when its time is over.',
    },
    drop_pending_traces_on_shutdown: {
      type: 'boolean',
      default: false,
      description: 'Whether traces that wait for their decision at shutdown are dropped instead of decided about.',
    },
    maximum_trace_size_bytes: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Largest size of a trace in bytes, encoded; a larger one is dropped at once. 0 means no limit.',
    },
  },
} as const;
