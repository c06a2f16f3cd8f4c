import type { ReceiverFactory } from '@millrace/api';
import { parseEndpoint, serverProblems } from '@millrace/transport';
import { configSchema, type JaegerReceiverConfig } from './config.ts';
import { JaegerReceiver } from './jaeger-receiver.ts';

function validateConfig({ protocols }: JaegerReceiverConfig): string[] {
  const { grpc, thrift_http: http } = protocols;
  const udp = [['thrift_binary', protocols.thrift_binary] as const, ['thrift_compact', protocols.thrift_compact] as const];
  if (grpc === undefined && http === undefined && udp.every(([, block]) => block === undefined)) {
    return ['must specify at least one protocol when using the Jaeger receiver'];
  }
  const problems = [
    ...(grpc === undefined ? [] : serverProblems(grpc, 'protocols::grpc')),
    ...(http === undefined ? [] : serverProblems(http, 'protocols::thrift_http')),
  ];
  for (const [name, block] of udp) {
    try {
      if (block !== undefined) parseEndpoint(block.endpoint);
    } catch (error) {
      problems.push(`protocols::${name}::endpoint: ${(error as Error).message}`);
    }
  }
  return problems;
}

/** Receiver `jaeger`: takes spans as Jaeger's collector and agent do. */
export const factory: ReceiverFactory<JaegerReceiverConfig> = {
  kind: 'receiver',
  type: 'jaeger',
  stability: { traces: 'beta' },
  configSchema,
  validateConfig,
  create: (config, next, context) => new JaegerReceiver(config, next.get('traces')!, context),
};
