import { type ClientTlsConfig, clientTlsSchema } from '@millrace/transport';

/** The checked configuration of extension `oauth2client`. Times are Go durations. */
export interface OAuth2ClientConfig {
  readonly client_id?: string;
  readonly client_id_file?: string;
  readonly client_secret?: string;
  readonly client_secret_file?: string;
  readonly token_url?: string;
  readonly grant_type: 'client_credentials' | 'jwt-bearer' | 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  readonly client_certificate_key?: string;
  readonly client_certificate_key_file?: string;
  readonly client_certificate_key_id?: string;
  readonly signature_algorithm: 'RS256' | 'RS384' | 'RS512';
  readonly iss?: string;
  readonly audience?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly scopes?: readonly string[];
  readonly endpoint_params?: Readonly<Record<string, readonly string[]>>;
  readonly expiry_buffer: string;
  readonly timeout: string;
  readonly tls: ClientTlsConfig;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    client_id: { type: 'string', description: 'Name of this client at the authorization server.' },
    client_id_file: { type: 'string', description: 'File that holds it, in place of `client_id`. Read for every token.' },
    client_secret: { type: 'string', 'x-secret': true, description: 'Secret of this client.' },
    client_secret_file: { type: 'string', description: 'File that holds it, in place of `client_secret`. Read for every token.' },
    token_url: { type: 'string', description: 'URL that tokens are fetched from.' },
    scopes: { type: 'array', items: { type: 'string' }, description: 'Permissions to ask for.' },
    endpoint_params: {
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'string' } },
      'x-secret': true,
      description: 'Further parameters of the request for a token, such as `audience`; each name with a list of values.',
    },
    expiry_buffer: {
      type: 'string',
      format: 'duration',
      default: '5m',
      description: 'How long before its end a token is replaced, as a duration; but never before half of its time.',
    },
    timeout: { type: 'string', format: 'duration', default: '0s', description: 'How long fetching a token may take. 0s means no limit.' },
    tls: clientTlsSchema,
    grant_type: {
      enum: ['client_credentials', 'jwt-bearer', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
      default: 'client_credentials',
      description: 'How tokens are asked for: with the secret, or with a JSON Web Token that the client signs (RFC 7523, section 2.1).',
    },
    client_certificate_key: { type: 'string', 'x-secret': true, description: 'RSA key in PEM that signs, for jwt-bearer.' },
    client_certificate_key_file: {
      type: 'string',
      description: 'File that holds it, in place of `client_certificate_key`. Read for every token.',
    },
    client_certificate_key_id: { type: 'string', description: 'Id of the key, sent as `kid`.' },
    signature_algorithm: { enum: ['RS256', 'RS384', 'RS512'], default: 'RS256', description: 'How the client signs.' },
    iss: { type: 'string', description: 'Issuer that the client names; absent, its `client_id`.' },
    audience: { type: 'string', description: 'Audience that the client names; absent, the `token_url`.' },
    claims: { type: 'object', additionalProperties: true, description: 'Further claims that the client makes.' },
  },
};
