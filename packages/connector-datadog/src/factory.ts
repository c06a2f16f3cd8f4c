import type { ConnectorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { type DatadogConnectorConfig, configSchema } from './config.ts';
import { Forward } from './forward.ts';
import { StatsConnector } from './stats-connector.ts';

/** Connector `datadog`: hands traces on, and computes their statistics for exporter `datadog`. */
export const factory: ConnectorFactory<DatadogConnectorConfig> = {
  kind: 'connector',
  type: 'datadog',
  signals: { traces: { traces: 'beta', metrics: 'beta' } },
  configSchema,
  // The exporter, of which there is one in the process, has to know of it.
  scope: 'process',
  validateConfig: ({ traces }) => [
    ...(durationMs(traces.bucket_interval) < 0 ? ['traces::bucket_interval: bucket interval must be non-negative'] : []),
    ...Object.entries(traces.span_name_remappings).flatMap(([name, newName]) => [
      ...(newName === '' ? [`traces: '${newName}' is not valid value for span name remapping`] : []),
      ...(name === '' ? [`traces: '${name}' is not valid key for span name remapping`] : []),
    ]),
  ],
  create: (config, next, context) =>
    isMetrics(next.byPipeline.keys()) ? new StatsConnector(config, next.all, context) : new Forward(next.all),
};

function isMetrics(pipelines: Iterable<string>): boolean {
  for (const id of pipelines) return id === 'metrics' || id.startsWith('metrics/');
  return false;
}
