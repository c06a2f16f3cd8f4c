import type { ExtensionFactory } from '@millrace/api';
import { serverProblems } from '@millrace/transport';
import { Analytics } from './analytics.ts';
import { configSchema } from './config.ts';
import type { AnalyticsConfig } from './config.ts';

/** Extension `analytics`: what AI services used, cost and will cost, over REST. */
export const factory: ExtensionFactory<AnalyticsConfig> = {
  kind: 'extension',
  type: 'analytics',
  scope: 'process',
  stability: 'alpha',
  configSchema,
  validateConfig: (config) => serverProblems(config),
  create: (config, context) => new Analytics(config, context),
};
