import type { ExtensionFactory } from '@millrace/api';
import { clientTlsProblems } from '@millrace/transport';
import { configSchema, type OAuth2ClientConfig } from './config.ts';
import { OAuth2Client } from './oauth2-client.ts';

function validateConfig(config: OAuth2ClientConfig): string[] {
  const given = (...texts: (string | undefined)[]): boolean => texts.some((text) => text !== undefined && text !== '');
  if (!given(config.client_id, config.client_id_file)) return ['no ClientID provided in the OAuth2 exporter configuration'];
  const signs = config.grant_type !== 'client_credentials';
  if (signs && !given(config.client_certificate_key, config.client_certificate_key_file)) {
    return ['no ClientCertificateKey provided in the OAuth2 exporter configuration'];
  }
  if (!signs && !given(config.client_secret, config.client_secret_file)) {
    return ['no ClientSecret provided in OAuth Client Credentials configuration'];
  }
  if (!given(config.token_url)) return ['no TokenURL provided in OAuth Client Credentials configuration'];
  const legal = URL.canParse(config.token_url!) && /^https?:$/.test(new URL(config.token_url!).protocol);
  return [...(legal ? [] : ['token_url: must be a valid URL']), ...clientTlsProblems(config.tls)];
}

/** Extension `oauth2client`: tokens of an OAuth 2.0 server by client credentials or signed assertions, for clients. */
export const factory: ExtensionFactory<OAuth2ClientConfig> = {
  kind: 'extension',
  type: 'oauth2client',
  stability: 'beta',
  configSchema,
  validateConfig,
  create: (config, context) => new OAuth2Client(config, context),
};
