import type { ExtensionFactory } from '@millrace/api';
import { BearerTokenAuth } from './bearer-token-auth.ts';
import { type BearerTokenAuthConfig, configSchema } from './config.ts';

function validateConfig({ token = '', tokens = [], filename = '' }: BearerTokenAuthConfig): string[] {
  if (token === '' && tokens.length === 0 && filename === '') return ['no bearer token provided'];
  return token !== '' && tokens.length > 0 ? ['either tokens or token should be provided, not both'] : [];
}

/** Extension `bearertokenauth`: a static token, for servers and clients. */
export const factory: ExtensionFactory<BearerTokenAuthConfig> = {
  kind: 'extension',
  type: 'bearertokenauth',
  stability: 'beta',
  configSchema,
  validateConfig,
  create: (config, context) => new BearerTokenAuth(config, context),
};
