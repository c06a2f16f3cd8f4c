import type { Catalog, ComponentKind, ComponentSchema } from '@millrace/config';

/** Schemas in the shapes that components have: what a catalog of a distribution gives the checker. */
const tls = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    insecure: { type: 'boolean', default: false },
    ca_file: { type: 'string' },
    min_version: { type: 'string', enum: ['1.2', '1.3'], default: '1.2' },
  },
};
const headers = { type: 'object', additionalProperties: { type: 'string', 'x-secret': true }, 'x-map-list': true };
const server = (endpoint: string): object => ({
  type: 'object',
  additionalProperties: false,
  'x-null-enables': true,
  properties: {
    endpoint: { type: 'string', default: endpoint },
    max_recv_msg_size_mib: { type: 'integer', minimum: 0 },
    include_metadata: { type: 'boolean', default: false },
    response_headers: headers,
    cors: {
      type: 'object',
      additionalProperties: false,
      properties: { allowed_origins: { type: 'array', items: { type: 'string' }, default: [] }, max_age: { type: 'integer', default: 0 } },
    },
    auth: { type: 'object', 'x-unsupported': 'authentication is not supported by this version; put a proxy in front' },
  },
});
const queue = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    enabled: { type: 'boolean', default: true },
    queue_size: { type: 'integer', minimum: 1, default: 1000 },
    sizer: { type: 'string', enum: ['requests', 'items', 'bytes'], default: 'requests' },
    batch: {
      type: 'object',
      additionalProperties: false,
      properties: { flush_timeout: { type: 'string', format: 'duration', default: '200ms' }, min_size: { type: 'integer', default: 8192 } },
    },
  },
};
const client = {
  endpoint: { type: 'string' },
  timeout: { type: 'string', format: 'duration', default: '5s' },
  compression: { type: 'string', enum: ['gzip', 'zstd', 'snappy', 'none', ''], default: 'gzip' },
  headers,
  tls,
  sending_queue: queue,
};
const endpointRule = (config: never): readonly string[] => {
  const { endpoint } = config as { endpoint?: string };
  return endpoint === undefined || endpoint === '' ? ['requires a non-empty "endpoint"'] : [];
};
const settings = (properties: object): object => ({ type: 'object', additionalProperties: false, properties });

const components: Record<ComponentKind, Record<string, ComponentSchema & { readonly aliases?: readonly string[] }>> = {
  receiver: {
    nop: {},
    otlp: {
      configSchema: settings({
        protocols: {
          type: 'object',
          additionalProperties: false,
          default: {},
          properties: { grpc: server('localhost:4317'), http: server('localhost:4318') },
        },
      }),
      validateConfig: (config) => {
        const { protocols } = config as { protocols: object };
        return Object.keys(protocols).length === 0 ? ['must specify at least one protocol when using the OTLP receiver'] : [];
      },
    },
  },
  processor: {
    batch: {
      configSchema: settings({
        timeout: { type: 'string', format: 'duration', default: '200ms' },
        send_batch_size: { type: 'integer', minimum: 0, default: 8192 },
        send_batch_max_size: { type: 'integer', minimum: 0, default: 0 },
        metadata_keys: { type: 'array', items: { type: 'string' }, default: [] },
      }),
      validateConfig: (config) => {
        const { send_batch_max_size: most, send_batch_size: least } = config as { send_batch_max_size: number; send_batch_size: number };
        return most > 0 && most < least ? ['send_batch_max_size: must be greater or equal to send_batch_size'] : [];
      },
    },
    memory_limiter: {
      configSchema: {
        ...settings({
          check_interval: { type: 'string', format: 'duration' },
          limit_mib: { type: 'integer' },
          limit_percentage: { type: 'integer', maximum: 100 },
        }),
        required: ['check_interval'],
        anyOf: [{ required: ['limit_mib'] }, { required: ['limit_percentage'] }],
      },
    },
    /** Settings of every kind, for what no real component needs. */
    sample: {
      configSchema: {
        ...settings({
          any: {},
          telemetry: { 'x-telemetry-value': true },
          text: { type: 'string' },
          int: { type: 'integer' },
          float: { type: 'number' },
          flag: { type: 'boolean' },
          list: { type: 'array', items: { type: 'string' } },
          free: { type: 'array' },
          maps: { type: 'array', items: { $ref: '#/$defs/pair' } },
          section: { type: 'object', additionalProperties: false, properties: { value: { type: 'integer', default: 7 } } },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          either: {
            anyOf: [
              { type: 'string', enum: ['all', 'none'] },
              { type: 'array', items: { type: 'integer' } },
            ],
          },
          password: { type: 'string', 'x-secret': true, pattern: '^[a-z]+$' },
          old: { type: 'string', 'x-deprecated': 'use text' },
          level: { type: 'string', enum: ['low', 'high'], 'x-enum-insensitive': true },
          exclusive: { type: 'string' },
          other: { type: 'string' },
        }),
        $defs: {
          pair: {
            ...settings({ key: { type: 'string' }, value: {}, weight: { type: 'number', default: 1, exclusiveMinimum: 0 } }),
            required: ['key'],
          },
        },
        not: { type: 'object', properties: { exclusive: {}, other: {} }, required: ['exclusive', 'other'] },
      },
    },
    fails: {
      validateConfig: () => {
        throw new Error('cannot be checked');
      },
    },
  },
  exporter: {
    nop: {},
    debug: {
      configSchema: settings({
        verbosity: { type: 'string', enum: ['basic', 'normal', 'detailed'], 'x-enum-insensitive': true, default: 'basic' },
        sampling_initial: { type: 'integer', minimum: 0, default: 2 },
      }),
    },
    otlp_grpc: { aliases: ['otlp'], configSchema: settings(client), validateConfig: endpointRule },
    otlp_http: {
      aliases: ['otlphttp'],
      configSchema: settings({ ...client, encoding: { type: 'string', enum: ['proto', 'json'], default: 'proto' } }),
      validateConfig: endpointRule,
    },
  },
  connector: { forward: {}, nop: {} },
  extension: {
    health_check: {
      configSchema: settings({ endpoint: { type: 'string', default: 'localhost:13133' }, path: { type: 'string', default: '/' } }),
    },
  },
};

const hints: Record<string, string> = {
  jaeger: 'not in this version; Jaeger clients can send OTLP to receiver "otlp"',
  tail_sampling: 'not in this version',
};

/** A distribution with a few components. */
export const testCatalog: Catalog = {
  types: (kind) => Object.entries(components[kind]).map(([type, { aliases }]) => ({ type, ...(aliases === undefined ? {} : { aliases }) })),
  component: (kind, type) => Promise.resolve(components[kind][type]!),
  unsupported: (_, type) => hints[type],
};
