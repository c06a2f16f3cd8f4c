import type { ExporterFactory } from '@millrace/api';
import { validateSettings } from '@millrace/exporter-helper';
import { namingProblems, resourceLabelsProblems, translationStrategies } from '@millrace/prometheus-format';
import { httpClientProblems } from '@millrace/transport';
import { configSchema, messageNames } from './config.ts';
import type { RemoteWriteConfig } from './config.ts';
import { createRemoteWriteExporter } from './remote-write-exporter.ts';
import { exporterSettings } from './settings.ts';

/** Exporter `prometheus_remote_write`: writes metrics to Prometheus and others that take remote write. */
export const factory: ExporterFactory<RemoteWriteConfig> = {
  kind: 'exporter',
  type: 'prometheus_remote_write',
  stability: { metrics: 'beta' },
  // What several threads send would overtake each other, and Prometheus refuses samples that are out of order.
  scope: 'process',
  configSchema,
  validateConfig,
  create: createRemoteWriteExporter,
};

function validateConfig(config: RemoteWriteConfig): string[] {
  const { http } = config;
  const problems =
    http === undefined
      ? [...endpointProblems(config.endpoint), ...httpClientProblems(config)]
      : [...endpointProblems(http.endpoint), ...httpClientProblems(http)].map((problem) => `http::${problem}`);
  if (http !== undefined && config.endpoint !== '') problems.push('http: endpoint cannot be set both here and at the top');
  if (!['', 'snappy'].includes((http ?? config).compression)) problems.push('compression type must be snappy');
  return [...problems, ...limitProblems(config), ...messageProblems(config), ...validateSettings(exporterSettings(config))];
}

function endpointProblems(endpoint: string): string[] {
  if (endpoint === '') return ['endpoint: must be specified'];
  return URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol) ? [] : ['endpoint: invalid endpoint'];
}

function limitProblems(config: RemoteWriteConfig): string[] {
  const { remote_write_queue: queue, max_batch_size_bytes: maxBytes, max_batch_request_parallelism: parallelism = 1 } = config;
  const problems: string[] = [];
  if (parallelism < 1) problems.push("max_batch_request_parallelism can't be set to below 1");
  if (queue.queue_size < 0) problems.push("remote write queue size can't be negative");
  if (queue.enabled && queue.queue_size === 0) problems.push('a 0 size queue will drop all the data');
  if (queue.num_consumers < 0) problems.push("remote write consumer number can't be negative");
  if (maxBytes < 0) problems.push('max_batch_byte_size must be greater than 0');
  return problems;
}

function messageProblems(config: RemoteWriteConfig): string[] {
  const { protobuf_message: message, translation_strategy: strategy, external_labels: labels } = config;
  const problems = [...namingProblems(config), ...resourceLabelsProblems(config)];
  if (message !== messageNames.v1 && message !== messageNames.v2) {
    problems.push(`unknown type for remote write protobuf message ${message}, supported: ${Object.values(messageNames).join(', ')}`);
  }
  if (message === messageNames.v1 && translationStrategies[strategy]?.utf8) {
    problems.push(`translation strategy ${strategy} requires Prometheus Remote Write 2.0 (UTF-8 support)`);
  }
  if (message === messageNames.v1 && config.convert_explicit_histograms_to_nhcb) {
    problems.push('convert_explicit_histograms_to_nhcb requires Prometheus Remote Write 2.0');
  }
  if (Object.entries(labels).some(([name, value]) => name === '' || value === '')) {
    problems.push('prometheus remote write: external labels configuration contains an empty key or value');
  }
  return problems;
}
