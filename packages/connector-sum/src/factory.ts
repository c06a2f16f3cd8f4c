import type { ConnectorFactory } from '@millrace/api';
import { configSchema, type SumConfig } from './config.ts';
import { SumConnector } from './sum-connector.ts';
import { validateConfig } from './definition.ts';

/** Connector `sum`: sums an attribute of spans, events, data points and log records. */
export const factory: ConnectorFactory<SumConfig> = {
  kind: 'connector',
  type: 'sum',
  signals: { traces: { metrics: 'alpha' }, metrics: { metrics: 'alpha' }, logs: { metrics: 'alpha' } },
  configSchema,
  validateConfig,
  create: (config, next, context) => new SumConnector(config, next.all, context),
};
