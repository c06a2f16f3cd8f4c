import type { ExtensionFactory } from '@millrace/api';
import { serverProblems } from '@millrace/transport';
import { configSchema } from './config.ts';
import type { QueryConfig } from './config.ts';
import { Query } from './query.ts';

/** Extension `query`: Prometheus's query API over stored metrics. */
export const factory: ExtensionFactory<QueryConfig> = {
  kind: 'extension',
  type: 'query',
  scope: 'process',
  stability: 'beta',
  configSchema,
  validateConfig: (config) => serverProblems(config),
  create: (config, context) => new Query(config, context),
};
