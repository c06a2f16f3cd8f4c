import type { ExporterFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { validateSettings } from '@millrace/exporter-helper';
import { Regex } from '@millrace/regex';
import { type DatadogConfig, configSchema } from './config.ts';
import { DatadogExporter } from './datadog-exporter.ts';

/** Exporter `datadog`: sends traces, their statistics, metrics and logs to Datadog. */
export const factory: ExporterFactory<DatadogConfig> = {
  kind: 'exporter',
  type: 'datadog',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema,
  // Differences of cumulative series need to see every point of a series.
  scope: 'process',
  validateConfig: (config) => [...configProblems(config), ...validateSettings(config)],
  create: (config, context) => new DatadogExporter(config, context).stage,
};

const fiveMinutesMs = 300_000;

function configProblems(config: DatadogConfig): string[] {
  const { api, traces, metrics, host_metadata: host } = config;
  const problems: string[] = [];
  if (config.only_metadata && (!host.enabled || host.hostname_source !== 'first_resource')) {
    problems.push("only_metadata can't be enabled when host_metadata::enabled = false or host_metadata::hostname_source != first_resource");
  }
  if ((api.key ?? '').trim() === '') problems.push('api.key is not set');
  if ((config.hostname ?? '') !== '' && !isHostname(config.hostname!)) {
    problems.push(`hostname field is invalid: '${config.hostname}' is not RFC1123 compliant`);
  }
  for (const section of ['metrics', 'traces', 'logs'] as const) {
    const { endpoint } = config[section];
    if (endpoint === undefined) continue;
    if (endpoint === '') problems.push('endpoint cannot be empty');
    else if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
      problems.push(`${section}::endpoint: must be a valid URL`);
  }
  for (const entry of traces.ignore_resources) {
    if (!isRegex(entry)) problems.push(`'${entry}' is not valid resource filter regular expression`);
  }
  for (const [name, newName] of Object.entries(traces.span_name_remappings)) {
    if (newName === '') problems.push(`'${newName}' is not valid value for span name remapping`);
    if (name === '') problems.push(`'${name}' is not valid key for span name remapping`);
  }
  const { mode, send_aggregation_metrics: aggregations, send_count_sum_metrics: countSum } = metrics.histograms;
  if (mode === 'nobuckets' && !aggregations && !countSum) {
    problems.push("'nobuckets' mode and `send_aggregation_metrics` set to false will send no histogram metrics");
  }
  const { cumulative_monotonic_mode: sums, initial_cumulative_monotonic_value: initial } = metrics.sums;
  if (initial !== undefined && sums !== 'to_delta') {
    problems.push(
      '"metrics::sums::initial_cumulative_monotonic_value" can only be configured when "metrics::sums::cumulative_monotonic_mode" is set to "to_delta"',
    );
  }
  if (durationMs(host.reporter_period) < fiveMinutesMs) problems.push('reporter_period must be 5 minutes or higher');
  return problems;
}

function isHostname(name: string): boolean {
  const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
  return name.length <= 255 && !/^localhost(?:\d?\.localdomain\d?)?$/i.test(name) && name.split('.').every((part) => label.test(part));
}

function isRegex(text: string): boolean {
  try {
    return new Regex(text).pattern === text;
  } catch {
    return false;
  }
}
