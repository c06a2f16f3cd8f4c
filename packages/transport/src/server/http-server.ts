import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BufferPool } from '@millrace/wire';
import { type Cors, type CorsSettings, createCors } from './cors.ts';
import { type ContentCoding, contentCodings } from './decompress.ts';
import { listen, type Transport } from './endpoint.ts';
import { HttpConnection, HttpExchange, type HttpExchangeSettings, type HttpRoute } from './http-exchange.ts';
import { type HttpReply, httpReply } from './http-reply.ts';

/** How an HTTP server listens and what it accepts: `confighttp` of the Collector. A time of 0 means no limit. */
export interface HttpServerSettings {
  /** `host:port`. */
  readonly endpoint: string;
  readonly transport: Transport;
  readonly cors?: CorsSettings | undefined;
  /** Largest body, compressed and decompressed. */
  readonly maxRequestBodyBytes: number;
  /** Content codings that are undone; the empty string stands for none. Others get 400. */
  readonly compressionAlgorithms: readonly string[];
  /** Whether request headers become client metadata. */
  readonly includeMetadata: boolean;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly keepAlivesEnabled: boolean;
  /** From the first byte of a request to the last of its body. */
  readonly readTimeoutMs: number;
  readonly readHeaderTimeoutMs: number;
  /** From the end of the request's head to the reply. */
  readonly writeTimeoutMs: number;
  /** How long an unused connection is kept. */
  readonly idleTimeoutMs: number;
}

/** A listening server. */
export interface Server {
  /** Starts to listen and returns the bound `host:port`; rejects in the words of the Collector. */
  start(): Promise<string>;
  /**
   * Stops gracefully: no new connections, idle ones are closed, requests in flight are answered. When the signal aborts, what is left is
   * cut off. Safe without `start`, twice and concurrently.
   */
  stop(signal: AbortSignal): Promise<void>;
}

const maxHeaderBytes = 64 * 1024;
const notFound = httpReply(404, 'text/plain; charset=utf-8', '404 page not found\n');
const noHeaders: readonly string[] = [];
const connectionOf: unique symbol = Symbol('connection');
type TrackedSocket = Socket & { [connectionOf]?: HttpConnection };

/** An HTTP/1.1 server that reads each body into a lease of the pool and hands it to the route of its path (without query). */
export function createHttpServer(settings: HttpServerSettings, routes: ReadonlyMap<string, HttpRoute>, pool: BufferPool): Server {
  return new NodeHttpServer(settings, routes, pool);
}

class NodeHttpServer implements Server {
  readonly #settings: HttpServerSettings;
  readonly #routes: ReadonlyMap<string, HttpRoute>;
  readonly #exchange: HttpExchangeSettings;
  readonly #cors: Cors | undefined;
  readonly #codings: ReadonlyMap<string, ContentCoding | undefined>;
  readonly #connections = new Set<HttpConnection>();
  readonly #server;
  #stopped: Promise<void> | undefined;

