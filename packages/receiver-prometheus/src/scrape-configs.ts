import type { PrometheusReceiverConfig, ScrapeConfig } from './config.ts';
import { prometheusDurationMs, prometheusSizeBytes } from './prometheus-duration.ts';
import { relabelProblem } from './relabel.ts';

/** Formats that can be asked for, with what they are called in an `Accept` header. */
export const scrapeProtocols: Readonly<Record<string, string>> = {
  PrometheusProto: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0;escaping=allow-utf-8',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
};

const defaultProtocols = ['OpenMetricsText1.0.0', 'OpenMetricsText0.0.1', 'PrometheusText1.0.0', 'PrometheusText0.0.4'];

/** A job with what it inherits from the global section. */
export type FilledScrapeConfig = ScrapeConfig &
  Required<
    Pick<
      ScrapeConfig,
      | 'scrape_interval'
      | 'scrape_timeout'
      | 'scrape_protocols'
      | 'always_scrape_classic_histograms'
      | 'sample_limit'
      | 'label_limit'
      | 'label_name_length_limit'
      | 'label_value_length_limit'
      | 'target_limit'
    >
  > & { readonly bodySizeLimitBytes: number; readonly externalLabels: Readonly<Record<string, string>> };

/** All jobs with what they inherit. */
export function scrapeConfigs({ config }: PrometheusReceiverConfig): FilledScrapeConfig[] {
  const { global } = config;
  return config.scrape_configs.map((job): FilledScrapeConfig => {
    const interval = job.scrape_interval ?? global.scrape_interval;
    const globalTimeout =
      (prometheusDurationMs(global.scrape_timeout) ?? 0) > (prometheusDurationMs(interval) ?? 0) ? interval : global.scrape_timeout;
    return {
      ...job,
      scrape_interval: interval,
      scrape_timeout: job.scrape_timeout ?? globalTimeout,
      scrape_protocols: job.scrape_protocols ?? global.scrape_protocols ?? defaultProtocols,
      always_scrape_classic_histograms: job.always_scrape_classic_histograms ?? global.always_scrape_classic_histograms ?? false,
      sample_limit: job.sample_limit ?? global.sample_limit ?? 0,
      label_limit: job.label_limit ?? global.label_limit ?? 0,
      label_name_length_limit: job.label_name_length_limit ?? global.label_name_length_limit ?? 0,
      label_value_length_limit: job.label_value_length_limit ?? global.label_value_length_limit ?? 0,
      target_limit: job.target_limit ?? global.target_limit ?? 0,
      bodySizeLimitBytes: prometheusSizeBytes(job.body_size_limit ?? global.body_size_limit ?? '0') ?? 0,
      externalLabels: global.external_labels,
    };
  });
}

/** What is wrong with the configuration beyond its schema, as `path: message`. */
export function configProblems({ config }: PrometheusReceiverConfig): string[] {
  const problems: string[] = [];
  for (const key of ['rule_files', 'alerting', 'remote_write', 'remote_read'] as const) {
    if ((config as unknown as Record<string, unknown>)[key] !== undefined) problems.push(`config::${key}: unsupported features: ${key}`);
  }
  if (config.scrape_configs.length === 0) problems.push('no Prometheus scrape_configs or target_allocator set');
  const duration = (path: string, text: string | undefined): void => {
    if (text !== undefined && prometheusDurationMs(text) === undefined)
      problems.push(`${path}: not a valid duration string: ${JSON.stringify(text)}`);
  };
  duration('config::global::scrape_interval', config.global.scrape_interval);
  duration('config::global::scrape_timeout', config.global.scrape_timeout);
  const names = new Set<string>();
  for (const [index, job] of config.scrape_configs.entries()) {
    const path = `config::scrape_configs::${index}`;
    for (const problem of jobProblems(job, config.global.scrape_interval)) problems.push(`${path}${problem}`);
    if (names.has(job.job_name))
      problems.push(`${path}::job_name: found multiple scrape configs with job name ${JSON.stringify(job.job_name)}`);
    names.add(job.job_name);
  }
  return problems;
}

/** Problems of one job, each with the path below it. */
function jobProblems(job: ScrapeConfig, globalInterval: string): string[] {
  const problems: string[] = [];
  if (job.job_name === '') problems.push('::job_name: job_name is empty');
  for (const key of ['scrape_interval', 'scrape_timeout'] as const) {
    const text = job[key];
    if (text !== undefined && prometheusDurationMs(text) === undefined)
      problems.push(`::${key}: not a valid duration string: ${JSON.stringify(text)}`);
  }
  const intervalMs = prometheusDurationMs(job.scrape_interval ?? globalInterval) ?? 0;
  const timeoutMs = prometheusDurationMs(job.scrape_timeout ?? '0') ?? 0;
  if (timeoutMs > intervalMs) problems.push('::scrape_timeout: scrape timeout greater than scrape interval for scrape config');
  if (job.scheme !== 'http' && job.scheme !== 'https') problems.push(`::scheme: ${JSON.stringify(job.scheme)} is neither http nor https`);
  if (job.body_size_limit !== undefined && prometheusSizeBytes(job.body_size_limit) === undefined) {
    problems.push(`::body_size_limit: not a valid size: ${JSON.stringify(job.body_size_limit)}`);
  }
  for (const protocol of [
    ...(job.scrape_protocols ?? []),
    ...(job.fallback_scrape_protocol === '' ? [] : [job.fallback_scrape_protocol]),
  ]) {
    if (!Object.hasOwn(scrapeProtocols, protocol)) problems.push(`::scrape_protocols: unknown scrape protocol ${JSON.stringify(protocol)}`);
  }
  for (const key of ['relabel_configs', 'metric_relabel_configs'] as const) {
    for (const [index, rule] of job[key].entries()) {
      const problem = relabelProblem(rule);
      if (problem !== undefined) problems.push(`::${key}::${index}: ${problem}`);
    }
  }
  for (const [index, { names, type, port }] of job.dns_sd_configs.entries()) {
    if (names.length === 0) problems.push(`::dns_sd_configs::${index}: DNS-SD config must contain at least one SRV record name`);
    if (type !== 'SRV' && port === undefined)
      problems.push(`::dns_sd_configs::${index}: a port is required in DNS-SD configs for all record types except SRV`);
  }
  for (const [index, { files }] of job.file_sd_configs.entries()) {
    if (files.length === 0) problems.push(`::file_sd_configs::${index}: file service discovery config must contain at least one path name`);
    for (const file of files)
      if (!/\.(json|yml|yaml)$/.test(file))
        problems.push(`::file_sd_configs::${index}: path name ${JSON.stringify(file)} is not valid for file discovery`);
  }
  for (const [index, { url }] of job.http_sd_configs.entries()) {
    if (!URL.canParse(url) || !/^https?:/.test(url))
      problems.push(`::http_sd_configs::${index}: URL must use http or https and have a host`);
  }
  return problems;
}
