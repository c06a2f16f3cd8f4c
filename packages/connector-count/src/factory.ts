import type { ConnectorFactory } from '@millrace/api';
import { configSchema, type CountConfig } from './config.ts';
import { CountConnector } from './count-connector.ts';
import { validateConfig } from './definition.ts';

/** Connector `count`: counts spans, events, metrics, data points and log records. */
export const factory: ConnectorFactory<CountConfig> = {
  kind: 'connector',
  type: 'count',
  signals: { traces: { metrics: 'alpha' }, metrics: { metrics: 'alpha' }, logs: { metrics: 'alpha' } },
  configSchema,
  validateConfig,
  create: (config, next, context) => new CountConnector(config, next.all, context),
};
