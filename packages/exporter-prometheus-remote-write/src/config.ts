import { retrySchema, timeoutSchema } from '@millrace/exporter-helper';
import type { RetryConfig } from '@millrace/exporter-helper';
import { namingProperties, resourceLabelsProperties } from '@millrace/prometheus-format';
import type { NamingConfig, ResourceLabelsConfig } from '@millrace/prometheus-format';
import { httpClientProperties } from '@millrace/transport';
import type { HttpClientConfig } from '@millrace/transport';

/** Where to write to, and how. */
export interface DestinationConfig extends HttpClientConfig {
  readonly endpoint: string;
}

/** The checked configuration of exporter `prometheus_remote_write`. Times are Go durations. */
export interface RemoteWriteConfig extends DestinationConfig, NamingConfig, ResourceLabelsConfig {
  readonly timeout: string;
  /** Stands for the settings of the HTTP client at the top. */
  readonly http?: DestinationConfig & { readonly timeout?: string };
  readonly external_labels: Readonly<Record<string, string>>;
  readonly protobuf_message: string;
  readonly send_metadata: boolean;
  readonly target_info: { readonly enabled: boolean };
  readonly disable_scope_info: boolean;
  readonly convert_explicit_histograms_to_nhcb: boolean;
  readonly keep_classic_histograms: boolean;
  readonly max_batch_size_bytes: number;
  /** Absent: `remote_write_queue.num_consumers`. */
  readonly max_batch_request_parallelism?: number;
  readonly remote_write_queue: {
    readonly enabled: boolean;
    readonly queue_size: number;
    readonly num_consumers: number;
    readonly storage?: string;
  };
  readonly retry_on_failure: RetryConfig;
}

/** The names of the two messages that remote write knows, as `protobuf_message` and the content type have them. */
export const messageNames = { v1: 'prometheus.WriteRequest', v2: 'io.prometheus.write.v2.Request' } as const;

const destination = {
  endpoint: { type: 'string', default: '', description: 'The URL to write to, such as http://prometheus:9090/api/v1/write. Required.' },
  ...httpClientProperties({ compression: 'snappy' }),
};

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...destination,
    timeout: timeoutSchema,
    http: {
      type: 'object',
      additionalProperties: false,
      description: 'The endpoint and the settings of the HTTP client in a block of their own, in place of those at the top.',
      properties: {
        ...destination,
        timeout: {
          type: 'string',
          format: 'duration',
          description: 'How long one attempt to send may take, in place of the one at the top.',
        },
      },
    },
    ...namingProperties,
    external_labels: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Labels that every series gets unless it has them, as name: value.',
    },
    ...resourceLabelsProperties,
    protobuf_message: {
      type: 'string',
      default: messageNames.v1,
      description: `The message that is sent: ${messageNames.v1} (remote write 1.0) or ${messageNames.v2} (2.0, in which every name and value is sent once).`,
    },
    send_metadata: {
      type: 'boolean',
      default: false,
      description: 'Send the type, help text and unit of every metric along. Remote write 2.0 always does.',
    },
    target_info: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'The metric target_info, which has the attributes of each resource.',
      properties: { enabled: { type: 'boolean', default: true, description: 'Whether to send it.' } },
    },
    disable_scope_info: {
      type: 'boolean',
      default: false,
      description: 'Leave out the labels otel_scope_name, otel_scope_version and those of the attributes of the scope.',
    },
    convert_explicit_histograms_to_nhcb: {
      type: 'boolean',
      default: false,
      description: 'Send histograms with explicit bounds as native histograms with custom buckets. Needs remote write 2.0.',
    },
    keep_classic_histograms: {
      type: 'boolean',
      default: false,
      description: 'Send the classic series too where convert_explicit_histograms_to_nhcb makes native histograms.',
    },
    max_batch_size_bytes: {
      type: 'integer',
      default: 3_000_000,
      description: 'The largest body of a request in bytes, before compression; what is larger is sent in several. 0 for the default.',
    },
    max_batch_request_parallelism: {
      type: 'integer',
      description: 'Most requests at a time for a batch that needs several. Default: remote_write_queue.num_consumers.',
    },
    remote_write_queue: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Holds batches, so that a slow destination does not hold up the pipeline. They are sent one after the other.',
      properties: {
        enabled: { type: 'boolean', default: true, description: 'Whether to queue; without a queue the sender waits for the destination.' },
        queue_size: { type: 'integer', default: 10_000, description: 'The most batches that are held, the one being sent included.' },
        num_consumers: {
          type: 'integer',
          default: 5,
          description: 'Most requests at a time for a batch that needs several, each with series of its own.',
        },
        storage: {
          type: 'string',
          description: 'The id of a storage extension, such as `file_storage`, that keeps the queue across restarts and crashes.',
        },
      },
    },
    retry_on_failure: {
      ...retrySchema,
      properties: {
        ...retrySchema.properties,
        initial_interval: { ...retrySchema.properties.initial_interval, default: '50ms' },
      },
    },
    wal: {
      type: 'object',
      description: 'A log on disk of what is to be sent.',
      'x-unsupported': 'use `remote_write_queue: {storage: file_storage}`, which keeps what is queued on disk',
    },
    include_metadata_keys: {
      type: 'array',
      description: 'Metadata of clients that requests carry on.',
      'x-unsupported': 'the metadata of its client always stays with a batch, and authenticators see it; leave it out',
    },
    sending_queue: { 'x-unsupported': 'use `remote_write_queue`' },
  },
};
