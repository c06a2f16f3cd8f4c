import { over } from '@millrace/api';
import type { ReceiverFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { PrometheusReceiverConfig } from './config.ts';
import { PrometheusReceiver } from './prometheus-receiver.ts';
import { configProblems } from './scrape-configs.ts';

/** Receiver `prometheus`: scrapes Prometheus targets. */
export const factory: ReceiverFactory<PrometheusReceiverConfig> = {
  kind: 'receiver',
  type: 'prometheus',
  scope: 'process',
  stability: { metrics: 'beta' },
  configSchema,
  validateConfig: configProblems,
  create: (config, next, context) => new PrometheusReceiver(config, over(next.get('metrics')!, 'http'), context),
};
