import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { SecureVersion } from 'node:tls';
import { createGunzip } from 'node:zlib';
import type { ClientConfig, TlsConfig } from './config.ts';

/** How servers are reached: credentials, certificates, connections that are kept. */
export interface HttpAccess {
  readonly followRedirects: boolean;
  /** The headers that carry credentials, read anew: files may have changed. */
  headers(): Record<string, string>;
  readonly agent: (protocol: string) => HttpAgent | HttpsAgent;
  close(): void;
}

/** One request. */
export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Most bytes of the body after decompression; 0 for any number. More reject. */
  readonly limitBytes: number;
  /** Called before any data, when the status is 200. */
  readonly onHead?: (contentType: string) => void;
  readonly onData: (chunk: Uint8Array) => void;
}

const mostRedirects = 10;

/** Reads what access needs. Throws when a certificate cannot be read. */
export function createAccess(config: ClientConfig): HttpAccess {
  const http = new HttpAgent({ keepAlive: true });
  const https = new HttpsAgent({ keepAlive: true, ...(config.tls_config !== undefined && tlsOptions(config.tls_config)) });
  return {
    followRedirects: config.follow_redirects,
    headers: () => credentials(config),
    agent: (protocol) => (protocol === 'https:' ? https : http),
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

const versions: Readonly<Record<string, SecureVersion>> = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' };

function tlsOptions(tls: TlsConfig): object {
  const content = (pem: string, file: string): string | Buffer | undefined =>
    pem !== '' ? pem : file !== '' ? readFileSync(file) : undefined;
  const ca = content(tls.ca, tls.ca_file);
  const cert = content(tls.cert, tls.cert_file);
  const key = content(tls.key, tls.key_file);
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tls.server_name !== '' && { servername: tls.server_name }),
    ...(versions[tls.min_version] !== undefined && { minVersion: versions[tls.min_version] }),
    ...(versions[tls.max_version] !== undefined && { maxVersion: versions[tls.max_version] }),
    rejectUnauthorized: !tls.insecure_skip_verify,
  };
}

function credentials(config: ClientConfig): Record<string, string> {
  const content = (text: string, file: string): string => (file !== '' ? readFileSync(file, 'utf8').trim() : text);
  const headers: Record<string, string> = {};
  for (const [name, { values, secrets }] of Object.entries(config.http_headers))
    headers[name.toLowerCase()] = [...values, ...secrets].join(', ');
  const { basic_auth: basic, authorization } = config;
  const token = content(config.bearer_token, config.bearer_token_file);
  if (token !== '') headers['authorization'] = `Bearer ${token}`;
  if (basic !== undefined) {
    const user = `${content(basic.username, basic.username_file)}:${content(basic.password, basic.password_file)}`;
    headers['authorization'] = `Basic ${Buffer.from(user).toString('base64')}`;
  }
  if (authorization !== undefined) {
    headers['authorization'] = `${authorization.type} ${content(authorization.credentials, authorization.credentials_file)}`;
  }
  return headers;
}

/** Gets a URL; resolves when the whole body was handed on. Rejects when anything fails on the way, or `onData` throws. */
export async function get(
  url: URL,
  access: HttpAccess,
  options: GetOptions,
): Promise<{ readonly status: number; readonly contentType: string }> {
  let at = url;
  for (let redirects = 0; ; redirects++) {
    const response = await send(at, access, options, at.origin === url.origin);
    const { location } = response.headers;
    if (!access.followRedirects || location === undefined || ![301, 302, 303, 307, 308].includes(response.statusCode!)) {
      return receive(response, options);
    }
    response.resume();
    if (redirects === mostRedirects) throw new Error(`stopped after ${mostRedirects} redirects`);
    at = new URL(location, at);
  }
}

/** Credentials are for the host that was configured, and for no other that it names. */
function send(url: URL, access: HttpAccess, { headers, signal }: GetOptions, sameOrigin: boolean): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      agent: access.agent(url.protocol),
      headers: { ...headers, ...(sameOrigin && access.headers()) },
      signal,
    };
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    request(url, options, resolve)
      .on('error', (error) => reject(signal.aborted ? reasonOf(signal) : error))
      .end();
  });
}

async function receive(response: IncomingMessage, options: GetOptions): Promise<{ status: number; contentType: string }> {
  const { signal, limitBytes, onHead, onData } = options;
  const status = response.statusCode!;
  const contentType = response.headers['content-type'] ?? '';
  if (status !== 200) {
    response.resume();
    return { status, contentType };
  }
  onHead?.(contentType);
  const body = response.headers['content-encoding'] === 'gzip' ? response.pipe(createGunzip()) : response;
  response.on('error', (error) => body.destroy(error));
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (limitBytes > 0 && bytes > limitBytes) throw new Error('body size limit exceeded');
      onData(chunk);
    }
  } catch (error) {
    response.destroy();
    throw signal.aborted ? reasonOf(signal) : error;
  }
  return { status, contentType };
}

function reasonOf(signal: AbortSignal): Error {
  const { reason } = signal as { reason: { readonly name?: string; readonly message?: string } };
  return new Error(reason.name === 'TimeoutError' ? 'context deadline exceeded' : (reason.message ?? 'aborted'));
}
