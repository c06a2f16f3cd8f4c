import type { RelabelConfig } from './relabel.ts';

/** How a server is reached: the part of Prometheus' HTTP client settings that is honoured. */
export interface ClientConfig {
  readonly basic_auth?: {
    readonly username: string;
    readonly username_file: string;
    readonly password: string;
    readonly password_file: string;
  };
  readonly authorization?: { readonly type: string; readonly credentials: string; readonly credentials_file: string };
  readonly bearer_token: string;
  readonly bearer_token_file: string;
  readonly tls_config?: TlsConfig;
  readonly follow_redirects: boolean;
  readonly http_headers: Readonly<Record<string, { readonly values: readonly string[]; readonly secrets: readonly string[] }>>;
}

/** Certificates, in Prometheus' words. */
export interface TlsConfig {
  readonly ca: string;
  readonly ca_file: string;
  readonly cert: string;
  readonly cert_file: string;
  readonly key: string;
  readonly key_file: string;
  readonly server_name: string;
  readonly insecure_skip_verify: boolean;
  readonly min_version: string;
  readonly max_version: string;
}

/** Targets that share labels. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** One entry of `scrape_configs`. What the global section can set is absent until `scrapeConfigs` fills it in. */
export interface ScrapeConfig extends ClientConfig {
  readonly job_name: string;
  readonly honor_labels: boolean;
  readonly honor_timestamps: boolean;
  readonly track_timestamps_staleness: boolean;
  readonly scrape_interval?: string;
  readonly scrape_timeout?: string;
  readonly scrape_protocols?: readonly string[];
  readonly fallback_scrape_protocol: string;
  readonly metrics_path: string;
  readonly scheme: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly enable_compression: boolean;
  readonly always_scrape_classic_histograms?: boolean;
  readonly body_size_limit?: string;
  readonly sample_limit?: number;
  readonly label_limit?: number;
  readonly label_name_length_limit?: number;
  readonly label_value_length_limit?: number;
  readonly target_limit?: number;
  readonly static_configs: readonly TargetGroup[];
  readonly file_sd_configs: readonly { readonly files: readonly string[]; readonly refresh_interval: string }[];
  readonly http_sd_configs: readonly (ClientConfig & { readonly url: string; readonly refresh_interval: string })[];
  readonly dns_sd_configs: readonly {
    readonly names: readonly string[];
    readonly type: string;
    readonly port?: number;
    readonly refresh_interval: string;
  }[];
  readonly relabel_configs: readonly RelabelConfig[];
  readonly metric_relabel_configs: readonly RelabelConfig[];
}

/** Settings of `global` that scrape configurations inherit. */
export type GlobalConfig = Pick<
  ScrapeConfig,
  | 'scrape_protocols'
  | 'always_scrape_classic_histograms'
  | 'body_size_limit'
  | 'sample_limit'
  | 'label_limit'
  | 'label_name_length_limit'
  | 'label_value_length_limit'
  | 'target_limit'
> & { readonly scrape_interval: string; readonly scrape_timeout: string; readonly external_labels: Readonly<Record<string, string>> };

/** The checked configuration of receiver `prometheus`. */
export interface PrometheusReceiverConfig {
  readonly config: { readonly global: GlobalConfig; readonly scrape_configs: readonly ScrapeConfig[] };
  readonly trim_metric_suffixes: boolean;
  readonly report_extra_scrape_metrics: boolean;
}

const text = (description: string, value = ''): object => ({ type: 'string', default: value, description });
const secret = (description: string): object => ({ type: 'string', default: '', 'x-secret': true, description });
const flag = (description: string, value: boolean): object => ({ type: 'boolean', default: value, description });
const limit = (description: string): object => ({ type: 'integer', minimum: 0, description: `${description} 0 or none: no limit.` });
const texts = (description: string): object => ({ type: 'array', items: { type: 'string' }, default: [], description });
const labels = (description: string): object => ({ type: 'object', additionalProperties: { type: 'string' }, default: {}, description });
const object = (description: string, properties: object, more: object = {}): object => ({
  type: 'object',
  additionalProperties: false,
  description,
  properties,
  ...more,
});
const list = (description: string, properties: object): object => ({
  type: 'array',
  default: [],
  description,
  items: { type: 'object', additionalProperties: false, properties },
});

