/** The checked configuration of connector `service_graph`. */
export interface ServiceGraphConfig {
  /** Absent: the default bounds. */
  readonly latency_histogram_buckets?: readonly string[];
  readonly exponential_histogram_max_size: number;
  readonly dimensions: readonly string[];
  readonly store: { readonly max_items: number; readonly ttl: string };
  readonly cache_loop: string;
  readonly store_expiration_loop: string;
  readonly virtual_node_peer_attributes: readonly string[];
  readonly virtual_node_extra_label: boolean;
  readonly metrics_flush_interval: string;
  readonly metrics_timestamp_offset: string;
  readonly database_name_attributes: readonly string[];
}

const duration = (fallback: string, description: string): object => ({
  type: 'string',
  format: 'duration',
  default: fallback,
  description,
});
const texts = (fallback: readonly string[], description: string): object => ({
  type: 'array',
  items: { type: 'string' },
  default: fallback,
  description,
});

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    latency_histogram_buckets: {
      type: 'array',
      items: { type: 'string', format: 'duration' },
      description:
        "Upper bounds of the histograms' buckets, ascending. Default: 2ms, 4ms, 6ms, 8ms, 10ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1s, 1.4s, 2s, 5s, 10s, 15s.",
    },
    exponential_histogram_max_size: {
      type: 'integer',
      default: 0,
      description: 'Makes exponential histograms with so many buckets; 0: explicit ones.',
    },
    dimensions: texts([], 'Attributes of the resource, or else of the span, that tell series apart, as `client_NAME` and `server_NAME`.'),
    store: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'The requests of which one side was seen.',
      properties: {
        max_items: {
          type: 'integer',
          default: 1000,
          description: 'The number of requests that wait for their other side; spans beyond it are passed over.',
        },
        ttl: duration('2s', 'How long a request waits for its other side.'),
      },
    },
    cache_loop: duration('1m', 'The pause between removals of series that were silent for 15 minutes; `0s` for `1m`.'),
    store_expiration_loop: duration('2s', 'The pause between looks for requests that waited too long; `0s` for `2s`.'),
    virtual_node_peer_attributes: texts(
      ['peer.service', 'db.name', 'db.system'],
      "Attributes of a client's span that name the server which was never seen; the first that is there counts. Empty: such requests are forgotten.",
    ),
    virtual_node_extra_label: { type: 'boolean', default: false, description: 'Whether `virtual_node` says which side was never seen.' },
    metrics_flush_interval: duration('60s', 'The pause between reports; `0s`: a report after every batch.'),
    metrics_timestamp_offset: duration('0s', 'How far in the past points are.'),
    database_name_attributes: texts(
      ['db.name'],
      "Attributes of the resource or of a client's span that name the database which it called.",
    ),
    database_name_attribute: {
      description: 'The older form of `database_name_attributes`.',
      'x-unsupported': 'deprecated in the Collector; use database_name_attributes',
    },
    metrics_exporter: {
      description: 'Where metrics go.',
      'x-unsupported': 'without effect in the Collector; name the connector as receiver of a metrics pipeline',
    },
  },
};
