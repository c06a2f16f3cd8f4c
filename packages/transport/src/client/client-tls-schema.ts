import type { ClientTlsOptions } from './client-tls.ts';

/** The checked `tls` section of a client (configtls.ClientConfig). */
export interface ClientTlsConfig {
  readonly insecure: boolean;
  readonly insecure_skip_verify: boolean;
  readonly ca_file?: string;
  readonly server_name_override?: string;
}

const later = 'is not available yet; terminate TLS in a proxy beside the program where you need it';

const unavailable = (type: string, description: string): object => ({ type, description, 'x-unsupported': later });

/** JSON Schema of the `tls` section of a client. */
export const clientTlsSchema: object = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'How the connection is encrypted and the destination identified.',
  properties: {
    insecure: { type: 'boolean', default: false, description: 'Whether to send in plaintext where the endpoint does not ask for TLS.' },
    insecure_skip_verify: { type: 'boolean', default: false, description: 'Whether to accept any certificate of the destination.' },
    ca_file: { type: 'string', description: 'PEM file of the authorities to trust instead of the system’s.' },
    server_name_override: { type: 'string', description: 'Name to ask for and to check the certificate against, instead of the host’s.' },
    ca_pem: unavailable('string', 'Authorities to trust, as PEM text.'),
    cert_file: unavailable('string', 'PEM file of the client’s certificate.'),
    cert_pem: unavailable('string', 'The client’s certificate, as PEM text.'),
    key_file: unavailable('string', 'PEM file of the client’s key.'),
    key_pem: { ...unavailable('string', 'The client’s key, as PEM text.'), 'x-secret': true },
    include_system_ca_certs_pool: {
      ...unavailable('boolean', 'Whether to trust the system’s authorities besides those of `ca_file`.'),
      default: false,
    },
    min_version: { ...unavailable('string', 'Oldest version of TLS.'), default: '1.2' },
    max_version: unavailable('string', 'Newest version of TLS.'),
    cipher_suites: unavailable('array', 'Names of the cipher suites to offer.'),
    curve_preferences: unavailable('array', 'Names of the curves to offer.'),
    reload_interval: unavailable('string', 'How often the files are read again, as a duration.'),
  },
};

/** What a client is made with. */
export function clientTlsOptions(config: ClientTlsConfig): ClientTlsOptions {
  return {
    insecureSkipVerify: config.insecure_skip_verify,
    ...(config.ca_file === undefined ? {} : { caFile: config.ca_file }),
    ...(config.server_name_override === undefined ? {} : { serverNameOverride: config.server_name_override }),
  };
}
