import { scrapers } from './scrapers.ts';
import type { ScraperName } from './scrapers.ts';
import type { MetricDefinition, ScraperConfig, ScraperType } from './scraper.ts';

/** The checked configuration of receiver `host_metrics`. */
export interface HostMetricsConfig {
  readonly collection_interval: string;
  readonly initial_delay: string;
  /** 0: no limit. */
  readonly timeout: string;
  /** '' for this machine's own root. */
  readonly root_path: string;
  /** 0: once. */
  readonly metadata_collection_interval: string;
  readonly scrapers: { readonly [name in ScraperName]?: ScraperConfig };
}

function metricSchema({ enabled, type, description, attributes }: MetricDefinition): object {
  const aggregated = {
    attributes: {
      type: 'array',
      items: { type: 'string', enum: attributes },
      default: attributes,
      description: 'Attributes that the points keep; points that agree in them become one.',
    },
    aggregation_strategy: {
      type: 'string',
      enum: ['sum', 'avg', 'min', 'max'],
      default: type === 'gauge' ? 'avg' : 'sum',
      description: 'How points become one when attributes are left out.',
    },
  };
  return {
    type: 'object',
    additionalProperties: false,
    default: {},
    description,
    properties: {
      enabled: { type: 'boolean', default: enabled, description: 'Whether the metric is sent.' },
      ...(attributes.length > 0 && aggregated),
    },
  };
}

function scraperSchema(name: string, { metrics, settings }: ScraperType<never>): object {
  return {
    type: 'object',
    additionalProperties: false,
    'x-null-enables': true,
    description: `Turns on the scraper \`${name}\`; see its metrics.`,
    properties: {
      metrics: {
        type: 'object',
        additionalProperties: false,
        default: {},
        description: 'Settings of the metrics by name.',
        properties: Object.fromEntries(Object.entries(metrics).map(([metric, definition]) => [metric, metricSchema(definition)])),
      },
      ...settings,
    },
  };
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    collection_interval: { type: 'string', format: 'duration', default: '1m', description: 'Duration between two collections.' },
    initial_delay: { type: 'string', format: 'duration', default: '1s', description: 'Duration from the start to the first collection.' },
    timeout: {
      type: 'string',
      format: 'duration',
      default: '0s',
      description: 'Longest duration of one collection; what is not measured by then is left out. 0 for no limit.',
    },
    root_path: {
      type: 'string',
      default: '',
      description: "Where the host's root directory is seen, such as /hostfs in a container. Empty: this machine's own.",
    },
    metadata_collection_interval: {
      type: 'string',
      format: 'duration',
      default: '5m',
      description: 'Duration between two entity events of the host in pipelines of logs. 0 sends one at the start only.',
    },
    scrapers: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'What is measured: one key for each scraper. Required.',
      properties: {
        ...Object.fromEntries(Object.entries(scrapers).map(([name, scraper]) => [name, scraperSchema(name, scraper)])),
        nfs: { 'x-unsupported': 'NFS statistics are not measured; scrape node_exporter with receiver prometheus' },
      },
    },
  },
};