const tlsConfig = object('Certificates.', {
  ca: text('Authorities to trust, as PEM text.'),
  ca_file: text('PEM file of the authorities to trust.'),
  cert: text("The client's certificate, as PEM text."),
  cert_file: text("PEM file of the client's certificate."),
  key: secret("The client's key, as PEM text."),
  key_file: text("PEM file of the client's key."),
  server_name: text('Name to ask for and to check the certificate against.'),
  insecure_skip_verify: flag('Accept any certificate.', false),
  min_version: text('Oldest version: TLS10, TLS11, TLS12 or TLS13.'),
  max_version: text('Newest version: TLS10, TLS11, TLS12 or TLS13.'),
});

const client = {
  basic_auth: object('User name and password to send.', {
    username: text('The user.'),
    username_file: text('File that holds the user.'),
    password: secret('The password.'),
    password_file: text('File that holds the password.'),
  }),
  authorization: object('The Authorization header to send.', {
    type: text('Its first word.', 'Bearer'),
    credentials: secret('What follows.'),
    credentials_file: text('File that holds what follows.'),
  }),
  bearer_token: secret('Older form of authorization.credentials.'),
  bearer_token_file: text('Older form of authorization.credentials_file.'),
  tls_config: tlsConfig,
  follow_redirects: flag('Follow redirects, ten at most.', true),
  http_headers: {
    type: 'object',
    default: {},
    description: 'Further headers to send, by name.',
    additionalProperties: {
      type: 'object',
      additionalProperties: false,
      properties: {
        values: texts('Values.'),
        secrets: { type: 'array', items: { type: 'string', 'x-secret': true }, default: [], description: 'Values that are never printed.' },
      },
    },
  },
  enable_http2: flag('Accepted; requests are sent over HTTP/1.1.', true),
  oauth2: { 'x-unsupported': 'fetch a token in another way and give it as authorization.credentials_file' },
  proxy_url: { 'x-unsupported': 'scrape without a proxy' },
  proxy_from_environment: { 'x-unsupported': 'scrape without a proxy' },
  no_proxy: { 'x-unsupported': 'scrape without a proxy' },
  proxy_connect_header: { 'x-unsupported': 'scrape without a proxy' },
};

const inherited = {
  scrape_protocols: {
    type: 'array',
    items: { type: 'string' },
    description:
      'Formats to ask for, best first: PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0, PrometheusText0.0.4.',
  },
  always_scrape_classic_histograms: { type: 'boolean', description: 'Take the classic buckets too where a histogram has native ones.' },
  body_size_limit: {
    type: 'string',
    description: 'Largest answer after decompression, such as 10MB; 0 or none: no limit. A larger one fails the scrape.',
  },
  sample_limit: limit('Most samples after metric_relabel_configs; more fail the scrape.'),
  label_limit: limit('Most labels of a sample; more fail the scrape.'),
  label_name_length_limit: limit('Longest label name in bytes; a longer one fails the scrape.'),
  label_value_length_limit: limit('Longest label value in bytes; a longer one fails the scrape.'),
  target_limit: limit('Most targets of the job; more fail all of them.'),
  metric_name_validation_scheme: { 'x-unsupported': 'names are taken as they are scraped' },
  metric_name_escaping_scheme: { 'x-unsupported': 'names are taken as they are scraped' },
  keep_dropped_targets: { type: 'integer', description: 'Accepted; dropped targets are not kept.' },
  convert_classic_histograms_to_nhcb: { 'x-unsupported': 'classic histograms stay classic' },
  scrape_native_histograms: { type: 'boolean', description: 'Accepted; native histograms come with the format PrometheusProto.' },
};

const relabelConfigs = (description: string): object =>
  list(description, {
    source_labels: texts('Labels whose values are joined and matched.'),
    separator: text('What the values are joined with.', ';'),
    regex: text('RE2 expression that the joined values must match as a whole.', '(.*)'),
    modulus: { type: 'integer', minimum: 0, default: 0, description: 'Of action hashmod: the number of buckets.' },
    target_label: text('Label that gets the result.'),
    replacement: text('What the label gets, with references such as $1 to the groups of regex.', '$1'),
    action: {
      type: 'string',
      'x-enum-insensitive': true,
      enum: [
        'replace',
        'keep',
        'drop',
        'hashmod',
        'labelmap',
        'labeldrop',
        'labelkeep',
        'lowercase',
        'uppercase',
        'keepequal',
        'dropequal',
      ],
      default: 'replace',
      description: 'What to do.',
    },
  });

