import type { ExtensionFactory } from '@millrace/api';
import { configSchema, type OidcConfig, type ProviderConfig, providersOf } from './config.ts';
import { readKeys } from './key-file.ts';
import { Oidc } from './oidc.ts';

function problemOf(provider: ProviderConfig): string | undefined {
  if ((provider.audience ?? '') === '' && provider.ignore_audience !== true) return 'no Audience provided for the OIDC configuration';
  const issuer = provider.issuer_url ?? '';
  if (issuer === '') return 'no IssuerURL provided for the OIDC configuration';
  const file = provider.public_keys_file ?? '';
  if (file === '') return URL.canParse(issuer) ? undefined : 'issuer_url must be a valid URL';
  try {
    readKeys(file);
    return undefined;
  } catch (error) {
    return `invalid public_keys_file ${JSON.stringify(file)}: ${(error as Error).message}`;
  }
}

function validateConfig(config: OidcConfig): string[] {
  const seen = new Set<string>();
  const providers = providersOf(config);
  if (providers.length === 0) return ['no provider configured'];
  return providers.flatMap((provider) => {
    const issuer = provider.issuer_url ?? '';
    const problem = seen.has(issuer) ? `duplicate issuer URL found: ${issuer}` : problemOf(provider);
    seen.add(issuer);
    return problem === undefined ? [] : [problem];
  });
}

/** Extension `oidc`: checks the tokens of OpenID Connect providers, for servers. */
export const factory: ExtensionFactory<OidcConfig> = {
  kind: 'extension',
  type: 'oidc',
  stability: 'beta',
  configSchema,
  validateConfig,
  create: (config, context) => new Oidc(config, context),
};
