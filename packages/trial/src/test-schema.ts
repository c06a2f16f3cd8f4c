const text = (description: string): object => ({ type: 'string', description });
const map = (description: string): object => ({ type: 'object', description, additionalProperties: { 'x-telemetry-value': true } });
const scope = {
  description: 'The instrumentation scope: its name, or name, version and attributes.',
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      additionalProperties: false,
      properties: { name: text('Name.'), version: text('Version.'), attributes: map('Attributes.') },
    },
  ],
};
const place = { attributes: map('Attributes.'), resource: map('Attributes of the resource.'), scope };
const any = { 'x-telemetry-value': true };

const span = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: text('Name.'),
    kind: { type: 'string', enum: ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'], description: 'Kind.' },
    trace_id: text('32 hexadecimal digits.'),
    span_id: text('16 hexadecimal digits.'),
    parent_span_id: text('16 hexadecimal digits.'),
    trace_state: text('W3C trace state.'),
    start_time: text('RFC 3339. Default: the time of the clock.'),
    duration: { type: 'string', format: 'duration', description: 'From start to end. Default 0s.' },
    status: {
      description: 'Code, or code and message.',
      anyOf: [
        { type: 'string', enum: ['unset', 'ok', 'error'] },
        {
          type: 'object',
          additionalProperties: false,
          properties: { code: { type: 'string', enum: ['unset', 'ok', 'error'] }, message: text('Message.') },
        },
      ],
    },
    events: {
      type: 'array',
      description: 'Events, at the start of the span.',
      items: { type: 'object', additionalProperties: false, properties: { name: text('Name.'), attributes: map('Attributes.') } },
    },
    links: {
      type: 'array',
      description: 'Links.',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: { trace_id: text('Trace.'), span_id: text('Span.'), attributes: map('Attributes.') },
      },
    },
    ...place,
  },
};

const log = {
  type: 'object',
  additionalProperties: false,
  properties: {
    body: { ...any, description: 'Any value.' },
    severity_text: text('Such as INFO, which sets the number too.'),
    severity_number: { type: 'integer', minimum: 0, maximum: 24, description: '1 to 24.' },
    time: text('RFC 3339. Default: the time of the clock.'),
    trace_id: text('32 hexadecimal digits.'),
    span_id: text('16 hexadecimal digits.'),
    event_name: text('Name of the event.'),
    ...place,
  },
};

const point = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: text('Name of the metric.'),
    unit: text('Unit of the metric.'),
    description: text('Description of the metric.'),
    type: { type: 'string', enum: ['gauge', 'sum', 'histogram'], description: 'Type of the metric. Default gauge.' },
    temporality: { type: 'string', enum: ['delta', 'cumulative'], description: 'Of sums and histograms. Default cumulative.' },
    is_monotonic: { type: 'boolean', description: 'Of sums. Default true.' },
    value: { ...any, description: 'Of gauges and sums: 5 is an int, 5.0 a double.' },
    count: { ...any, description: 'Of histograms.' },
    sum: { ...any, description: 'Of histograms.' },
    bucket_counts: { type: 'array', items: any, description: 'Of histograms.' },
    explicit_bounds: { type: 'array', items: any, description: 'Of histograms.' },
    time: text('RFC 3339. Default: the time of the clock.'),
    start_time: text('RFC 3339. Default: none.'),
    ...place,
  },
};

const list = (items: object): object => ({ type: 'array', items });

/** Any fields of items: what is expected of an item is compared, not decoded. */
const expectedItems = list({ type: 'object', additionalProperties: true });

const node = {
  node: text('Such as receivers/otlp or processors/filter/health.'),
  pipeline: text('The pipeline of the node, when it is in several.'),
};

const send = {
  type: 'object',
  additionalProperties: false,
  required: ['node'],
  properties: {
    ...node,
    spans: { ...list(span), description: 'Spans to send.' },
    logs: { ...list(log), description: 'Log records to send.' },
    points: { ...list(point), description: 'Data points to send.' },
    file: text('A file of OTLP/JSON requests, one on each line, to send in place of items.'),
    refused: text('The node refuses what is sent, with a reason that contains this text.'),
  },
};

const expect = {
  type: 'object',
  additionalProperties: false,
  required: ['node'],
  properties: {
    ...node,
    items: { type: 'integer', minimum: 0, description: 'How many items came out.' },
    spans: {
      ...expectedItems,
      description: 'The spans that came out, in any order, with these fields at least. A null is a field that must not be there.',
    },
    logs: { ...expectedItems, description: 'The same for log records.' },
    points: { ...expectedItems, description: 'The same for data points.' },
    others: { type: 'boolean', default: false, description: 'Whether further items may have come out.' },
    dropped: {
      type: 'object',
      additionalProperties: { type: 'integer' },
      description: 'How many items the node dropped since the start, by reason.',
    },
    golden: text('A JSON file of the items that came out, without their times; `--update` writes it.'),
  },
};

/** A file of tests. */
export const testSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['tests'],
  properties: {
    config: {
      description: 'Configurations, from the folder of this file, merged in order. Default: those of `--config`.',
      type: 'array',
      items: { type: 'string' },
    },
    env: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Environment variables that the configuration sees.',
    },
    tests: {
      type: 'array',
      minItems: 1,
      description: 'The tests. Each has a graph of its own.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'steps'],
        properties: {
          name: text('What the test shows.'),
          steps: {
            type: 'array',
            minItems: 1,
            description: 'What happens, in order.',
            items: {
              anyOf: [
                {
                  type: 'object',
                  additionalProperties: false,
                  properties: { send, expect, advance: { type: 'string', format: 'duration', description: 'Time that passes.' } },
                  minProperties: 1,
                  maxProperties: 1,
                },
                { type: 'string', enum: ['stop'] },
              ],
            },
          },
        },
      },
    },
  },
} as const;

interface NodeStep {
  readonly node: string;
  readonly pipeline?: string;
}

type FieldMap = Readonly<Record<string, unknown>>;

/** Sends items, or the requests of a file, into a node. */
export interface SendStep extends NodeStep {
  readonly spans?: readonly FieldMap[];
  readonly logs?: readonly FieldMap[];
  readonly points?: readonly FieldMap[];
  readonly file?: string;
  readonly refused?: string;
}

/** Compares what came out of a node, or into an exporter, since it was last asked. */
export interface ExpectStep extends NodeStep {
  readonly items?: number;
  readonly spans?: readonly FieldMap[];
  readonly logs?: readonly FieldMap[];
  readonly points?: readonly FieldMap[];
  readonly others: boolean;
  readonly dropped?: Readonly<Record<string, number>>;
  readonly golden?: string;
}

/** One thing that happens in a test. */
export type Step = { readonly send?: SendStep; readonly expect?: ExpectStep; readonly advance?: string } | 'stop';

/** What `testSchema` describes. */
export interface TestFile {
  readonly config?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly tests: readonly { readonly name: string; readonly steps: readonly Step[] }[];
}
