import type { ExtensionFactory } from '@millrace/api';
import { serverProblems } from '@millrace/transport';
import { configSchema } from './config.ts';
import type { HealthCheckV2Config } from './config.ts';
import { HealthCheckV2 } from './health-check-v2.ts';

/** Messages as the Collector words them. */
function validateConfig({ use_v2: second, http, grpc }: HealthCheckV2Config): string[] {
  if (!second) return ['use_v2: must be true; for the first version use extension health_check'];
  if (http === undefined && grpc === undefined) return ['must specify at least one protocol'];
  const problems: string[] = [];
  if (http !== undefined) {
    problems.push(...(http.endpoint === '' ? ['http endpoint required'] : serverProblems(http, 'http')));
    const pages = (['status', 'config'] as const).filter((page) => http[page].enabled && !http[page].path.startsWith('/'));
    problems.push(...pages.map((page) => `http::${page}::path must start with /`));
  }
  if (grpc !== undefined) problems.push(...(grpc.endpoint === '' ? ['grpc endpoint required'] : serverProblems(grpc, 'grpc')));
  return problems;
}

/** Extension `healthcheckv2`: answers over HTTP and gRPC how the pipelines and each of their components fare. */
export const factory: ExtensionFactory<HealthCheckV2Config> = {
  kind: 'extension',
  type: 'healthcheckv2',
  scope: 'process',
  stability: 'alpha',
  configSchema,
  validateConfig,
  create: (config, context) => new HealthCheckV2(config, context),
};
