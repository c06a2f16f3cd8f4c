import type { ConnectorFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { GenaiMetricsConfig } from './config.ts';
import { GenaiMetricsConnector } from './genai-metrics-connector.ts';
import { validateConfig } from './validate-config.ts';

/** Connector `genaimetrics`: metrics of operations with generative AI. */
export const factory: ConnectorFactory<GenaiMetricsConfig> = {
  kind: 'connector',
  type: 'genaimetrics',
  signals: { traces: { metrics: 'alpha' }, logs: { metrics: 'alpha' } },
  configSchema,
  // A series has one writer.
  scope: 'process',
  validateConfig,
  create: (config, next, context) => new GenaiMetricsConnector(config, next.all, context),
};
