import type { ExtensionFactory } from '@millrace/api';
import { serverProblems } from '@millrace/transport';
import { configSchema } from './config.ts';
import type { HealthCheckV2Config } from './config.ts';
import { HealthCheckV2 } from './health-check-v2.ts';

/** Extension `healthcheckv2`: answers over HTTP how the pipelines and each of their components fare. */
export const factory: ExtensionFactory<HealthCheckV2Config> = {
  kind: 'extension',
  type: 'healthcheckv2',
  scope: 'process',
  stability: 'alpha',
  configSchema,
  validateConfig: ({ use_v2, http }) => [
    ...(use_v2 ? [] : ['use_v2: must be true; for the first version use extension health_check']),
    ...serverProblems(http, 'http'),
    ...(['status', 'config'] as const)
      .filter((page) => !http[page].path.startsWith('/'))
      .map((page) => `http::${page}::path must start with /`),
  ],
  create: (config, context) => new HealthCheckV2(config, context),
};
