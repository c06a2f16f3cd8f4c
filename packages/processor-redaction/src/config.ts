/** The parts of telemetry that detectors look at. */
export const areas = [
  'resource',
  'scope',
  'names',
  'attributes',
  'status',
  'trace_state',
  'events',
  'links',
  'body',
  'exemplars',
  'metadata',
] as const;
export type Area = (typeof areas)[number];

export const detectorNames = [
  'all',
  'email',
  'credit_card',
  'ssn',
  'phone',
  'ip',
  'iban',
  'api_key',
  'jwt',
  'private_key',
  'aws_key',
  'credentials',
] as const;

export const actions = ['mask', 'hash', 'partial', 'remove'] as const;
/** What is done with what was found. */
export type Action = (typeof actions)[number];

interface SanitizerConfig {
  readonly enabled: boolean;
  readonly attributes: readonly string[];
}

/** The checked configuration of processor `redaction`. */
export interface RedactionConfig {
  readonly allow_all_keys: boolean;
  readonly allowed_keys: readonly string[];
  readonly blocked_key_patterns: readonly string[];
  readonly hash_function: '' | 'sha1' | 'sha3' | 'md5' | 'hmac-sha256' | 'hmac-sha512';
  readonly hmac_key: string;
  readonly ignored_keys: readonly string[];
  readonly ignored_key_patterns: readonly string[];
  readonly redact_all_types: boolean;
  readonly blocked_values: readonly string[];
  readonly allowed_values: readonly string[];
  readonly summary: string;
  readonly url_sanitizer: SanitizerConfig & { readonly sanitize_span_name: boolean };
  readonly db_sanitizer: {
    readonly sql: SanitizerConfig;
    readonly redis: SanitizerConfig;
    readonly valkey: SanitizerConfig;
    readonly memcached: SanitizerConfig;
    readonly mongo: SanitizerConfig;
    readonly opensearch: SanitizerConfig;
    readonly es: SanitizerConfig;
    readonly sanitize_span_name: boolean;
  };
  readonly detectors: readonly (typeof detectorNames)[number][];
  readonly secret_keys?: boolean | undefined;
  readonly action: Action;
  readonly actions: Readonly<Record<string, Action>>;
  readonly allowed_matches: readonly string[];
  readonly content: 'keep' | 'redact' | 'drop';
  readonly fields: { readonly traces: readonly Area[]; readonly metrics: readonly Area[]; readonly logs: readonly Area[] };
  readonly dry_run: boolean;
}

const texts = (description: string): object => ({ type: 'array', items: { type: 'string' }, default: [], description });

const database = (name: string): object => ({
  type: 'object',
  additionalProperties: false,
  default: {},
  description: `${name} commands.`,
  properties: {
    enabled: {
      type: 'boolean',
      default: false,
      description: `Whether literals are taken out of ${name} commands, in log bodies and span names.`,
    },
    attributes: texts(`Attributes that hold ${name} commands; on spans and metrics only where db.system.name or db.system says so.`),
  },
});

const fieldsOf = (signal: string): object => ({
  type: 'array',
  items: { type: 'string', enum: areas },
  default: areas,
  description: `Parts of ${signal} that detectors and secret keys apply to.`,
});

const action = { type: 'string', enum: actions } as const;

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    allow_all_keys: {
      type: 'boolean',
      default: false,
      description:
        'Whether all attributes stay. Otherwise those are removed whose keys are not in allowed_keys. With detectors and no allowed_keys it is true.',
    },
    allowed_keys: texts('Keys of the attributes that stay. None: all attributes are removed, unless allow_all_keys is true.'),
    blocked_key_patterns: texts('Regular expressions; the values of attributes whose key matches one are masked.'),
    hash_function: {
      type: 'string',
      enum: ['', 'sha1', 'sha3', 'md5', 'hmac-sha256', 'hmac-sha512'],
      'x-enum-insensitive': true,
      default: '',
      description: 'Hash that takes the place of what blocked_values and blocked_key_patterns match, instead of ****.',
    },
    hmac_key: {
      type: 'string',
      'x-secret': true,
      default: '',
      description: 'Key of hmac-sha256 (at least 32 bytes), of hmac-sha512 (at least 64 bytes), and of action hash.',
    },
    ignored_keys: texts('Keys of attributes that are left as they are.'),
    ignored_key_patterns: texts('Regular expressions; attributes whose key matches one are left as they are.'),
    redact_all_types: {
      type: 'boolean',
      default: false,
      description: 'Whether numbers, booleans, lists and maps are looked at, too, as text.',
    },
    blocked_values: texts('Regular expressions; what they match in values of attributes and log bodies is masked.'),
    allowed_values: texts('Regular expressions; values that match one are not masked.'),
    summary: {
      type: 'string',
      default: '',
      description: 'Attributes that tell what was done: info adds counts, debug counts and keys, anything else nothing.',
    },
    url_sanitizer: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Replaces identifiers in paths of URLs by * and cuts off queries.',
      properties: {
        enabled: { type: 'boolean', default: false, description: 'Whether URLs are sanitized, in the attributes given and in log bodies.' },
        attributes: texts('Keys of attributes that hold URLs.'),
        sanitize_span_name: {
          type: 'boolean',
          default: true,
          description: 'Whether names of client and server spans that hold paths are sanitized, too.',
        },
      },
    },
    db_sanitizer: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Takes literals and arguments out of database commands.',
      properties: {
        sql: database('SQL'),
        redis: database('Redis'),
        valkey: database('Valkey'),
        memcached: database('Memcached'),
        mongo: database('MongoDB'),
        opensearch: database('OpenSearch'),
        es: database('Elasticsearch'),
        sanitize_span_name: {
          type: 'boolean',
          default: true,
          description: 'Whether names of spans of such a database are sanitized, too.',
        },
      },
    },
    detectors: {
      type: 'array',
      items: { type: 'string', enum: detectorNames },
      default: [],
      description: 'What is looked for in every text of the telemetry; all is every one.',
    },
    secret_keys: {
      type: 'boolean',
      description:
        'Whether values are redacted whose key says that they are secret, such as api_key, password and email. On when there are detectors.',
    },
    action: {
      ...action,
      default: 'mask',
      description:
        'What is done with what detectors find and with values under secret keys: mask (****), hash (keyed), partial (the end stays) or remove.',
    },
    actions: {
      type: 'object',
      additionalProperties: action,
      default: {},
      description: 'The action of single detectors, by name, and of secret_keys.',
    },
    allowed_matches: texts('Regular expressions; what a detector finds stays when one matches all of it.'),
    content: {
      type: 'string',
      enum: ['keep', 'redact', 'drop'],
      default: 'keep',
      description: 'What is done with prompts, responses and other content of AI requests: keep, redact (****) or drop.',
    },
    fields: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description:
        'Where detectors and secret keys apply, by signal. Blocked and allowed keys and values apply to the attributes of resources, scopes, items and events, and to log bodies.',
      properties: { traces: fieldsOf('traces'), metrics: fieldsOf('metrics'), logs: fieldsOf('logs') },
    },
    dry_run: {
      type: 'boolean',
      default: false,
      description:
        'Whether nothing is changed: findings are counted, and spans, log records, resources and scopes with some get the attribute redaction.found.',
    },
  },
} as const;
