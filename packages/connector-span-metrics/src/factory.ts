import type { ConnectorFactory } from '@millrace/api';
import { configSchema, type SpanMetricsConfig } from './config.ts';
import { SpanMetricsConnector } from './span-metrics-connector.ts';
import { validateConfig } from './validate-config.ts';

/** Connector `span_metrics`: counts spans and measures how long they took. */
export const factory: ConnectorFactory<SpanMetricsConfig> = {
  kind: 'connector',
  type: 'span_metrics',
  signals: { traces: { metrics: 'alpha' } },
  configSchema,
  // A series has one writer.
  scope: 'process',
  validateConfig,
  create: (config, next, context) => new SpanMetricsConnector(config, next.all, context),
};
