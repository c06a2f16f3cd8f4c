import type { AuthData, ServerAuthenticator } from '@millrace/api';
import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { BufferPool } from '@millrace/wire';
import { type Cors, type CorsSettings, createCors } from './cors.ts';
import { type ContentCoding, contentCodings } from './decompress.ts';
import { listen, type Transport } from './endpoint.ts';
import { HttpConnection, HttpExchange, type HttpExchangeSettings, type HttpRoute } from './http-exchange.ts';
import { type HttpReply, httpReply } from './http-reply.ts';
import type { RefusalReason, Refusals } from './refusals.ts';
import type { ServerTls } from '../tls/server-tls.ts';
import { countTlsFaults } from './tls-faults.ts';

/** How an HTTP server listens and what it accepts: `confighttp` of the Collector. A time of 0 means no limit. */
export interface HttpServerSettings {
  /** `host:port`, or the path of a Unix socket. */
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
  /** Absent: plaintext. The server closes it when it stops. */
  readonly tls?: ServerTls | undefined;
  /** Who checks the clients, and the parameters of the URL that it sees like headers. Absent: nobody does. */
  readonly auth?: { readonly authenticator: ServerAuthenticator; readonly requestParams: readonly string[] } | undefined;
  /** Where clients that are turned away are counted. Absent: nowhere. */
  readonly refusals?: Refusals | undefined;
}

/** The routes of a server by path (without query): a map, or anything that finds routes by other rules. */
export interface HttpRoutes {
  get(path: string): HttpRoute | undefined;
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
export function createHttpServer(settings: HttpServerSettings, routes: HttpRoutes, pool: BufferPool): Server {
  return new NodeHttpServer(settings, routes, pool);
}

class NodeHttpServer implements Server {
  readonly #settings: HttpServerSettings;
  readonly #routes: HttpRoutes;
  readonly #exchange: HttpExchangeSettings;
  readonly #cors: Cors | undefined;
  readonly #codings: ReadonlyMap<string, ContentCoding | undefined>;
  readonly #connections = new Set<HttpConnection>();
  /** The connections below TLS, handshakes included. */
  readonly #sockets = new Set<Socket>();
  readonly #server;
  #stopped: Promise<void> | undefined;

  constructor(settings: HttpServerSettings, routes: HttpRoutes, pool: BufferPool) {
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
    const options: ServerOptions = {
      maxHeaderSize: maxHeaderBytes,
      noDelay: true,
      requestTimeout: readTimeoutMs,
      headersTimeout: Number.isFinite(headersTimeout) ? headersTimeout : 0,
      keepAliveTimeout: Math.ceil(settings.idleTimeoutMs) || readTimeoutMs,
      connectionsCheckingInterval: Number.isFinite(headersTimeout) ? Math.min(1000, Math.ceil(headersTimeout / 4)) : 30_000,
    };
    const { tls } = settings;
    this.#server = tls === undefined ? createServer(options) : createTlsServer({ ...options, ...tls.options });
    this.#server.keepAliveTimeoutBuffer = 0;
    if (tls === undefined) this.#server.on('connection', (socket: TrackedSocket) => this.#connected(socket));
    else {
      this.#server.on('secureConnection', (socket: TLSSocket) => this.#connected(socket));
      this.#server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
      });
      countTlsFaults(this.#server, settings.refusals);
    }
    this.#server.on('request', (request, response) => this.#requested(request, response, false));
    this.#server.on('checkContinue', (request, response) => this.#requested(request, response, true));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.#refuseMalformed(error, socket as TrackedSocket));
  }

