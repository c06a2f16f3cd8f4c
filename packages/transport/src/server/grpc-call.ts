import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { AuthData } from '@millrace/api';
import type { BufferPool, Client, Lease } from '@millrace/wire';
import { type BodyFault, type ContentCoding, decompress, type DecompressTarget } from './decompress.ts';
import type { GrpcConnection } from './grpc-connection.ts';
import { clientWithHeaders } from './peer.ts';
import { encodeStatus, grpcCode, outOfMemory, type RpcStatus } from './rpc-status.ts';

/** What a server does with the calls of one method. Neither function may throw. */
export interface GrpcMethod {
  /** Why every call would be refused right now; asked before the message is read. */
  refusing?(): RpcStatus | undefined;
  /** The message is `[0, length)` of the lease, decompressed; the method takes it over and ends the call now or later. */
  receive(call: GrpcCall, message: Lease, length: number): void;
}

/** What all calls of a server share. */
export interface GrpcCallSettings {
  readonly pool: BufferPool;
  /** Largest message, compressed and decompressed. */
  readonly maxMessageBytes: number;
  readonly includeMetadata: boolean;
}

/** The `grpc-encoding` values that are understood. */
export const grpcEncodings: ReadonlyMap<string, ContentCoding> = new Map([
  ['gzip', 'gzip'],
  ['snappy', 'snappy'],
  ['zstd', 'zstd'],
]);

/**
 * A larger message is leased as it arrives, so that a mere promise of bytes holds next to no memory, even a thousand times on one connection:
 * what one frame of HTTP/2 brings.
 */
const leaseAheadBytes = 16 * 1024;
/** Headers that are too long cannot be sent: the call would end without a status, and the connection with it. */
const mostMessageCharacters = 2048;
const prefixBytes = 5;
const emptyMessage = Buffer.alloc(prefixBytes);
// node:http2 takes flat raw headers here, which saves it an object walk per call.
const okHeaders = [':status', '200', 'content-type', 'application/grpc'] as unknown as OutgoingHttpHeaders;
const okTrailers: OutgoingHttpHeaders = { 'grpc-status': '0' };
const withTrailers = { waitForTrailers: true };
const withoutBody = { endStream: true };

const callOf: unique symbol = Symbol('call');
type Stream = ServerHttp2Stream & { [callOf]?: GrpcCall };

function onData(this: Stream, chunk: Buffer): void {
  this[callOf]!.take(chunk);
}

function onEnd(this: Stream): void {
  this[callOf]!.complete();
}

function onClose(this: Stream): void {
  this[callOf]!.closed();
}

/** Later than the status: a reset overtakes headers that are not yet written. */
function closeStream(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) stream.close();
}

function sendOkTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(okTrailers);
}

/** One call with one message from the client. The reply is a status, after an empty message or after any number of messages that are sent. */
export class GrpcCall implements DecompressTarget {
  /** When the client gives up, in the terms of `performance.now()`; Infinity without `grpc-timeout`. */
  readonly deadline: number;
  /** Called when the call is over, by whomever it was ended. */
  onClose: (() => void) | undefined;
  readonly #settings: GrpcCallSettings;
  readonly #connection: GrpcConnection;
  readonly #method: GrpcMethod;
  readonly #stream: Stream;
  readonly #rawHeaders: readonly string[];
  readonly #encoding: string | undefined;
  readonly #prefix: Buffer = Buffer.allocUnsafe(prefixBytes);
  #prefixed = 0;
  #expected = 0;
  #length = 0;
  #lease: Lease | undefined;
  #ended = false;
  #answered = false;
  /** Messages were sent, so that the status has to follow as trailers. */
  #replying = false;
  #auth: AuthData | undefined;

  /** For `createGrpcServer` only. */
  constructor(
    settings: GrpcCallSettings,
    connection: GrpcConnection,
    method: GrpcMethod,
    stream: ServerHttp2Stream,
    rawHeaders: readonly string[],
    encoding: string | undefined,
    deadline: number,
  ) {
    this.#settings = settings;
    this.#connection = connection;
    this.#method = method;
    this.#stream = stream;
    this.#rawHeaders = rawHeaders;
    this.#encoding = encoding;
    this.deadline = deadline;
    this.#stream[callOf] = this;
    stream.on('close', onClose);
    connection.opened();
  }

  /** Who calls, with its metadata when the server includes it, and with what an authenticator found out. */
  get client(): Client {
    const { client } = this.#connection;
    const known = this.#settings.includeMetadata ? clientWithHeaders(client, this.#rawHeaders) : client;
    return this.#auth === undefined ? known : { ...known, auth: this.#auth };
  }

