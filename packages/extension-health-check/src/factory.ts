import type { ExtensionFactory } from '@millrace/api';
import { serverProblems } from '@millrace/transport';
import { configSchema } from './config.ts';
import type { HealthCheckConfig } from './config.ts';
import { HealthCheck } from './health-check.ts';

/** Extension `health_check`: answers over HTTP whether the pipelines run. */
export const factory: ExtensionFactory<HealthCheckConfig> = {
  kind: 'extension',
  type: 'health_check',
  scope: 'process',
  stability: 'beta',
  configSchema,
  validateConfig: ({ path, ...server }) => [
    ...(server.endpoint === '' ? ['http endpoint required'] : serverProblems(server)),
    ...(path.startsWith('/') ? [] : ['path must start with /']),
  ],
  create: (config, context) => new HealthCheck(config, context),
};
