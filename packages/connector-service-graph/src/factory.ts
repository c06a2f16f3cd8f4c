import type { ConnectorFactory } from '@millrace/api';
import { configSchema, type ServiceGraphConfig } from './config.ts';
import { ServiceGraphConnector } from './service-graph-connector.ts';

/** Connector `service_graph`: makes metrics of the requests between services. */
export const factory: ConnectorFactory<ServiceGraphConfig> = {
  kind: 'connector',
  type: 'service_graph',
  signals: { traces: { metrics: 'alpha' } },
  configSchema,
  // The two sides of a request come to different threads.
  scope: 'process',
  validateConfig: ({ latency_histogram_buckets: buckets, exponential_histogram_max_size: maxSize }) => {
    if (buckets === undefined && maxSize < 0) return ['`exponential_histogram_max_size` can not be negative'];
    if (buckets !== undefined && maxSize > 0) return ['use either `latency_histogram_buckets` or `exponential_histogram_max_size`'];
    return [];
  },
  create: (config, next, context) => new ServiceGraphConnector(config, next.all, context),
};
