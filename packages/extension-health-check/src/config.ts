/** The checked configuration of extension `health_check`. */
export interface HealthCheckConfig {
  readonly endpoint: string;
  readonly path: string;
  readonly response_body?: {
    readonly healthy: string;
    readonly unhealthy: string;
  };
}

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: {
      type: 'string',
      default: 'localhost:13133',
      description: 'Address to listen on, as host:port; without a host, all interfaces.',
    },
    path: {
      type: 'string',
      default: '/',
      description: 'Path to answer on. One that ends with / answers for everything below it.',
    },
    response_body: {
      type: 'object',
      additionalProperties: false,
      description: 'Bodies to answer with instead of the JSON object {status, upSince, uptime}.',
      properties: {
        healthy: { type: 'string', default: '', description: 'Body of the answer 200, while the pipelines run.' },
        unhealthy: { type: 'string', default: '', description: 'Body of the answer 503, before the pipelines run and when they stop.' },
      },
    },
    check_collector_pipeline: {
      type: 'object',
      additionalProperties: false,
      'x-deprecated': 'remove it: it has no effect',
      description: 'Has no effect; accepted for old configurations.',
      properties: {
        enabled: { type: 'boolean', description: 'Has no effect.' },
        interval: { type: 'string', format: 'duration', description: 'Has no effect.' },
        exporter_failure_threshold: { type: 'integer', description: 'Has no effect.' },
      },
    },
    use_v2: { 'x-unsupported': 'the answers per component come in a later version; leave it out' },
    tls: { 'x-unsupported': 'TLS for health_check comes in a later version; keep the endpoint on localhost or behind a proxy' },
    cors: { 'x-unsupported': 'browsers have no business here; use a proxy that adds the headers' },
    auth: { 'x-unsupported': 'authentication for health_check comes in a later version; keep the endpoint on localhost or behind a proxy' },
  },
} as const;
