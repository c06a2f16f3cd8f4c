import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createHttpServer, httpReply, type HttpExchange, type HttpRoute, type HttpServerSettings, type Server } from '@millrace/transport';
import { BufferPool, type Lease, MemoryLedger } from '@millrace/wire';

export const defaults: HttpServerSettings = {
  endpoint: '127.0.0.1:0',
  transport: 'tcp',
  maxRequestBodyBytes: 1_000_000,
  compressionAlgorithms: ['', 'gzip', 'zstd', 'zlib', 'snappy', 'deflate', 'lz4', 'x-snappy-framed'],
  includeMetadata: false,
  responseHeaders: {},
  keepAlivesEnabled: true,
  readTimeoutMs: 0,
  readHeaderTimeoutMs: 0,
  writeTimeoutMs: 0,
  idleTimeoutMs: 0,
};

/** A route at `/in` that keeps the bodies and answers 200 `taken`, 400 with the fault, or what `begin` and `receive` are set to. */
export class Recorder implements HttpRoute {
  readonly bodies: Buffer[] = [];
  readonly exchanges: HttpExchange[] = [];
  onBegin: ((exchange: HttpExchange) => void) | undefined;
  onReceive: ((exchange: HttpExchange) => void) | undefined;
  #arrivals: (() => void)[] = [];

  begin(exchange: HttpExchange): void {
    this.exchanges.push(exchange);
    this.onBegin?.(exchange);
    for (const arrived of this.#arrivals.splice(0)) arrived();
  }
  receive(exchange: HttpExchange, body: Lease, length: number): void {
    this.bodies.push(Buffer.from(body.buffer.subarray(0, length)));
    body.release();
    if (this.onReceive === undefined) exchange.reply(httpReply(200, 'text/plain', 'taken'));
    else this.onReceive(exchange);
  }
  fail(exchange: HttpExchange, fault: string, detail: string): void {
    exchange.reply(httpReply(fault === 'no memory' ? 503 : 400, 'text/plain', `${fault}: ${detail}`));
  }
  /** Resolves when the next head arrives. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.#arrivals.push(resolve));
  }
}

export interface TestServer {
  readonly server: Server;
  readonly route: Recorder;
  readonly pool: BufferPool;
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function serve(settings: Partial<HttpServerSettings> = {}, budgetBytes = 64 * 1024 * 1024): Promise<TestServer> {
  const pool = new BufferPool(new MemoryLedger(budgetBytes), { poison: true });
  const route = new Recorder();
  const server = createHttpServer({ ...defaults, ...settings }, new Map([['/in', route]]), pool);
  const address = await server.start();
  return {
    server,
    route,
    pool,
    url: `http://${address}/in`,
    port: Number(address.slice(address.lastIndexOf(':') + 1)),
    close: () => server.stop(AbortSignal.abort()),
  };
}

/** A plain socket whose received text can be waited for. */
export class RawClient {
  readonly socket: Socket;
  text = '';
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** Waits until the text matches. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) {
      if (this.closed) throw new Error(`closed after: ${this.text}`);
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]);
    }
    return this.text;
  }

  /** Waits until the server has closed the connection; returns all that came. */
  async end(): Promise<string> {
    if (!this.closed) await once(this.socket, 'close');
    return this.text;
  }
}

/** Waits for a condition that other events of the process bring about. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