  constructor(settings: HttpServerSettings, routes: ReadonlyMap<string, HttpRoute>, pool: BufferPool) {
    this.#settings = settings;
    this.#routes = routes;
    this.#cors = settings.cors === undefined ? undefined : createCors(settings.cors);
    const codings = contentCodings.filter((coding) => settings.compressionAlgorithms.includes(coding));
    this.#codings = new Map([['', undefined], ...codings.map((coding) => [coding, coding] as const)]);
    this.#exchange = {
      pool,
      maxBodyBytes: settings.maxRequestBodyBytes,
      includeMetadata: settings.includeMetadata,
      keepAlive: settings.keepAlivesEnabled,
      writeTimeoutMs: settings.writeTimeoutMs,
      responseHeaders: Object.entries(settings.responseHeaders).flat(),
    };
    const readTimeoutMs = Math.ceil(settings.readTimeoutMs);
    const headersTimeout = Math.min(Math.ceil(settings.readHeaderTimeoutMs) || Infinity, readTimeoutMs || Infinity);
    this.#server = createServer({
      maxHeaderSize: maxHeaderBytes,
      noDelay: true,
      requestTimeout: readTimeoutMs,
      headersTimeout: Number.isFinite(headersTimeout) ? headersTimeout : 0,
      keepAliveTimeout: Math.ceil(settings.idleTimeoutMs) || readTimeoutMs,
      connectionsCheckingInterval: Number.isFinite(headersTimeout) ? Math.min(1000, Math.ceil(headersTimeout / 4)) : 30_000,
    });
    this.#server.keepAliveTimeoutBuffer = 0;
    this.#server.on('connection', (socket: TrackedSocket) => this.#connected(socket));
    this.#server.on('request', (request, response) => this.#requested(request, response, false));
    this.#server.on('checkContinue', (request, response) => this.#requested(request, response, true));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseMalformed(error, socket as TrackedSocket));
  }

  start(): Promise<string> {
    return listen(this.#server, this.#settings.endpoint, this.#settings.transport);
  }

  stop(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(signal);
    return this.#stopped;
  }

  async #stop(signal: AbortSignal): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) {
      connection.last = true;
      if (connection.open === 0) connection.socket.destroySoon();
    }
    const cutOff = (): void => this.#server.closeAllConnections();
    if (signal.aborted) cutOff();
    signal.addEventListener('abort', cutOff, { once: true });
    await closed;
    signal.removeEventListener('abort', cutOff);
  }

  #connected(socket: TrackedSocket): void {
    const connection = new HttpConnection(socket);
    socket[connectionOf] = connection;
    this.#connections.add(connection);
    socket.on('close', () => {
      this.#connections.delete(connection);
      connection.reading?.abandon();
    });
  }

  #requested(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const { headers } = request;
    const connection = (request.socket as TrackedSocket)[connectionOf]!;
    let corsHeaders = noHeaders;
    if (this.#cors !== undefined) {
      const asked = headers['access-control-request-method'];
      if (request.method === 'OPTIONS' && asked !== undefined) {
        const answer = this.#cors.preflight(headers.origin, asked, headers['access-control-request-headers']);
        this.#answer(connection, request, response, { status: 204, headers: answer, body: Buffer.alloc(0) });
        return;
      }
      corsHeaders = this.#cors.headersFor(headers.origin);
    }
    const route = this.#routes.get(request.url!) ?? this.#routes.get(pathOf(request.url!));
    if (route === undefined) {
      this.#answer(connection, request, response, notFound, corsHeaders);
      return;
    }
    const encoding = headers['content-encoding'] ?? '';
    const coding = encoding === '' ? undefined : this.#codings.get(encoding.toLowerCase());
    const exchange = new HttpExchange(this.#exchange, connection, route, request, response, coding, corsHeaders);
    route.begin(exchange);
    if (exchange.replied) return;
    if (encoding !== '' && coding === undefined) exchange.undecodable('malformed', `unsupported Content-Encoding: ${encoding}`);
    else exchange.read(expectsContinue);
  }

  /** Replies without a route. */
  #answer(
    connection: HttpConnection,
    request: IncomingMessage,
    response: ServerResponse,
    reply: HttpReply,
    extraHeaders: readonly string[] = noHeaders,
  ): void {
    new HttpExchange(this.#exchange, connection, nowhere, request, response, undefined, extraHeaders).reply(reply);
  }
}

const nowhere: HttpRoute = { begin: () => undefined, receive: (_exchange, body) => body.release(), fail: () => undefined };

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

const malformedReplies: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Answers what is not HTTP/1.1, unless a reply is already under way, and closes. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: TrackedSocket): void {
  const connection = socket[connectionOf];
  const unanswered = connection === undefined || connection.open === (connection.reading === undefined ? 0 : 1);
  if (socket.writable && unanswered && error.code !== 'ECONNRESET') {
    const status = malformedReplies[error.code ?? ''] ?? '400 Bad Request';
    socket.write(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`);
  }
  socket.destroySoon();
}