const otherDiscoveries =
  'azure consul digitalocean docker dockerswarm ec2 eureka gce hetzner ionos kuma lightsail linode marathon nerve nomad openstack ovhcloud puppetdb scaleway serverset stackit triton uyuni vultr';
const unsupportedDiscoveries = Object.fromEntries(
  ['kubernetes', ...otherDiscoveries.split(' ')].map((name) => [
    `${name}_sd_configs`,
    { 'x-unsupported': 'let another program find the targets, and read them through file_sd_configs or http_sd_configs' },
  ]),
);

const scrapeConfig = {
  job_name: text('Name of the job; becomes the label job and service.name. Required.'),
  honor_labels: flag('Keep scraped labels where they meet those of the target; otherwise they become exported_NAME.', false),
  honor_timestamps: flag('Take the times of samples that have one.', true),
  track_timestamps_staleness: flag('Mark series with times of their own as stale too when they are gone.', false),
  scrape_interval: { type: 'string', description: 'Duration between scrapes; default that of global.' },
  scrape_timeout: { type: 'string', description: 'Duration after which a scrape has failed; default that of global.' },
  ...inherited,
  fallback_scrape_protocol: text('Format of answers whose Content-Type is none; empty: they fail the scrape.'),
  metrics_path: text('Path to ask for.', '/metrics'),
  scheme: text('http or https.', 'http'),
  params: {
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'string' } },
    default: {},
    description: 'Query parameters to send.',
  },
  enable_compression: flag('Ask for gzip.', true),
  ...client,
  static_configs: list('Targets that are given.', { targets: texts('host:port of each.'), labels: labels('Labels of all of them.') }),
  file_sd_configs: list('Targets in files, which are read again when they change.', {
    files: texts('Paths of JSON or YAML files; the last part may have *.'),
    refresh_interval: text('Duration after which the files are read again at the latest.', '5m'),
  }),
  http_sd_configs: list('Targets that an HTTP server lists as JSON.', {
    url: text('Where to ask.'),
    refresh_interval: text('Duration between two requests.', '60s'),
    ...client,
  }),
  dns_sd_configs: list('Targets that the DNS knows.', {
    names: texts('Names to look up.'),
    type: { type: 'string', enum: ['SRV', 'A', 'AAAA', 'MX', 'NS'], default: 'SRV', description: 'Kind of record.' },
    port: { type: 'integer', minimum: 0, maximum: 65_535, description: 'Port of the targets, for all kinds but SRV.' },
    refresh_interval: text('Duration between two look-ups.', '30s'),
  }),
  ...unsupportedDiscoveries,
  relabel_configs: relabelConfigs('Rules that change the labels of targets before they are scraped.'),
  metric_relabel_configs: relabelConfigs('Rules that change the labels of samples.'),
};

const notOfScraping = 'belongs to a Prometheus server';

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    config: object(
      'What to scrape, as in the configuration of Prometheus. A $ is written $$.',
      {
        global: object(
          'Defaults of all jobs.',
          {
            scrape_interval: text('Duration between scrapes.', '1m'),
            scrape_timeout: text('Duration after which a scrape has failed.', '10s'),
            evaluation_interval: { type: 'string', description: 'Accepted; there are no rules to evaluate.' },
            external_labels: labels('Labels that every sample gets unless it has them.'),
            ...inherited,
          },
          { default: {} },
        ),
        scrape_configs: list('The jobs.', scrapeConfig),
        scrape_config_files: { 'x-unsupported': 'list the jobs in scrape_configs, or write scrape_configs: ${file:jobs.yaml}' },
        rule_files: { description: `Refused: ${notOfScraping}.` },
        alerting: { description: `Refused: ${notOfScraping}.` },
        remote_write: { description: `Refused: ${notOfScraping}.` },
        remote_read: { description: `Refused: ${notOfScraping}.` },
      },
      { default: {} },
    ),
    trim_metric_suffixes: flag('Take units and types off the ends of metric names.', false),
    report_extra_scrape_metrics: flag('Report timeout, sample limit and size of each scrape too.', false),
    target_allocator: { 'x-unsupported': 'give each instance its targets through file_sd_configs or http_sd_configs' },
    api_server: { 'x-unsupported': 'see the own metrics and logs' },
  },
};
