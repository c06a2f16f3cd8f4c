import { type Component, type Consumer, type Context, type Host, over } from '@millrace/api';
import { ThriftBinaryReader, ThriftCompactReader } from '@millrace/trace-format';
import { createGrpcServer, createHttpServer, grpcServerSettings, httpServerSettings } from '@millrace/transport';
import type { JaegerReceiverConfig } from './config.ts';
import { PostSpansMethod, postSpansPath } from './post-spans.ts';
import { ThriftRoute } from './thrift-route.ts';
import { UdpServer } from './udp-server.ts';

/** Something that listens, over TCP or UDP. */
interface Listener {
  start(): Promise<string>;
  stop(signal: AbortSignal): Promise<void>;
}

/** Receives what Jaeger clients send to a collector or an agent: one server per protocol. */
export class JaegerReceiver implements Component {
  readonly #config: JaegerReceiverConfig;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #listeners: Listener[] = [];

  constructor(config: JaegerReceiverConfig, next: Consumer, context: Context) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
  }

  async start(host: Host): Promise<void> {
    const { grpc, thrift_http: http, thrift_compact: compact, thrift_binary: binary } = this.#config.protocols;
    const next = this.#next;
    const context = this.#context;
    try {
      if (binary !== undefined) {
        const server = new UdpServer(binary, (packet) => new ThriftBinaryReader(packet), over(next, 'udp_thrift_binary'), context, host);
        await this.#listen('Starting UDP server for Binary Thrift', server);
      }
      if (compact !== undefined) {
        const server = new UdpServer(compact, (packet) => new ThriftCompactReader(packet), over(next, 'udp_thrift_compact'), context, host);
        await this.#listen('Starting UDP server for Compact Thrift', server);
      }
      if (http !== undefined) {
        const settings = httpServerSettings(http, context, host);
        const server = createHttpServer(settings, new Map([['/api/traces', new ThriftRoute(over(next, 'collector_http'))]]), host.pool);
        await this.#listen('Starting HTTP server for Jaeger Thrift', server);
      }
      if (grpc !== undefined) {
        const settings = grpcServerSettings(grpc, context, host);
        const server = createGrpcServer(settings, new Map([[postSpansPath, new PostSpansMethod(over(next, 'grpc'))]]), host.pool);
        await this.#listen('Starting gRPC server for Jaeger Protobuf', server);
      }
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.stop(signal)));
  }

  async #listen(message: string, listener: Listener): Promise<void> {
    const endpoint = await listener.start();
    this.#listeners.push(listener);
    this.#context.logger.info(message, { endpoint });
  }
}
