import type { ReceiverFactory } from '@millrace/api';
import { serverProblems } from '@millrace/transport';
import { configSchema, type ZipkinReceiverConfig } from './config.ts';
import { ZipkinReceiver } from './zipkin-receiver.ts';

/** Receiver `zipkin`: takes spans as a Zipkin server does. */
export const factory: ReceiverFactory<ZipkinReceiverConfig> = {
  kind: 'receiver',
  type: 'zipkin',
  stability: { traces: 'beta' },
  configSchema,
  validateConfig: (config) => serverProblems(config),
  create: (config, next, context) => new ZipkinReceiver(config, next.get('traces')!, context),
};
