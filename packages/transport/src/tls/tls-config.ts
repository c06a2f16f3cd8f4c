import { cipherSuiteProblems } from './cipher-suites.ts';

/** What the checked `tls` sections of servers and clients share (configtls.Config). Empty texts count as absent. */
export interface TlsConfig {
  readonly ca_file?: string;
  readonly ca_pem?: string;
  readonly include_system_ca_certs_pool?: boolean;
  readonly cert_file?: string;
  readonly cert_pem?: string;
  readonly key_file?: string;
  readonly key_pem?: string;
  readonly min_version?: string;
  readonly max_version?: string;
  readonly cipher_suites?: readonly string[];
  readonly include_insecure_cipher_suites?: boolean;
  readonly curve_preferences?: readonly string[];
  /** A Go duration. */
  readonly reload_interval?: string;
}

/** The checked `tls` section of a client (configtls.ClientConfig). */
export interface ClientTlsConfig extends TlsConfig {
  readonly insecure: boolean;
  readonly insecure_skip_verify: boolean;
  readonly server_name_override?: string;
}

/** The checked `tls` section of a server (configtls.ServerConfig); absent, the server speaks plaintext. */
export interface ServerTlsConfig extends TlsConfig {
  readonly client_ca_file?: string;
  readonly client_ca_file_reload?: boolean;
}

const pem = (description: string): object => ({ type: 'string', 'x-secret': true, description });
const file = (description: string): object => ({ type: 'string', description });

const common = {
  ca_file: file(
    'PEM file of authorities: those that a client trusts, instead of the system’s. A server reads it, but trusts `client_ca_file`.',
  ),
  ca_pem: pem('The same as PEM text, instead of `ca_file`.'),
  include_system_ca_certs_pool: {
    type: 'boolean',
    default: false,
    description: 'Whether to trust the system’s authorities besides those that are given.',
  },
  cert_file: file('PEM file of the own certificate, followed by intermediate ones.'),
  cert_pem: pem('The same as PEM text, instead of `cert_file`.'),
  key_file: file('PEM file of the key of the own certificate.'),
  key_pem: pem('The same as PEM text, instead of `key_file`.'),
  min_version: { type: 'string', default: '1.2', description: 'Oldest version of TLS: 1.0, 1.1, 1.2 or 1.3.' },
  max_version: { type: 'string', description: 'Newest version of TLS: 1.0, 1.1, 1.2 or 1.3. Absent: the newest there is.' },
  cipher_suites: {
    type: 'array',
    items: { type: 'string' },
    description:
      'Cipher suites up to TLS 1.2 by Go’s names, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, in order of preference. Absent or empty: a safe list. Those of TLS 1.3 are always offered.',
  },
  include_insecure_cipher_suites: {
    type: 'boolean',
    default: false,
    description:
      'Whether the cipher suites that Go counts as insecure can be used: those that `cipher_suites` names, or all without such a list.',
  },
  curve_preferences: {
    type: 'array',
    items: { type: 'string' },
    description: 'Key exchanges in order of preference: X25519, P521, P256, P384, X25519MLKEM768. Absent or empty: the platform’s choice.',
  },
  reload_interval: {
    type: 'string',
    format: 'duration',
    description: 'How often the files are read again, as a duration. New connections use what changed. Absent: never.',
  },
  tpm: {
    'x-unsupported': 'keys in a trusted platform module cannot be used; give the key as a file or PEM text',
    description: 'Key in a trusted platform module.',
  },
};

/** JSON Schema of the `tls` section of every client. */
export const clientTlsSchema: object = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'How the connection is encrypted and the destination identified.',
  properties: {
    insecure: {
      type: 'boolean',
      default: false,
      description: 'Whether to send in plaintext where the endpoint does not ask for TLS and no authorities are given.',
    },
    insecure_skip_verify: { type: 'boolean', default: false, description: 'Whether to accept any certificate of the destination.' },
    server_name_override: { type: 'string', description: 'Name to ask for and to check the certificate against, instead of the host’s.' },
    ...common,
  },
};