  /** Starts reading the message, unless the call is over or the method refuses. */
  read(auth?: AuthData): void {
    if (this.#answered) return;
    this.#auth = auth;
    const refusal = this.#method.refusing?.();
    if (refusal !== undefined) return this.fail(refusal);
    this.#stream.on('data', onData);
    this.#stream.on('end', onEnd);
  }

  /** For the stream's events: a piece of the length-prefixed message. */
  take(chunk: Buffer): void {
    if (this.#answered) return;
    let at = 0;
    if (this.#prefixed < prefixBytes) {
      while (this.#prefixed < prefixBytes && at < chunk.length) this.#prefix[this.#prefixed++] = chunk[at++]!;
      if (this.#prefixed < prefixBytes || !this.#begin()) return;
    }
    const size = chunk.length - at;
    const end = this.#length + size;
    if (end > this.#expected) return this.fail({ code: grpcCode.internal, message: 'more than one message in a unary call' });
    if (size === 0) return;
    const lease = this.#lease!;
    if (end > lease.buffer.length) {
      if (lease.pool.ledger.available < end) return this.fail(outOfMemory);
      lease.grow(end, this.#length);
    }
    chunk.copy(lease.buffer, this.#length, at);
    this.#length = end;
  }

  /** For the stream's events: the client has sent everything. */
  complete(): void {
    this.#ended = true;
    if (this.#answered) return;
    if (this.#lease === undefined || this.#length < this.#expected) {
      return this.fail({ code: grpcCode.internal, message: 'unexpected EOF' });
    }
    const lease = this.#lease;
    this.#lease = undefined;
    const coding = this.#prefix[0] === 0 ? undefined : grpcEncodings.get(this.#encoding!);
    if (coding === undefined) this.#method.receive(this, lease, this.#length);
    else decompress(coding, lease, this.#length, this.#settings.maxMessageBytes, this);
  }

  /** For the stream's events: the stream is closed, by whomever. */
  closed(): void {
    this.#answered = true;
    this.#ended = true;
    this.#lease?.release();
    this.#lease = undefined;
    this.#connection.closed(this);
    this.onClose?.();
  }

  decompressed(message: Lease, length: number): void {
    if (this.#answered) message.release();
    else this.#method.receive(this, message, length);
  }

  undecodable(fault: BodyFault, detail: string): void {
    if (fault === 'no memory') return this.fail(outOfMemory);
    if (fault === 'malformed')
      return this.fail({ code: grpcCode.internal, message: `grpc: failed to decompress the received message: ${detail}` });
    const max = this.#settings.maxMessageBytes;
    this.fail({
      code: grpcCode.resourceExhausted,
      message: `grpc: received message after decompression larger than max (${max + 1} vs. ${max})`,
    });
  }

  /**
   * Sends a message as the next part of the reply, which `succeed` or `fail` ends. Returns false, and sends nothing, when the call is over or
   * the client does not read what it was sent before.
   */
  send(message: Uint8Array): boolean {
    const stream = this.#stream;
    if (this.#answered || stream.destroyed || stream.writableNeedDrain) return false;
    if (!this.#replying) {
      this.#replying = true;
      stream.respond(okHeaders, withTrailers);
    }
    const framed = Buffer.alloc(prefixBytes + message.length);
    framed.writeUInt32BE(message.length, 1);
    framed.set(message, prefixBytes);
    this.#connection.replied();
    stream.write(framed);
    return true;
  }

  /** Ends the reply, which is an empty message unless messages were sent, with status OK, once; does nothing when the call is over. */
  succeed(): void {
    const stream = this.#stream;
    if (this.#answered || stream.destroyed) return;
    this.#answered = true;
    this.#connection.replied();
    stream.on('wantTrailers', sendOkTrailers);
    if (this.#replying) return void stream.end();
    stream.respond(okHeaders, withTrailers);
    stream.end(emptyMessage);
  }

  /** Ends the reply with a status, once; does nothing when the call is over. What the client still sends is cut off. */
  fail({ message, ...rest }: RpcStatus, httpStatus = 200): void {
    if (this.#answered) return;
    const status: RpcStatus = { ...rest, message: message.slice(0, mostMessageCharacters) };
    this.#answered = true;
    this.#lease?.release();
    this.#lease = undefined;
    const stream = this.#stream;
    if (stream.destroyed) return;
    this.#connection.replied();
    const trailers: OutgoingHttpHeaders = { 'grpc-status': String(status.code), 'grpc-message': percentEncode(status.message) };
    if (status.retryAfterMs !== undefined) trailers['grpc-status-details-bin'] = encodeStatus(status).toString('base64').replace(/=+$/, '');
    if (status.code === grpcCode.unimplemented) trailers['grpc-accept-encoding'] = [...grpcEncodings.keys()].join(',');
    if (this.#replying) {
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end();
    } else stream.respond({ ':status': httpStatus, 'content-type': 'application/grpc', ...trailers }, withoutBody);
    if (!this.#ended) setImmediate(closeStream, stream);
  }

  /** Reads the prefix: compressed flag and message length. Returns whether the message is wanted. */
  #begin(): boolean {
    const flag = this.#prefix[0]!;
    const size = this.#prefix.readUInt32BE(1);
    const { maxMessageBytes, pool } = this.#settings;
    const problem = this.#problemWith(flag);
    if (problem !== undefined) this.fail(problem);
    else if (size > maxMessageBytes) {
      this.fail({ code: grpcCode.resourceExhausted, message: `grpc: received message larger than max (${size} vs. ${maxMessageBytes})` });
    } else if (pool.ledger.available < size) this.fail(outOfMemory);
    else {
      this.#expected = size;
      this.#lease = pool.lease(Math.min(size, leaseAheadBytes));
      return true;
    }
    return false;
  }

  #problemWith(flag: number): RpcStatus | undefined {
    if (flag === 0) return undefined;
    if (flag !== 1) return { code: grpcCode.internal, message: `grpc: received unexpected payload format ${flag}` };
    const encoding = this.#encoding;
    if (encoding === undefined || encoding === 'identity') {
      return { code: grpcCode.internal, message: 'grpc: compressed flag set with identity or empty encoding' };
    }
    if (grpcEncodings.has(encoding)) return undefined;
    return { code: grpcCode.unimplemented, message: `grpc: Decompressor is not installed for grpc-encoding "${encoding}"` };
  }
}

/** Percent-encodes a `grpc-message`: UTF-8 bytes outside printable ASCII, and `%`. */
export function percentEncode(message: string): string {
  if (/^[ -$&-~]*$/.test(message)) return message;
  let text = '';
  for (const byte of Buffer.from(message)) {
    text +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
