/** The checked configuration of connector `datadog`. */
export interface DatadogConnectorConfig {
  readonly traces: {
    readonly ignore_resources: readonly string[];
    readonly span_name_remappings: Readonly<Record<string, string>>;
    readonly span_name_as_resource_name: boolean;
    readonly compute_stats_by_span_kind: boolean;
    readonly compute_top_level_by_span_kind: boolean;
    readonly peer_tags_aggregation: boolean;
    readonly peer_tags: readonly string[];
    readonly resource_attributes_as_container_tags: readonly string[];
    readonly bucket_interval: string;
  };
}

const flag = (fallback: boolean, description: string): object => ({ type: 'boolean', default: fallback, description });
const texts = (description: string): object => ({ type: 'array', items: { type: 'string' }, default: [], description });

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    traces: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How spans are counted. The exporter should have the same settings.',
      properties: {
        ignore_resources: texts('Resources whose spans are not counted, by their exact names.'),
        span_name_remappings: {
          type: 'object',
          additionalProperties: { type: 'string' },
          default: {},
          description: 'New names of operations by old ones.',
        },
        span_name_as_resource_name: flag(false, 'Whether the name of the span is the name of the operation, by the older rules.'),
        compute_stats_by_span_kind: flag(
          true,
          'Whether spans of kind server, client, producer and consumer are counted, besides top-level ones.',
        ),
        compute_top_level_by_span_kind: flag(
          false,
          'Whether roots, servers and consumers are top-level, instead of spans whose parent belongs to another service.',
        ),
        peer_tags_aggregation: flag(true, 'Whether statistics are kept apart by whom a span talked to.'),
        peer_tags: texts('More attributes that say whom a span talked to.'),
        resource_attributes_as_container_tags: texts('Attributes of resources with a container that become tags of the statistics.'),
        bucket_interval: {
          type: 'string',
          format: 'duration',
          default: '10s',
          description: 'The length of time that one set of statistics covers, and the pause between sending them; `0s` for `10s`.',
        },
        peer_service_aggregation: {
          description: 'The old name of `peer_tags_aggregation`.',
          'x-unsupported': 'deprecated in the Collector; use peer_tags_aggregation',
        },
        trace_buffer: {
          description: 'How many payloads are buffered.',
          'x-unsupported': 'spans are counted as they come; leave it out',
        },
        ignore_missing_datadog_fields: {
          description: 'Whether fields are not computed from attributes.',
          'x-unsupported': 'not supported, as in the Collector; leave it out',
        },
      },
    },
  },
};
