import type { ExtensionFactory } from '@millrace/api';
import { BasicAuthClient } from './basic-auth-client.ts';
import { BasicAuthServer } from './basic-auth-server.ts';
import { type BasicAuthConfig, configSchema } from './config.ts';

function validateConfig({ htpasswd, client_auth: client }: BasicAuthConfig): string[] {
  if (htpasswd !== undefined && client !== undefined) return ['only one of `htpasswd` or `client_auth` can be specified'];
  const empty = htpasswd !== undefined && (htpasswd.file ?? '') === '' && (htpasswd.inline ?? '') === '';
  if (empty || (htpasswd === undefined && client === undefined)) return ['no credential source provided'];
  return client?.username?.includes(':') === true ? ['client_auth::username: invalid authorization format'] : [];
}

/** Extension `basicauth`: user names and passwords, for servers or for clients. */
export const factory: ExtensionFactory<BasicAuthConfig> = {
  kind: 'extension',
  type: 'basicauth',
  stability: 'beta',
  configSchema,
  validateConfig,
  create: (config, context) =>
    config.client_auth === undefined
      ? new BasicAuthServer(config.htpasswd ?? {}, context)
      : new BasicAuthClient(config.client_auth, context),
};
