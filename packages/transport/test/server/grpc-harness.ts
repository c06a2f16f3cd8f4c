import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import {
  createGrpcServer,
  type GrpcCall,
  type GrpcMethod,
  type GrpcServerSettings,
  type RpcStatus,
  type Server,
} from '@millrace/transport';
import { BufferPool, type Lease, MemoryLedger } from '@millrace/wire';

export const path = '/test.v1.Service/Export';
const keepalive = { maxConnectionIdleMs: 0, maxConnectionAgeMs: 0, maxConnectionAgeGraceMs: 0, timeMs: 7_200_000, timeoutMs: 20_000 };
const defaults: GrpcServerSettings = {
  endpoint: '127.0.0.1:0',
  transport: 'tcp',
  maxReceiveMessageBytes: 4 * 1024 * 1024,
  maxConcurrentStreams: 1000,
  includeMetadata: false,
  keepalive,
};

/** A method that keeps the messages and succeeds, or does what `onReceive` and `refusal` are set to. */
export class RecordingMethod implements GrpcMethod {
  readonly messages: Buffer[] = [];
  readonly calls: GrpcCall[] = [];
  onReceive: ((call: GrpcCall) => void) | undefined;
  refusal: RpcStatus | undefined;

  refusing(): RpcStatus | undefined {
    return this.refusal;
  }
  receive(call: GrpcCall, message: Lease, length: number): void {
    this.calls.push(call);
    this.messages.push(Buffer.from(message.buffer.subarray(0, length)));
    message.release();
    if (this.onReceive === undefined) call.succeed();
    else this.onReceive(call);
  }
}

export interface GrpcTestServer {
  readonly server: Server;
  readonly method: RecordingMethod;
  readonly pool: BufferPool;
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

type Settings = Partial<Omit<GrpcServerSettings, 'keepalive'>> & { keepalive?: Partial<GrpcServerSettings['keepalive']> };

export async function serveGrpc(settings: Settings = {}, budgetBytes = 64 * 1024 * 1024): Promise<GrpcTestServer> {
  const pool = new BufferPool(new MemoryLedger(budgetBytes), { poison: true });
  const method = new RecordingMethod();
  const server = createGrpcServer(
    { ...defaults, ...settings, keepalive: { ...keepalive, ...settings.keepalive } },
    new Map([[path, method]]),
    pool,
  );
  const address = await server.start();
  return { server, method, pool, address, port: Number(address.split(':')[1]), close: () => server.stop(AbortSignal.abort()) };
}

/** A message with gRPC's prefix. */
export function framed(message: Buffer, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** What a call came to. */
export interface Outcome {
  readonly http: number | undefined;
  readonly status: string | undefined;
  readonly message: string | undefined;
  readonly data: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** An HTTP/2 connection that sends calls byte by byte as a test wants them. */
export class Http2Client {
  readonly session: ClientHttp2Session;

  constructor(address: string) {
    this.session = connect(`http://${address}`);
    this.session.on('error', () => undefined);
  }

  /** Opens a call without ending it. */
  open(headers: Record<string, string> = {}): ClientHttp2Stream {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => undefined);
    return stream;
  }

  /** Waits for the end of a call. */
  async outcome(stream: ClientHttp2Stream): Promise<Outcome> {
    let headers: Record<string, unknown> = {};
    const data: Buffer[] = [];
    stream.on('response', (received) => (headers = { ...headers, ...received }));
    stream.on('trailers', (received) => (headers = { ...headers, ...received }));
    stream.on('data', (chunk: Buffer) => data.push(chunk));
    if (!stream.closed || !stream.destroyed) await once(stream, 'close');
    const text = (name: string): string | undefined => headers[name] as string | undefined;
    return {
      http: headers[':status'] as number | undefined,
      status: text('grpc-status'),
      message: text('grpc-message'),
      data: Buffer.concat(data),
      headers,
    };
  }

  /** A whole call. */
  call(body: Buffer, headers: Record<string, string> = {}): Promise<Outcome> {
    const stream = this.open(headers);
    const outcome = this.outcome(stream);
    stream.end(body);
    return outcome;
  }

  close(): void {
    this.session.destroy();
  }
}
