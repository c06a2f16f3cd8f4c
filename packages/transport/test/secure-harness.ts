import type { Context, Host } from '@millrace/api';
import { configOf, systemClock, testContext, testHost, type TestContext } from '@millrace/api/testing';
import {
  createGrpcClient,
  createGrpcServer,
  createHttpClient,
  createHttpServer,
  type GrpcClientConfig,
  grpcClientOptions,
  grpcClientProperties,
  type GrpcServerConfig,
  grpcServerProperties,
  grpcServerSettings,
  type HttpClientConfig,
  httpClientOptions,
  httpClientProperties,
  type HttpServerConfig,
  httpServerProperties,
  httpServerSettings,
  type Server,
} from '@millrace/transport';
import type { Client } from '@millrace/wire';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { path, RecordingMethod } from './server/grpc-harness.ts';
import { Recorder } from './server/http-harness.ts';

class PullReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

/** A point of a metric as a test sees it. */
export interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

/** A context whose instruments can be read. */
export interface MeteredContext extends TestContext {
  points(name: string): Promise<readonly Point[]>;
}

export function meteredContext(overrides: Partial<Context> = {}): MeteredContext {
  const reader = new PullReader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  const points = async (name: string): Promise<readonly Point[]> => {
    const { resourceMetrics } = await reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return metrics.filter((metric) => metric.descriptor.name === name).flatMap((metric) => metric.dataPoints as Point[]);
  };
  return { ...testContext({ id: 'otlp', kind: 'receiver', clock: systemClock, meter, ...overrides }), points };
}

/** The checked form of some settings, by the schemas that components use. */
function checked(properties: Record<string, object>, settings: object): never {
  return configOf<never>({ type: 'test', configSchema: { type: 'object', default: {}, properties } }, settings);
}

export const httpServerConfig = (settings: object): HttpServerConfig =>
  checked(httpServerProperties({ endpoint: '127.0.0.1:0' }), settings);
export const grpcServerConfig = (settings: object): GrpcServerConfig =>
  checked(grpcServerProperties({ endpoint: '127.0.0.1:0' }), settings);
export const httpClientConfig = (settings: object): HttpClientConfig => checked(httpClientProperties({ compression: 'none' }), settings);
export const grpcClientConfig = (settings: object): GrpcClientConfig => checked(grpcClientProperties({ compression: 'none' }), settings);

/** A started server of either protocol and what it got. */
export interface Secured {
  readonly server: Server;
  readonly address: string;
  readonly port: number;
  readonly context: MeteredContext;
  readonly bodies: readonly Buffer[];
  readonly clients: readonly Client[];
  close(): Promise<void>;
}

export const hostWith = (extensions: Readonly<Record<string, object>> = {}): Host =>
  testHost(undefined, new Map(Object.entries(extensions)));

const running: { close(): unknown }[] = [];

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const one of running.splice(0).reverse()) await one.close();
}

async function started(server: Server, context: MeteredContext, bodies: Buffer[], clients: Client[]): Promise<Secured> {
  const address = await server.start();
  const close = (): Promise<void> => server.stop(AbortSignal.abort());
  running.push({ close });
  return { server, address, port: Number(address.split(':')[1]), context, bodies, clients, close };
}

export async function serveHttp(settings: object = {}, host: Host = hostWith(), context = meteredContext()): Promise<Secured> {
  const route = new Recorder();
  const clients: Client[] = [];
  const receive = route.receive.bind(route);
  route.receive = (exchange, body, length) => {
    clients.push(exchange.client);
    receive(exchange, body, length);
  };
  const server = createHttpServer(httpServerSettings(httpServerConfig(settings), context, host), new Map([['/in', route]]), host.pool);
  return started(server, context, route.bodies, clients);
}

export async function serveGrpc(settings: object = {}, host: Host = hostWith(), context = meteredContext()): Promise<Secured> {
  const method = new RecordingMethod();
  const clients: Client[] = [];
  method.onReceive = (call) => {
    clients.push(call.client);
    call.succeed();
  };
  const server = createGrpcServer(grpcServerSettings(grpcServerConfig(settings), context, host), new Map([[path, method]]), host.pool);
  return started(server, context, method.messages, clients);
}

/** Sends bodies to one destination. Rejects with what went wrong, also when the answer is not a success. */
export interface Sender {
  send(body: string, client?: Client): Promise<void>;
  close(): Promise<void>;
}

const never = new AbortController().signal;

export function httpSender(
  to: string,
  settings: object = {},
  host: Host = hostWith(),
  context: Context = meteredContext({ kind: 'exporter' }),
): Sender {
  const client = createHttpClient(httpClientOptions(httpClientConfig(settings), new URL(`${to}/in`), {}, context, host));
  const sender: Sender = {
    send: async (body, from) => {
      const { status, body: answer } = await client.send(Buffer.from(body), never, from);
      if (status !== 200) throw new Error(`${status}: ${answer.toString()}`);
    },
    close: () => client.close(),
  };
  running.push(sender);
  return sender;
}

export function grpcSender(
  to: string,
  settings: object = {},
  host: Host = hostWith(),
  context: Context = meteredContext({ kind: 'exporter' }),
): Sender {
  const client = createGrpcClient(grpcClientOptions(grpcClientConfig({ endpoint: to, ...settings }), context, host));
  const sender: Sender = {
    send: async (body, from) => void (await client.unary(path, Buffer.from(body), 0, never, from)),
    close: async () => client.close(),
  };
  running.push(sender);
  return sender;
}

/** The two protocols, so that a test can hold for both. */
export interface Protocol {
  readonly name: 'http' | 'grpc';
  serve: typeof serveHttp;
  /** A client of a server on this machine, by TLS unless its settings say otherwise. */
  connect(server: { readonly address: string }, settings?: object, host?: Host, context?: Context): Sender;
}

export const protocols: readonly Protocol[] = [
  {
    name: 'http',
    serve: serveHttp,
    connect: ({ address }, settings = {}, host, context) => {
      const insecure = (settings as { tls?: { insecure?: boolean } }).tls?.insecure === true;
      return httpSender(`${insecure ? 'http' : 'https'}://${address}`, settings, host, context);
    },
  },
  { name: 'grpc', serve: serveGrpc, connect: ({ address }, settings, host, context) => grpcSender(address, settings, host, context) },
];
