import type { ExtensionFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { HealthCheckConfig } from './config.ts';
import { HealthCheck } from './health-check.ts';

/** Extension `health_check`: answers over HTTP whether the pipelines run. */
export const factory: ExtensionFactory<HealthCheckConfig> = {
  kind: 'extension',
  type: 'health_check',
  stability: 'beta',
  configSchema,
  validateConfig: ({ endpoint, path }) => [
    ...(endpoint === '' ? ['http endpoint required'] : []),
    ...(/:\d+$/.test(endpoint) || endpoint === '' ? [] : [`endpoint: ${JSON.stringify(endpoint)} must have a port, as in localhost:13133`]),
    ...(path.startsWith('/') ? [] : ['path must start with /']),
  ],
  create: (config, context) => new HealthCheck(config, context),
};
