import type { AuthData, RequestHeaders } from '@millrace/api';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { BufferPool, Client, Lease } from '@millrace/wire';
import { type BodyFault, type ContentCoding, decompress, type DecompressTarget } from './decompress.ts';
import type { HttpReply } from './http-reply.ts';
import { clientAt, clientWithHeaders } from './peer.ts';

/** What a server does with the requests of one path. None of the three may throw. */
export interface HttpRoute {
  /** The head has arrived. Reply now to refuse without reading the body; otherwise the body is read. */
  begin(exchange: HttpExchange): void;
  /** The body is `[0, length)` of the lease, decompressed; the route takes it over and replies now or later. */
  receive(exchange: HttpExchange, body: Lease, length: number): void;
  /** The body cannot be read: reply in the protocol's own form. `detail` words what is wrong unless memory is short. */
  fail(exchange: HttpExchange, fault: BodyFault, detail: string): void;
  /** The client may not send: reply with 401 in the protocol's own form. Absent: the message is sent as plain text. */
  unauthenticated?(exchange: HttpExchange, message: string): void;
}

/** What all exchanges of a server share. */
export interface HttpExchangeSettings {
  readonly pool: BufferPool;
  /** Largest body, compressed and decompressed. */
  readonly maxBodyBytes: number;
  readonly includeMetadata: boolean;
  readonly keepAlive: boolean;
  readonly writeTimeoutMs: number;
  /** Sent with every response: flat name, value pairs. */
  readonly responseHeaders: readonly string[];
}

/** One client connection: who is there, and whose body is being read. */
export class HttpConnection {
  readonly socket: Socket;
  readonly client: Client;
  /** Exchanges that have not been replied to. */
  open = 0;
  /** The exchange whose body is arriving. */
  reading: HttpExchange | undefined;
  /** Pipelined exchanges whose clients took long to be authenticated, so that their bodies are read after others had begun. */
  alsoReading: Set<HttpExchange> | undefined;
  /** Close after the next reply: the server is stopping. */
  last = false;
  /** The client was told that the connection closes: no further request counts (RFC 9112, section 9.6). */
  closing = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.client = clientAt(socket.remoteAddress);
  }
}

/** A larger body is leased as it arrives, so that a mere promise of bytes holds next to no memory: what one read of a socket brings. */
const leaseAheadBytes = 64 * 1024;
/** An unread body up to this size is read and thrown away to keep the connection; beyond it the connection is closed (as Go's server does). */
const drainBytes = 256 * 1024;
/** How long a closing connection stays open for the client to read the reply before unread data resets it (as Go's server does). */
const lingerMs = 500;

const exchangeOf: unique symbol = Symbol('exchange');
type Request = IncomingMessage & { [exchangeOf]?: HttpExchange };

function onData(this: Request, chunk: Buffer): void {
  this[exchangeOf]!.take(chunk);
}

function onEnd(this: Request): void {
  this[exchangeOf]!.complete();
}

/** One request and its reply. */
export class HttpExchange implements DecompressTarget {
  readonly #settings: HttpExchangeSettings;
  readonly #connection: HttpConnection;
  readonly #route: HttpRoute;
  readonly #request: Request;
  readonly #response: ServerResponse;
  readonly #coding: ContentCoding | undefined;
  readonly #extraHeaders: readonly string[];
  readonly #auth: AuthData | undefined;
  #lease: Lease | undefined;
  #length = 0;
  #declared = -1;
  #bodyRead = false;
  #replied = false;
  #gone = false;
  #timer: NodeJS.Timeout | undefined;

  /** For `createHttpServer` only. */
  constructor(
    settings: HttpExchangeSettings,
    connection: HttpConnection,
    route: HttpRoute,
    request: IncomingMessage,
    response: ServerResponse,
    coding: ContentCoding | undefined,
    extraHeaders: readonly string[],
    auth: AuthData | undefined,
  ) {
    this.#settings = settings;
    this.#connection = connection;
    this.#route = route;
    this.#request = request;
    this.#response = response;
    this.#coding = coding;
    this.#extraHeaders = extraHeaders;
    this.#auth = auth;
    connection.open++;
    if (settings.writeTimeoutMs > 0) this.#timer = setTimeout(() => connection.socket.destroy(), settings.writeTimeoutMs).unref();
  }

  get method(): string {
    return this.#request.method!;
  }

  /** Path and query as sent. */
  get url(): string {
    return this.#request.url!;
  }

  /** The headers by lower-case name. */
  get headers(): RequestHeaders {
    return this.#request.headers;
  }

  /** The `Content-Type` header as sent; empty when there is none. */
  get contentType(): string {
    return this.#request.headers['content-type'] ?? '';
  }

