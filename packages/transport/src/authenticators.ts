import { type ClientAuthenticator, type Host, isClientAuthenticator, isServerAuthenticator, type ServerAuthenticator } from '@millrace/api';

/** The checked `auth` section of a client or a gRPC server (configauth). */
export interface AuthConfig {
  readonly authenticator: string;
}

/** The checked `auth` section of an HTTP server. */
export interface HttpServerAuthConfig extends AuthConfig {
  readonly request_params?: readonly string[];
}

const authenticator: object = { type: 'string', description: 'Id of the extension.' };

function authSchema(description: string, more: object = {}): object {
  return { type: 'object', additionalProperties: false, required: ['authenticator'], description, properties: { authenticator, ...more } };
}

/** JSON Schema of the `auth` section of every client. */
export const clientAuthSchema: object = authSchema('The extension that adds credentials to requests. Absent: nothing is added.');

/** JSON Schema of the `auth` section of gRPC servers. */
export const grpcServerAuthSchema: object = authSchema('The extension that checks the credentials of callers. Absent: everybody may call.');

/** JSON Schema of the `auth` section of HTTP servers. */
export const httpServerAuthSchema: object = authSchema(
  'The extension that checks the credentials of clients. Absent: everybody may send.',
  {
    request_params: {
      type: 'array',
      items: { type: 'string' },
      description: 'Parameters of the URL that the extension sees like headers, and in place of headers of that name.',
    },
  },
);

/** The extension that checks a server's clients; `undefined` without an `auth` section. Throws in the Collector's words. */
export function serverAuthenticator(config: AuthConfig | undefined, host: Host): ServerAuthenticator | undefined {
  if (config === undefined) return undefined;
  const extension = resolve(config.authenticator, host);
  if (!isServerAuthenticator(extension)) throw new Error('requested authenticator is not a server authenticator');
  return extension;
}

/** The extension that adds credentials to a client's requests; `undefined` without an `auth` section. Throws in the Collector's words. */
export function clientAuthenticator(
  config: AuthConfig | undefined,
  host: Host,
  protocol: 'HTTP' | 'gRPC',
): ClientAuthenticator | undefined {
  if (config === undefined) return undefined;
  const extension = resolve(config.authenticator, host);
  if (!isClientAuthenticator(extension)) throw new Error(`requested authenticator is not a ${protocol} client authenticator`);
  return extension;
}

function resolve(id: string, host: Host): unknown {
  try {
    return host.extension(id, isAnything);
  } catch (error) {
    throw new Error(`failed to resolve authenticator ${JSON.stringify(id)}: authenticator not found`, { cause: error });
  }
}

/** The kind is looked at afterwards, so that a missing extension and a wrong one are told apart. */
function isAnything(extension: unknown): extension is object {
  return typeof extension === 'object' && extension !== null;
}
