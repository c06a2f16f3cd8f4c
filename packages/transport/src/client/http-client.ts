import buildConnector from 'undici/lib/core/connect.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { type ClientTlsOptions, tlsConnectionOptions } from './client-tls.ts';
import { type Compression, type Compressor, createCompressor } from './compressor.ts';
import { HttpCall } from './http-call.ts';
import { HttpConnection } from './http-connection.ts';

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
   * aborts, with an `Error` when the connection fails. The body is read until the promise settles, and not a moment longer.
   */
  send(body: Buffer, signal: AbortSignal): Promise<HttpResponse>;
  /** Closes the connections; requests that still run fail. Safe twice. */
  close(): Promise<void>;
}

/** Settings of an `HttpClient`, named after the Collector's confighttp. */
export interface HttpClientOptions {
  readonly url: URL;
  /** Sent with every request, over the defaults of the client. `Host` replaces the host of the URL. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: Compression;
  /** `compression_params.level`; see `createCompressor`. */
  readonly compressionLevel?: number;
  readonly tls?: ClientTlsOptions;
  /** Most connections at a time; 0 for no limit. Default 0. */
  readonly maxConnsPerHost?: number;
  /** Most connections that stay open without a request; 0 for no limit. Default 0. */
  readonly maxIdleConns?: number;
  /** A connection without a request is closed after this; 0 for never. Default 90,000. A server that announces less is obeyed. */
  readonly idleConnTimeoutMs?: number;
  /** One connection per request. Default false. */
  readonly disableKeepAlives?: boolean;
}

/** As Go's default dialer. */
const connectTimeoutMs = 30_000;

/** A long time that still fits a timer: 24 days. */
const neverMs = 2_073_600_000;

class UndiciHttpClient implements HttpClient {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #headers: string[] = [];
  readonly #compress: Compressor | undefined;
  readonly #maxIdleConns: number;
  #running = 0;

  constructor(options: HttpClientOptions) {
    const { url } = options;
    const idleMs = options.idleConnTimeoutMs ?? 90_000;
    const tls: object = url.protocol === 'https:' ? tlsConnectionOptions(options.tls ?? {}) : {};
    const connector = buildConnector({ timeout: connectTimeoutMs, allowH2: false, ...tls });
    this.#pool = new Pool(url.origin, {
      connections: options.maxConnsPerHost === undefined || options.maxConnsPerHost === 0 ? null : options.maxConnsPerHost,
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs === 0 ? neverMs : idleMs,
      keepAliveMaxTimeout: idleMs === 0 ? neverMs : idleMs,
      factory: (origin, settings) => new HttpConnection(origin, settings, connector),
    });
    this.#path = url.pathname + url.search;
    this.#compress = createCompressor(options.compression, options.compressionLevel);
    this.#maxIdleConns = options.disableKeepAlives === true ? 0 : options.maxIdleConns || Infinity;
    const headers = new Map<string, string>();
    if (options.compression !== 'none') headers.set('content-encoding', options.compression);
    if (url.username !== '') headers.set('authorization', `Basic ${Buffer.from(credentials(url)).toString('base64')}`);
    for (const [name, value] of Object.entries(options.headers)) headers.set(name.toLowerCase(), value);
    for (const [name, value] of headers) this.#headers.push(name, value);
  }

  async send(body: Buffer, signal: AbortSignal): Promise<HttpResponse> {
    const compressed = this.#compress?.(body);
    const content = compressed === undefined ? body : compressed instanceof Buffer ? compressed : await compressed;
    signal.throwIfAborted();
    // Requests beyond the idle limit close their connection, so that no more than that many are left when all are done.
    const reset = this.#running >= this.#maxIdleConns;
    this.#running++;
    try {
      return await new Promise<HttpResponse>((resolve, reject) => {
        const call = new HttpCall(signal, resolve, reject);
        this.#pool.dispatch(
          { path: this.#path, method: 'POST', headers: this.#headers, body: content, ...(reset ? { reset: true } : {}) },
          call,
        );
      });
    } finally {
      this.#running--;
    }
  }

  close(): Promise<void> {
    return this.#pool.destroyed ? Promise.resolve() : this.#pool.destroy(new Error('the client is closed'));
  }
}

function credentials(url: URL): string {
  return `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
}

/** Makes the HTTP/1.1 client. Connects with the first request. Throws when a TLS file cannot be read. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return new UndiciHttpClient(options);
}