  /** A header of the request by its lower-case name; empty when there is none. */
  header(name: string): string {
    return String(this.#request.headers[name] ?? '');
  }

  /** Who sent the request, with its headers when the server includes metadata, and with what an authenticator found out. */
  get client(): Client {
    const { client } = this.#connection;
    const known = this.#settings.includeMetadata ? clientWithHeaders(client, this.#request.rawHeaders) : client;
    return this.#auth === undefined ? known : { ...known, auth: this.#auth };
  }

  get replied(): boolean {
    return this.#replied;
  }

  /** Calls `left` when the client goes away, or has gone, before there is a reply. The exchange still needs one. */
  onLeave(left: () => void): void {
    if (this.#connection.socket.destroyed) return left();
    this.#response.once('close', () => {
      if (!this.#replied) left();
    });
  }

  /** Starts reading the body, or fails when its declared size is too much. */
  read(expectsContinue: boolean): void {
    const declared = this.#request.headers['content-length'];
    const { pool, maxBodyBytes } = this.#settings;
    if (declared !== undefined) {
      this.#declared = Number(declared);
      if (this.#declared > maxBodyBytes) return this.undecodable('too large', '');
    }
    const expected = Math.max(this.#declared, 0);
    if (pool.ledger.available < expected) return this.undecodable('no memory', '');
    this.#lease = pool.lease(Math.min(expected, leaseAheadBytes));
    if (this.#connection.reading === undefined) this.#connection.reading = this;
    else (this.#connection.alsoReading ??= new Set()).add(this);
    this.#request[exchangeOf] = this;
    this.#request.on('data', onData);
    this.#request.on('end', onEnd);
    if (expectsContinue) this.#response.writeContinue();
  }

  /** For the request's events: a piece of the body. */
  take(chunk: Buffer): void {
    let lease = this.#lease;
    if (lease === undefined) return;
    const end = this.#length + chunk.length;
    if (end > this.#settings.maxBodyBytes) return this.undecodable('too large', '');
    if (end > lease.buffer.length) {
      if (lease.pool.ledger.available < end) return this.undecodable('no memory', '');
      lease.grow(end, this.#length);
    }
    chunk.copy(lease.buffer, this.#length);
    this.#length = end;
  }

  /** For the request's events: the body has ended. */
  complete(): void {
    this.#bodyRead = true;
    if (this.#connection.reading === this) this.#connection.reading = undefined;
    else this.#connection.alsoReading?.delete(this);
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    if (this.#coding === undefined) this.#route.receive(this, lease, this.#length);
    else decompress(this.#coding, lease, this.#length, this.#settings.maxBodyBytes, this);
  }

  /** The connection was lost before the body had arrived: nobody waits for a reply. */
  abandon(): void {
    this.#gone = true;
    this.#replied = true;
    clearTimeout(this.#timer);
    this.#lease?.release();
    this.#lease = undefined;
  }

  decompressed(body: Lease, length: number): void {
    if (this.#connection.socket.destroyed) body.release();
    else this.#route.receive(this, body, length);
  }

  undecodable(fault: BodyFault, detail: string): void {
    this.#lease?.release();
    this.#lease = undefined;
    if (this.#gone) return;
    this.#route.fail(this, fault, fault === 'too large' ? 'http: request body too large' : detail);
  }

  /** Answers, once; later calls do nothing. The body need not have been read. */
  reply(reply: HttpReply): void {
    const response = this.#respond(reply.status, reply.headers);
    if (response === undefined) return;
    clearTimeout(this.#timer);
    this.#connection.open--;
    if (reply.body.length === 0) response.end();
    else response.end(reply.body);
  }

  /**
   * As `reply`, with a body that the caller writes piece by piece and then ends, within the write timeout. Undefined when there is nobody to
   * answer; the stream is destroyed when the client goes away.
   */
  replyInPieces(status: number, headers: readonly string[]): Writable | undefined {
    const response = this.#respond(status, headers);
    response?.once('close', () => {
      clearTimeout(this.#timer);
      const connection = this.#connection;
      if (--connection.open === 0 && connection.last) connection.socket.destroySoon();
    });
    return response;
  }

  /** Sends the head of the one answer. */
  #respond(status: number, ownHeaders: readonly string[]): ServerResponse | undefined {
    if (this.#replied) return undefined;
    this.#replied = true;
    this.#lease?.release();
    this.#lease = undefined;
    const connection = this.#connection;
    const response = this.#response;
    if (connection.socket.destroyed) {
      clearTimeout(this.#timer);
      connection.open--;
      return undefined;
    }
    const unread = !this.#bodyRead && !this.#drains();
    let headers = ownHeaders;
    if (this.#extraHeaders.length > 0) headers = headers.concat(this.#extraHeaders);
    if (this.#settings.responseHeaders.length > 0) headers = headers.concat(this.#settings.responseHeaders);
    if (unread || !this.#settings.keepAlive || (connection.last && connection.open === 1)) {
      headers = headers.concat('Connection', 'close');
      connection.closing = true;
    }
    if (unread) {
      this.#request.pause();
      linger(connection.socket);
    }
    response.writeHead(status, headers as string[]);
    return response;
  }

  /** Whether what is left of the body is small enough to be read and thrown away. */
  #drains(): boolean {
    const { headers } = this.#request;
    if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined) return false;
    return Number(headers['content-length'] ?? 0) - this.#length <= drainBytes;
  }
}

/** Half-closes instead of closing, so that a client that is still sending gets to read the reply. */
function linger(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
  };
}
