import { type HttpServerConfig, httpServerProperties } from '@millrace/transport';

/** The checked configuration of extension `health_check`. */
export interface HealthCheckConfig extends HttpServerConfig {
  readonly path: string;
  readonly response_body?: {
    readonly healthy: string;
    readonly unhealthy: string;
  };
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...httpServerProperties({ endpoint: 'localhost:13133' }),
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
    use_v2: { 'x-unsupported': 'extension healthcheckv2 answers per component; use that instead' },
  },
};
