import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

/** The destination of a collector under test. */
export interface TestBackend {
  readonly port: number;
  mode: 'accept' | 'refuse' | 'hang';
  close(): Promise<void>;
}

/** Starts a destination, on node:http or node:http2, that hands every accepted body, decompressed, to `take`. */
export async function startBackend(protocol: 'grpc' | 'http', take: (body: Buffer) => void): Promise<TestBackend> {
  const hanging: (() => void)[] = [];
  let mode: TestBackend['mode'] = 'accept';
  const read = async (request: IncomingMessage | Http2ServerRequest): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (mode === 'hang') await new Promise<void>((resolve) => hanging.push(resolve));
    return Buffer.concat(chunks);
  };
  const plain = (body: Buffer, encoding: string): Buffer =>
    encoding === 'gzip' ? gunzipSync(body) : encoding === 'zstd' ? zstdDecompressSync(body) : body;
  const answerHttp = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await read(request);
    if (mode === 'refuse') {
      response.writeHead(503).end();
      return;
    }
    take(plain(body, request.headers['content-encoding'] ?? ''));
    response.writeHead(200, { 'content-type': request.headers['content-type'] ?? 'application/x-protobuf' }).end();
  };
  const answerGrpc = async (request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> => {
    const body = await read(request);
    const refused = mode === 'refuse';
    if (!refused) take(plain(body.subarray(5), body[0] === 1 ? 'gzip' : ''));
    response.writeHead(200, { 'content-type': 'application/grpc' });
    response.addTrailers({ 'grpc-status': refused ? '14' : '0' });
    if (refused) response.end();
    else response.end(Buffer.alloc(5));
  };
  const windowed = { settings: { initialWindowSize: 1 << 24 } };
  // A request that breaks off is the collector's affair: it sends again.
  const server =
    protocol === 'http'
      ? createHttpServer((request, response) => void answerHttp(request, response).catch(() => response.destroy()))
      : createHttp2Server(windowed, (request, response) => void answerGrpc(request, response).catch(() => response.stream.destroy()));
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      if (next !== 'hang') for (const resume of hanging.splice(0)) resume();
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
