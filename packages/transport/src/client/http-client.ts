import type { ClientAuthenticator } from '@millrace/api';
import { type Client, noClient } from '@millrace/wire';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { ClientTls } from '../tls/client-tls.ts';
import { abortable } from './abortable.ts';
import { type Compression, type Compressor, createCompressor } from './compressor.ts';
import { HttpCall } from './http-call.ts';
import { HttpConnection } from './http-connection.ts';
import { traceHeaders } from './trace-headers.ts';
import { createConnector } from './http-connector.ts';
import { proxyAuthorization } from './proxy.ts';

/** What came back: the body is cut off after 64 KiB. */
export interface HttpResponse {
  readonly status: number;
  /** By lower-case name; several lines of one header are a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Posts bodies to one URL. */
export interface HttpClient {
  /**
   * Sends a body, compressed as configured. Resolves with the response, whatever its status; rejects with the reason of `signal` when that
   * aborts, with an `Error` when the connection fails or there are no credentials. The body is read until the promise settles, and not a
   * moment longer. `client` is who sent the data, for the authenticator.
   */
  send(body: Buffer, signal: AbortSignal, client?: Client): Promise<HttpResponse>;
  /** Closes the connections, and `tls`; requests that still run fail. Safe twice. */
  close(): Promise<void>;
}

/** Settings of an `HttpClient`, named after the Collector's confighttp. */
export interface HttpClientOptions {
  readonly url: URL;
  /** Default POST. */
  readonly method?: 'GET' | 'POST';
  /** Sent with every request, over the defaults of the client. `Host` replaces the host of the URL. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: Compression;
  /** `compression_params.level`; see `createCompressor`. */
  readonly compressionLevel?: number;
  /** Required for an `https` URL. */
  readonly tls?: ClientTls | undefined;
  /** Adds credentials to each request. */
  readonly authenticator?: ClientAuthenticator | undefined;
  /** An HTTP proxy to send through; its URL may carry a user and password. */
  readonly proxy?: URL | undefined;
  /** Most connections at a time; 0 for no limit. Default 0. */
  readonly maxConnsPerHost?: number;
  /** Most connections that stay open without a request; 0 for no limit. Default 0. */
  readonly maxIdleConns?: number;
  /** A connection without a request is closed after this; 0 for never. Default 90,000. A server that announces less is obeyed. */
  readonly idleConnTimeoutMs?: number;
  /** One connection per request. Default false. */
  readonly disableKeepAlives?: boolean;
}

/** A long time that still fits a timer: 24 days. */
const neverMs = 2_073_600_000;

class UndiciHttpClient implements HttpClient {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #method: 'GET' | 'POST';
  readonly #headers: ReadonlyMap<string, string>;
  readonly #flatHeaders: readonly string[];
  readonly #authenticator: ClientAuthenticator | undefined;
  readonly #tls: ClientTls | undefined;
  readonly #compress: Compressor | undefined;
  readonly #maxIdleConns: number;
  #running = 0;

  constructor(options: HttpClientOptions) {
    const { url, proxy, tls } = options;
    const idleMs = options.idleConnTimeoutMs ?? 90_000;
    const connector = createConnector(tls, url.protocol === 'https:' ? proxy : undefined);
    // A proxy that is asked in plaintext is told the whole URL; behind TLS it only passes bytes on.
    const asked = url.protocol === 'http:' ? proxy : undefined;
    this.#pool = new Pool((asked ?? url).origin, {
      connections: options.maxConnsPerHost === undefined || options.maxConnsPerHost === 0 ? null : options.maxConnsPerHost,
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs === 0 ? neverMs : idleMs,
      keepAliveMaxTimeout: idleMs === 0 ? neverMs : idleMs,
      factory: (origin, settings) => new HttpConnection(origin, settings, connector),
    });
    this.#path = (asked === undefined ? '' : url.origin) + url.pathname + url.search;
    this.#method = options.method ?? 'POST';
    this.#tls = tls;
    this.#authenticator = options.authenticator;
    this.#compress = createCompressor(options.compression, options.compressionLevel);
    this.#maxIdleConns = options.disableKeepAlives === true ? 0 : options.maxIdleConns || Infinity;
    const headers = new Map<string, string>();
    if (options.compression !== 'none') headers.set('content-encoding', options.compression);
    if (url.username !== '') headers.set('authorization', `Basic ${Buffer.from(credentials(url)).toString('base64')}`);
    if (asked !== undefined) {
      headers.set('host', url.host);
      const authorization = proxyAuthorization(asked);
      if (authorization !== undefined) headers.set('proxy-authorization', authorization);
    }
    for (const [name, value] of Object.entries(options.headers)) headers.set(name.toLowerCase(), value);
    this.#headers = headers;
    this.#flatHeaders = [...headers].flat();
  }

  async send(body: Buffer, signal: AbortSignal, client: Client = noClient): Promise<HttpResponse> {
    const compressed = this.#compress?.(body);
    const content = compressed === undefined ? body : compressed instanceof Buffer ? compressed : await compressed;
    signal.throwIfAborted();
    const authenticator = this.#authenticator;
    const traced = traceHeaders();
    if (authenticator === undefined && traced === undefined) return this.#post(content, this.#flatHeaders, signal);
    for (let first = true; ; first = false) {
      const headers = new Map([...this.#headers, ...Object.entries(traced ?? {})]);
      if (authenticator === undefined) return this.#post(content, [...headers].flat(), signal);
      const authorized = authenticator.authorize(headers, client);
      if (authorized !== undefined) await abortable(authorized, signal);
      const response = await this.#post(content, [...headers].flat(), signal);
      if (!first || response.status !== 401 || authenticator.rejected?.(headers) !== true) return response;
    }
  }

  async #post(content: Buffer, headers: readonly string[], signal: AbortSignal): Promise<HttpResponse> {
    // Requests beyond the idle limit close their connection, so that no more than that many are left when all are done.
    const reset = this.#running >= this.#maxIdleConns;
    this.#running++;
    try {
      return await new Promise<HttpResponse>((resolve, reject) => {
        const call = new HttpCall(signal, resolve, reject);
        this.#pool.dispatch(
          { path: this.#path, method: this.#method, headers: headers as string[], body: content, ...(reset ? { reset: true } : {}) },
          call,
        );
      });
    } finally {
      this.#running--;
    }
  }

  close(): Promise<void> {
    this.#tls?.close();
    return this.#pool.destroyed ? Promise.resolve() : this.#pool.destroy(new Error('the client is closed'));
  }
}

function credentials(url: URL): string {
  return `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
}

/** Makes the HTTP/1.1 client. Connects with the first request. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return new UndiciHttpClient(options);
}
