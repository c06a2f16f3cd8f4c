import { readFile } from 'node:fs/promises';
import type { Context } from '@millrace/api';
import { createClientTls, createHttpClient, type HttpResponse, proxyFor, userAgent } from '@millrace/transport';
import { signAssertion } from './assertion.ts';
import type { OAuth2ClientConfig } from './config.ts';

/** What an authorization server granted. */
export interface GrantedToken {
  readonly accessToken: string;
  /** What stands in front of it, such as `Bearer`. */
  readonly type: string;
  /** Infinity when the server does not say. */
  readonly lifetimeMs: number;
}

/** Asks an authorization server. */
export interface TokenSource {
  /** Rejects, without secrets in the message, when no token is granted, with the reason of `signal` when that aborts. */
  fetch(signal: AbortSignal): Promise<GrantedToken>;
  close(): Promise<void>;
}

/** RFC 7523, section 2.1. */
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/** Makes the source of a configuration's tokens; connects with the first fetch. Throws when certificates cannot be loaded. */
export function createTokenSource(config: OAuth2ClientConfig, context: Context): TokenSource {
  const url = new URL(config.token_url!);
  const shown = `${url.origin}${url.pathname}`;
  let inHeader: Credentials | undefined;
  const client = createHttpClient({
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'user-agent': userAgent(context.program),
    },
    compression: 'none',
    authenticator: {
      requiresTls: false,
      authorize: (headers) => {
        if (inHeader !== undefined) headers.set('authorization', basic(inHeader));
      },
    },
    proxy: proxyFor(url, undefined),
    tls: url.protocol === 'https:' ? createClientTls(config.tls, context) : undefined,
  });
  /** Servers take the credentials in the header or in the body; which one, is found out once. */
  let style: 'header' | 'body' | undefined;
  const ask = async (how: 'header' | 'body', credentials: Credentials, signal: AbortSignal): Promise<HttpResponse> => {
    inHeader = how === 'header' ? credentials : undefined;
    const fields = form(config, how === 'body' ? { client_id: credentials.id, client_secret: credentials.secret } : {});
    return client.send(Buffer.from(fields), signal);
  };
  const grant = async (signal: AbortSignal): Promise<GrantedToken> => {
    if (config.grant_type !== 'client_credentials') {
      const id = await fileOr(config.client_id_file, config.client_id);
      const key = await fileOr(config.client_certificate_key_file, config.client_certificate_key);
      const assertion = signAssertion(config, id, key, context.clock.now());
      return readToken(await client.send(Buffer.from(form(config, { grant_type: jwtBearer, assertion })), signal));
    }
    const credentials = await readCredentials(config);
    let response = await ask(style ?? 'header', credentials, signal);
    if (style === undefined && response.status >= 400 && response.status < 500) {
      response = await ask('body', credentials, signal);
      if (response.status === 200) style = 'body';
    } else if (response.status === 200) style ??= 'header';
    return readToken(response);
  };
  return {
    fetch: async (signal) => {
      try {
        return await grant(signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw new Error(
          `failed to get security token from token endpoint (endpoint ${JSON.stringify(shown)}): ${(error as Error).message}`,
          { cause: error },
        );
      }
    },
    close: () => client.close(),
  };
}

async function fileOr(file: string | undefined, value: string | undefined): Promise<string> {
  return file === undefined || file === '' ? (value ?? '') : (await readFile(file, 'utf8')).trim();
}

async function readCredentials(config: OAuth2ClientConfig): Promise<Credentials> {
  return {
    id: await fileOr(config.client_id_file, config.client_id),
    secret: await fileOr(config.client_secret_file, config.client_secret),
  };
}

/** The credentials are form-encoded inside the header (RFC 6749, section 2.3.1). */
function basic({ id, secret }: Credentials): string {
  const encoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`;
}

function form(config: OAuth2ClientConfig, more: Readonly<Record<string, string>>): string {
  const fields = new URLSearchParams({ grant_type: 'client_credentials', ...more });
  if (config.scopes !== undefined && config.scopes.length > 0) fields.set('scope', config.scopes.join(' '));
  for (const [name, values] of Object.entries(config.endpoint_params ?? {})) {
    fields.delete(name);
    for (const value of values) fields.append(name, value);
  }
  return fields.toString();
}

/** RFC 6749, sections 5.1 and 5.2. */
function readToken(response: HttpResponse): GrantedToken {
  let answer: Readonly<Record<string, unknown>> = {};
  try {
    answer = (JSON.parse(response.body.toString()) ?? {}) as Record<string, unknown>;
  } catch {
    // What is not JSON is not a token; its status says enough.
  }
  const { access_token: accessToken, token_type: type, expires_in: expiresIn, error } = answer;
  if (response.status !== 200 || typeof accessToken !== 'string' || accessToken === '') {
    const code = typeof error === 'string' ? `, error ${JSON.stringify(error.slice(0, 100))}` : '';
    throw new Error(response.status === 200 ? 'server response missing access_token' : `status ${response.status}${code}`);
  }
  const seconds = Number(expiresIn ?? 0);
  const named = typeof type === 'string' && type !== '' ? type : 'Bearer';
  return {
    accessToken,
    type: named.toLowerCase() === 'bearer' ? 'Bearer' : named,
    lifetimeMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : Infinity,
  };
}