  async start(): Promise<string> {
    const { endpoint, transport, tls } = this.#settings;
    try {
      const bound = await listen(this.#server, endpoint, transport);
      tls?.keepUpToDate(this.#server);
      return bound;
    } catch (error) {
      tls?.close();
      throw error;
    }
  }

  stop(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(signal);
    return this.#stopped;
  }

  async #stop(signal: AbortSignal): Promise<void> {
    this.#settings.tls?.close();
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) {
      connection.last = true;
      if (connection.open === 0) connection.socket.destroySoon();
    }
    const cutOff = (): void => {
      this.#server.closeAllConnections();
      for (const socket of this.#sockets) socket.destroy();
    };
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
      for (const exchange of connection.alsoReading ?? []) exchange.abandon();
    });
  }

  #requested(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const { headers } = request;
    const connection = (request.socket as TrackedSocket)[connectionOf]!;
    if (connection.closing) return;
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
    const { auth } = this.#settings;
    if (auth === undefined) return this.#admitted(connection, request, response, expectsContinue, corsHeaders, undefined);
    const refused = (error: unknown): void => {
      this.#count('unauthenticated', connection.socket, messageOf(error));
      const route = this.#routeOf(request);
      const exchange = new HttpExchange(this.#exchange, connection, route ?? nowhere, request, response, undefined, corsHeaders, undefined);
      if (route?.unauthenticated === undefined) exchange.reply(httpReply(401, 'text/plain; charset=utf-8', `${messageOf(error)}\n`));
      else route.unauthenticated(exchange, messageOf(error));
    };
    try {
      const data = auth.authenticator.authenticate(authSources(request, auth.requestParams));
      if (!(data instanceof Promise)) return this.#admitted(connection, request, response, expectsContinue, corsHeaders, data);
      data.then((found) => {
        if (!connection.socket.destroyed) this.#admitted(connection, request, response, expectsContinue, corsHeaders, found);
      }, refused);
    } catch (error) {
      refused(error);
    }
  }

  #routeOf({ url }: IncomingMessage): HttpRoute | undefined {
    return this.#routes.get(url!) ?? this.#routes.get(pathOf(url!));
  }

  #admitted(
    connection: HttpConnection,
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
    corsHeaders: readonly string[],
    auth: AuthData | undefined,
  ): void {
    const route = this.#routeOf(request);
    if (route === undefined) {
      this.#answer(connection, request, response, notFound, corsHeaders);
      return;
    }
    const encoding = request.headers['content-encoding'] ?? '';
    const coding = encoding === '' ? undefined : this.#codings.get(encoding.toLowerCase());
    const exchange = new HttpExchange(this.#exchange, connection, route, request, response, coding, corsHeaders, auth);
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
    new HttpExchange(this.#exchange, connection, nowhere, request, response, undefined, extraHeaders, undefined).reply(reply);
  }

  #count(reason: RefusalReason, socket: Socket, detail: string): void {
    this.#settings.refusals?.count(reason, socket.remoteAddress, detail);
  }

  /** Answers what is not HTTP/1.1, unless a reply is already under way, and closes. */
  #refuseMalformed(error: NodeJS.ErrnoException, socket: TrackedSocket): void {
    const connection = socket[connectionOf];
    // What fails in the TLS handshake is reported here, too.
    if (connection === undefined && this.#settings.tls !== undefined) return void socket.destroy();
    const unanswered = connection === undefined || connection.open === (connection.reading === undefined ? 0 : 1);
    if (error.code !== 'ECONNRESET') this.#count(malformedReasons[error.code ?? ''] ?? 'malformed', socket, error.message);
    if (socket.writable && unanswered && error.code !== 'ECONNRESET') {
      const status = malformedReplies[error.code ?? ''] ?? '400 Bad Request';
      socket.write(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`);
    }
    socket.destroySoon();
  }
}

/** The headers of a request, with those parameters of its URL that are wanted in their place. */
function authSources(request: IncomingMessage, params: readonly string[]): IncomingMessage['headers'] {
  const query = request.url!.indexOf('?');
  if (params.length === 0 || query < 0) return request.headers;
  const given = new URLSearchParams(request.url!.slice(query));
  const sources = { ...request.headers };
  for (const name of params) if (given.has(name)) sources[name.toLowerCase()] = given.get(name)!;
  return sources;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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

const malformedReasons: Readonly<Record<string, RefusalReason>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'timeout',
};
