import type { ExporterFactory } from '@millrace/api';
import { exporterScope, validateSettings } from '@millrace/exporter-helper';
import { grpcClientProblems } from '@millrace/transport';
import { configSchema } from './config.ts';
import type { LoadBalancingConfig } from './config.ts';
import { LoadBalancing } from './load-balancing.ts';

/** Exporter `load_balancing`: spreads items over backends, so that what belongs together goes to the same one. */
export const factory: ExporterFactory<LoadBalancingConfig> = {
  kind: 'exporter',
  type: 'load_balancing',
  stability: { traces: 'beta', logs: 'beta', metrics: 'development' },
  configSchema,
  wraps: [{ kind: 'exporter', type: 'otlp_grpc' }],
  // A queue or dead letters in a storage have one owner in the process.
  scope: (config) => (exporterScope(config) === 'process' ? 'process' : exporterScope(config.protocol.otlp)),
  validateConfig(config) {
    const { otlp } = config.protocol;
    const backend = [...grpcClientProblems({ ...otlp, endpoint: 'backend:4317' }), ...validateSettings(otlp)];
    return [...ownProblems(config), ...validateSettings(config), ...backend.map((problem) => `protocol::otlp: ${problem}`)];
  },
  create: (config, context) => new LoadBalancing(config, context),
};

function ownProblems({ resolver, routing_key: key, routing_attributes: attributes }: LoadBalancingConfig): string[] {
  const problems: string[] = [];
  const { static: fixed, dns } = resolver;
  if (fixed === undefined && dns === undefined) problems.push('no resolvers specified for the exporter');
  if (fixed !== undefined && dns !== undefined) problems.push('only one resolver should be specified');
  if (fixed?.hostnames.length === 0) problems.push('resolver::static: no endpoints specified for the static resolver');
  if (dns?.hostname === '') problems.push('resolver::dns: no hostname specified to resolve the backends');
  if (key === 'attributes' && attributes.length === 0) {
    problems.push('routing_attributes must be specified when routing_key is "attributes"');
  }
  if (key !== 'attributes' && attributes.length > 0) {
    problems.push(
      `routing_attributes can only be used when routing_key is "attributes"; got "${key ?? ''}". Remove routing_attributes or set routing_key to "attributes"`,
    );
  }
  return problems;
}