/** JSON Schema of the `tls` section of every server. Mentioning it turns TLS on. */
export const serverTlsSchema: object = {
  type: 'object',
  additionalProperties: false,
  description: 'Speak TLS, and with `client_ca_file` only to clients that identify themselves. Absent: plaintext.',
  properties: {
    ...common,
    client_ca_file: file('PEM file of authorities. Clients must show a certificate that one of them signed.'),
    client_ca_file_reload: { type: 'boolean', default: false, description: 'Whether `client_ca_file` is read again when it changes.' },
  },
};

/** Go's names of curves, and what OpenSSL calls them. */
export const curves: Readonly<Record<string, string>> = {
  X25519MLKEM768: 'X25519MLKEM768',
  X25519: 'X25519',
  P256: 'P-256',
  P384: 'P-384',
  P521: 'P-521',
};

/** The versions of TLS by the Collector's names. */
export const tlsVersions: Readonly<Record<string, 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'>> = {
  '1.0': 'TLSv1',
  '1.1': 'TLSv1.1',
  '1.2': 'TLSv1.2',
  '1.3': 'TLSv1.3',
};

/** Whether a text is given and not empty. */
export const given = (text: string | undefined): text is string => text !== undefined && text !== '';

/** Whether authorities are given. */
export function hasAuthorities(config: TlsConfig): boolean {
  return given(config.ca_file) || given(config.ca_pem);
}

function tlsProblem(config: TlsConfig): string | undefined {
  if (given(config.ca_file) && given(config.ca_pem)) return 'provide either a CA file or the PEM-encoded string, but not both';
  if (given(config.cert_file) && given(config.cert_pem)) return 'provide either certificate file or PEM, but not both';
  if (given(config.key_file) && given(config.key_pem)) return 'provide either key file or PEM, but not both';
  const hasCertificate = given(config.cert_file) || given(config.cert_pem);
  const hasKey = given(config.key_file) || given(config.key_pem);
  if (hasCertificate !== hasKey) return 'TLS configuration must include both certificate and key (CertFile/CertPem and KeyFile/KeyPem)';
  const min = config.min_version || '1.2';
  if (!Object.hasOwn(tlsVersions, min)) return `invalid TLS min_version: unsupported TLS version: ${JSON.stringify(min)}`;
  const max = config.max_version || undefined;
  if (max === undefined) return undefined;
  if (!Object.hasOwn(tlsVersions, max)) return `invalid TLS max_version: unsupported TLS version: ${JSON.stringify(max)}`;
  return max < min ? 'invalid TLS configuration: min_version cannot be greater than max_version' : undefined;
}

function listProblems(config: TlsConfig): string[] {
  const known = Object.keys(curves);
  const unknown = (config.curve_preferences ?? []).filter((name) => !known.includes(name));
  return [
    ...cipherSuiteProblems(config.cipher_suites ?? [], config.include_insecure_cipher_suites === true),
    ...unknown.map((name) => `invalid curve type: ${name}. Expected values are [${known.join(' ')}]`),
  ];
}

/** What is wrong with a client's `tls` section, each as `path: message`; for `validateConfig`. */
export function clientTlsProblems(config: ClientTlsConfig, path = 'tls'): string[] {
  const problem = tlsProblem(config);
  return [...(problem === undefined ? [] : [problem]), ...listProblems(config)].map((text) => `${path}: ${text}`);
}

/** What is wrong with a server's `tls` section, each as `path: message`; for `validateConfig`. Absent, nothing is. */
export function serverTlsProblems(config: ServerTlsConfig | undefined, path = 'tls'): string[] {
  if (config === undefined) return [];
  const missing = !given(config.cert_file) && !given(config.cert_pem) && !given(config.key_file) && !given(config.key_pem);
  const problem = missing ? 'TLS configuration must include both certificate and key for server connections' : tlsProblem(config);
  return [...(problem === undefined ? [] : [problem]), ...listProblems(config)].map((text) => `${path}: ${text}`);
}
