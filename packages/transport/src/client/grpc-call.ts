import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { constants } from 'node:http2';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { grpcCode } from '../server/rpc-status.ts';
import { decodeSnappy } from '../server/snappy.ts';
import { GrpcError, grpcCodeOfHttp } from './grpc-error.ts';
import { readRpcStatus } from './read-rpc-status.ts';

/** The longest response that is accepted, as in gRPC. */
const maxResponseBytes = 4 * 1024 * 1024;

const prefixBytes = 5;

/** One unary call on a stream of its own. */
export class GrpcCall {
  readonly #stream: ClientHttp2Stream;
  readonly #signal: AbortSignal;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #headers: IncomingHttpHeaders = {};
  #trailers: IncomingHttpHeaders | undefined;
  #error: Error | undefined;
  #id = 0;

  constructor(stream: ClientHttp2Stream, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
  }

  /** Whether every byte of the request has left. */
  get written(): boolean {
    return this.#stream.writableFinished;
  }

  /** Sends the request; resolves when the stream is over, however it ended. */
  run(content: Buffer, compressed: boolean): Promise<void> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      stream.on('response', (headers) => void (this.#headers = headers));
      stream.on('trailers', (trailers) => void (this.#trailers = trailers));
      stream.on('data', (chunk: Buffer) => {
        this.#length += chunk.length;
        if (this.#length > maxResponseBytes + prefixBytes) this.cancel();
        else this.#chunks.push(chunk);
      });
      stream.on('error', (error) => void (this.#error = error));
      stream.once('close', () => {
        this.#id = stream.id ?? 0;
        resolve();
      });
      const prefix = Buffer.allocUnsafe(prefixBytes);
      prefix[0] = compressed ? 1 : 0;
      prefix.writeUInt32BE(content.length, 1);
      stream.cork();
      stream.write(prefix);
      stream.end(content);
      stream.uncork();
    });
  }

  /** Asks for the end of the stream. */
  cancel(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** The response's message. Throws a `GrpcError`, or the reason of the signal. `unprocessed`: the destination refused a stream of that id. */
  result(unprocessed: (streamId: number) => boolean): Buffer {
    // A trailers-only response carries the status in its headers.
    const status = this.#trailers?.['grpc-status'] !== undefined ? this.#trailers : this.#headers;
    if (status['grpc-status'] === undefined) throw this.#failure(unprocessed);
    const code = Number(status['grpc-status']);
    if (code !== grpcCode.ok) throw rpcError(Number.isInteger(code) ? code : grpcCode.unknown, status);
    return this.#message();
  }

  #failure(unprocessed: (streamId: number) => boolean): unknown {
    if (this.#signal.aborted) return this.#signal.reason;
    if (this.#length > maxResponseBytes + prefixBytes) {
      return new GrpcError(grpcCode.resourceExhausted, `grpc: received message larger than max (${maxResponseBytes})`);
    }
    const http = Number(this.#headers[':status'] ?? 200);
    if (http !== 200) return new GrpcError(grpcCodeOfHttp(http), `unexpected HTTP status code received from server: ${http}`);
    const reset = this.#stream.rstCode ?? 0;
    const description =
      this.#error?.message ??
      (reset === 0 ? 'server closed the stream without sending trailers' : `stream terminated by RST_STREAM with error code: ${reset}`);
    const refused = reset === constants.NGHTTP2_REFUSED_STREAM || this.#id === 0 || unprocessed(this.#id);
    return new GrpcError(grpcCode.unavailable, description, {
      unprocessed: refused && this.#headers[':status'] === undefined,
      cause: this.#error,
    });
  }

  #message(): Buffer {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    if (bytes.length === 0) return bytes;
    if (bytes.length < prefixBytes || bytes.length < prefixBytes + bytes.readUInt32BE(1)) {
      throw new GrpcError(grpcCode.internal, 'unexpected EOF in the response');
    }
    const message = bytes.subarray(prefixBytes, prefixBytes + bytes.readUInt32BE(1));
    return bytes[0] === 0 ? message : decompress(message, String(this.#headers['grpc-encoding'] ?? ''));
  }
}

function rpcError(code: number, status: IncomingHttpHeaders): GrpcError {
  const details = status['grpc-status-details-bin'];
  let retryDelayMs: number | undefined;
  if (typeof details === 'string') {
    try {
      retryDelayMs = readRpcStatus(Buffer.from(details, 'base64')).retryDelayMs;
    } catch {
      // Details that cannot be read say nothing; the status stands without them.
    }
  }
  return new GrpcError(code, decodeMessage(status['grpc-message']), { retryDelayMs });
}

/** `grpc-message` is percent-encoded UTF-8. */
function decodeMessage(text: string | string[] | undefined): string {
  try {
    return decodeURIComponent(String(text ?? ''));
  } catch {
    return String(text);
  }
}

/** A server may answer in the compression of the request. */
function decompress(message: Buffer, encoding: string): Buffer {
  try {
    if (encoding === 'gzip') return gunzipSync(message, { maxOutputLength: maxResponseBytes });
    if (encoding === 'zstd') return zstdDecompressSync(message, { maxOutputLength: maxResponseBytes });
    if (encoding === 'snappy') return unsnap(message);
  } catch (error) {
    throw new GrpcError(grpcCode.internal, `grpc: failed to decompress the received message: ${(error as Error).message}`);
  }
  throw new GrpcError(grpcCode.internal, `grpc: Decompressor is not installed for grpc-encoding "${encoding}"`);
}

function unsnap(message: Buffer): Buffer {
  let output = Buffer.alloc(0);
  const length = decodeSnappy(message, {
    reserve: (sizeBytes, keepBytes) => {
      if (sizeBytes > maxResponseBytes) return undefined;
      if (output.length < sizeBytes) output = Buffer.concat([output.subarray(0, keepBytes)], sizeBytes * 2);
      return output;
    },
  });
  if (typeof length === 'string') throw new Error(`snappy: ${length} input`);
  return output.subarray(0, length);
}
